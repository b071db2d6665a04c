import { setImmediate as turn } from 'node:timers/promises'
import { IpStack } from '@zt/ipstack'
import { IpPrefix } from '@zt/sansio'
import { etherPair, type LinkProfile, SeededRandom, VirtualClock } from '@zt/testkit'
import { StackHost, type StackHostOptions } from '../src/index.js'

/** Two stacks on one wire in virtual time. Real streams and `node:http` run between the steps of the clock. */
export interface World {
  readonly clock: VirtualClock
  readonly a: StackHost
  readonly b: StackHost
  /** Let virtual time pass until the promise is settled. */
  until<T>(promise: Promise<T>, limitMs?: number): Promise<T>
  /** Let so much virtual time pass. */
  pass(ms: number): Promise<void>
}

export const A4 = '10.0.0.1'
export const B4 = '10.0.0.2'
export const A6 = 'fd00::1'
export const B6 = 'fd00::2'

export function world(profile: LinkProfile = { delayMs: 1 }, options: StackHostOptions = {}): World {
  const clock = new VirtualClock()
  const random = new SeededRandom('sockets')
  const links = etherPair({ clock, random, ...profile })
  const [a, b] = links.map((link, i) => {
    const stack = new IpStack({ clock, random: random.fork(`host ${i}`) })
    const nic = stack.attachEther(link)
    nic.addAddress(IpPrefix.parse(`10.0.0.${i + 1}/24`))
    nic.addAddress(IpPrefix.parse(`fd00::${i + 1}/64`))
    return new StackHost(stack, options)
  })
  // Streams take some turns of the real loop for what takes no virtual time at all.
  const turns = async (): Promise<void> => {
    for (let i = 0; i < 4; i++) await turn()
  }
  return {
    clock,
    a,
    b,
    async until(promise, limitMs = 120_000) {
      let isSettled = false
      const settle = (): void => {
        isSettled = true
      }
      promise.then(settle, settle)
      if (!(await clock.runUntilAsync(() => isSettled, turns, limitMs)))
        throw new Error(`not settled after ${limitMs} ms of virtual time`)
      return promise
    },
    async pass(ms) {
      await clock.runUntilAsync(() => false, turns, ms)
      await turns()
    },
  }
}
