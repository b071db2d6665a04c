import { describe, expect, it } from 'vitest'
import type { Settings } from '../../src/index.js'
import { TRANSPORT_OFFSET } from '../../src/index.js'
import { EtherScript, type Frame, H6, H_MAC, P6, P_MAC } from '../lan.js'
import { bytesOf, concat, decode, icmpv6, ip, ipv6, macBytes } from '../reference/packets.js'

const OTHER_MAC = 0x0200_0000_0099
const GROUP = 'ff02::1:ff00:1'
const SOLICITED = 0x40
const OVERRIDE = 0x20

function speaker(settings: Partial<Settings> = {}) {
  const script = new EtherScript(settings)
  script.stack.registerTransport(200, { handleSegment: () => true, handleError: () => {}, flush: () => {} })
  const say = (text: string, to = P6) => {
    const flow = script.stack.openFlow({ protocol: 200, remote: ip(to) })
    const bytes = bytesOf(text)
    script.stack.scratch.bytes.set(bytes, TRANSPORT_OFFSET)
    return flow.send(bytes.length)
  }
  const advertise = (flags: number, mac: number | undefined = P_MAC, target = P6) =>
    script.receiveNdp(136, { src: P6, dst: H6, target, flags, ...(mac === undefined ? {} : { mac }) })
  /** Where a packet goes now, or 'asks' if it has to be asked for. */
  const goesTo = () => {
    say('?')
    const [frame] = script.link.take()
    return isNdp(frame) ? 'asks' : frame.destination
  }
  /** A neighbour in state REACHABLE. */
  const meet = () => {
    say('!')
    advertise(SOLICITED | OVERRIDE)
    script.link.take()
  }
  return { script, say, advertise, goesTo, meet }
}

const isNdp = (frame: Frame): boolean => decode(frame.bytes).protocol === 58

describe('neighbour discovery', () => {
  it('ND-01 answers a solicitation for us', () => {
    const { script } = speaker()
    const [answer] = script.receiveNdp(135, { src: P6, dst: GROUP, target: H6, mac: P_MAC })
    expect(answer.destination).toBe(P_MAC)
    const { src, dst, hopLimit, payload } = decode(answer.bytes)
    expect({ src, dst, hopLimit }).toEqual({ src: H6, dst: P6, hopLimit: 255 })
    expect([payload[0], payload[4]]).toEqual([136, SOLICITED | OVERRIDE])
    expect(payload.subarray(8)).toEqual(concat(ip(H6).bytes, Uint8Array.of(2, 1), macBytes(H_MAC)))
  })

  it('answers for its link-local address too, which it makes from its MAC', () => {
    const { script } = speaker()
    expect(script.nic.addresses[0].toString()).toBe('fe80::ff:fe00:1/64')
    expect(script.receiveNdp(135, { src: 'fe80::2', dst: GROUP, target: 'fe80::ff:fe00:1', mac: P_MAC })).toHaveLength(
      1,
    )
  })

  it('ND-02 believes nothing that may have passed a router', () => {
    const { script } = speaker()
    expect(script.receiveNdp(135, { src: P6, dst: GROUP, target: H6, mac: P_MAC, hopLimit: 64 })).toEqual([])
    expect(script.count('ndp-malformed')).toBe(1)
  })

  it('ND-03 drops a solicitation from nobody that says who it is from', () => {
    const { script } = speaker()
    expect(script.receiveNdp(135, { src: '::', dst: GROUP, target: H6, mac: P_MAC })).toEqual([])
    expect(script.receiveNdp(135, { src: '::', dst: H6, target: H6 })).toEqual([])
  })

  it('tells everybody when someone tries our address out', () => {
    const { script } = speaker()
    const [answer] = script.receiveNdp(135, { src: '::', dst: GROUP, target: H6 })
    expect(answer.destination).toBe(0x3333_0000_0001)
    expect(decode(answer.bytes)).toMatchObject({ src: H6, dst: 'ff02::1' })
    expect(decode(answer.bytes).payload[4]).toBe(OVERRIDE)
  })

  it('ND-04 drops bad codes, lengths, options and targets', () => {
    const { script } = speaker()
    const target = ip(H6).bytes
    const cases = [
      icmpv6(P6, H6, 135, 1, 0, target),
      icmpv6(P6, H6, 135, 0, 0, target.subarray(0, 12)),
      icmpv6(P6, H6, 135, 0, 0, concat(target, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0))),
      icmpv6(P6, H6, 135, 0, 0, concat(target, Uint8Array.of(1, 2, 0, 0, 0, 0, 0, 0))),
      icmpv6(P6, H6, 135, 0, 0, concat(target, Uint8Array.of(1))),
      icmpv6(P6, H6, 135, 0, 0, ip('ff02::1').bytes),
    ]
    for (const payload of cases) {
      expect(script.receive(0x86dd, ipv6({ src: P6, dst: H6, next: 58, payload, hopLimit: 255 }))).toEqual([])
    }
    expect(script.count('ndp-malformed')).toBe(cases.length)
  })

  it('is silent about addresses of others', () => {
    const { script } = speaker()
    expect(script.receiveNdp(135, { src: P6, dst: 'ff02::1:ff00:1', target: 'fd00::7:1', mac: P_MAC })).toEqual([])
  })

  it('ND-09 asks three times a second apart, then refuses', () => {
    const { script, say } = speaker()
    say('a')
    const [first] = script.link.take()
    expect(first.destination).toBe(0x3333_ff00_0002)
    expect(decode(first.bytes)).toMatchObject({ src: H6, dst: 'ff02::1:ff00:2', hopLimit: 255 })
    expect(decode(first.bytes).payload.subarray(8)).toEqual(concat(ip(P6).bytes, Uint8Array.of(1, 1), macBytes(H_MAC)))
    expect([script.after(1001), script.after(1000), script.after(1000)].map((frames) => frames.length)).toEqual([
      1, 1, 0,
    ])
    expect(say('b')).toBe('unreachable')
  })

  it('ND-10 sends what waited, in order, once it has an answer', () => {
    const { script, say, advertise, goesTo } = speaker()
    for (const text of ['a', 'b', 'c']) say(text)
    script.link.take()
    expect(advertise(SOLICITED).map(({ bytes }) => String.fromCharCode(...decode(bytes).payload))).toEqual([
      'a',
      'b',
      'c',
    ])
    expect(goesTo()).toBe(P_MAC)
    expect(script.after(20_000)).toEqual([])
  })

  it('ND-11 uses an answer that nobody asked for with doubt', () => {
    const { script, say, advertise } = speaker()
    say('a')
    script.link.take()
    expect(advertise(OVERRIDE)).toHaveLength(1)
    expect(script.after(5001).map(isNdp)).toEqual([true])
  })

  it('ND-12 doubts, but does not follow, another address without override', () => {
    const { script, advertise, meet, goesTo } = speaker()
    meet()
    advertise(0, OTHER_MAC)
    expect(goesTo()).toBe(P_MAC)
    expect(script.after(5001).map(isNdp)).toEqual([true])
  })

  it.each([OVERRIDE, OVERRIDE | SOLICITED])(
    'ND-13 follows another address with override (flags %i) once the old one is silent, and doubts it',
    (flags) => {
      const { script, advertise, meet, goesTo } = speaker()
      meet()
      expect(advertise(flags, OTHER_MAC).map(({ destination }) => destination)).toEqual([P_MAC])
      expect(goesTo()).toBe(P_MAC)
      script.after(3001)
      expect(goesTo()).toBe(OTHER_MAC)
      const probes = script.after(5001)
      expect(probes.map(({ destination }) => destination)).toEqual([OTHER_MAC])
      expect(decode(probes[0].bytes).dst).toBe(P6)
    },
  )

  it('is not diverted from a neighbour that still answers', () => {
    const { script, advertise, meet, goesTo } = speaker()
    meet()
    for (let i = 0; i < 5; i++) {
      advertise(OVERRIDE | SOLICITED, OTHER_MAC)
      script.receiveNdp(135, { src: P6, dst: GROUP, target: H6, mac: OTHER_MAC })
      advertise(SOLICITED, P_MAC)
      script.after(900)
      expect(goesTo()).toBe(P_MAC)
    }
  })

  it('ND-14 ignores claims about strangers', () => {
    const { script, advertise, goesTo } = speaker()
    advertise(SOLICITED | OVERRIDE)
    expect(script.count('neighbor-claim-unasked')).toBe(1)
    expect(goesTo()).toBe('asks')
  })

  it('ND-15 probes a doubtful neighbour after 5 s, three times, then forgets it', () => {
    const { script, meet, goesTo } = speaker()
    meet()
    script.clock.advance(30_001)
    expect(goesTo()).toBe(P_MAC)
    expect(
      [script.after(4990), script.after(20), script.after(1000), script.after(1000), script.after(5000)].map(
        (frames) => frames.length,
      ),
    ).toEqual([0, 1, 1, 1, 0])
    expect(goesTo()).toBe('asks')
  })

  it('an answer to the probe settles it', () => {
    const { script, meet, goesTo, advertise } = speaker()
    meet()
    script.clock.advance(30_001)
    goesTo()
    expect(script.after(5001)).toHaveLength(1)
    advertise(SOLICITED)
    expect(script.after(20_000)).toEqual([])
  })

  it('ND-16 needs no probe when an upper layer has had an answer', () => {
    const { script, meet } = speaker()
    meet()
    script.clock.advance(30_001)
    const flow = script.stack.openFlow({ protocol: 200, remote: ip(P6) })
    flow.send(1)
    flow.confirm()
    script.link.take()
    expect(script.after(20_000)).toEqual([])
  })

  it('ND-24 a scan of the subnet leaves room for those that answered', () => {
    const { script, say, meet, goesTo } = speaker({ neighbors: 256, unresolvedNeighbors: 64 })
    meet()
    for (let i = 0; i < 10_000; i++) say('x', `fd00::1:${i.toString(16)}`)
    script.link.take()
    expect(goesTo()).toBe(P_MAC)
  })

  it('notices somebody who claims our address', () => {
    const { script } = speaker()
    script.receiveNdp(136, { src: P6, dst: 'ff02::1', target: H6, flags: OVERRIDE, mac: OTHER_MAC })
    expect(script.conflicts).toEqual([`${H6} on eth0: 02:00:00:00:00:99`])
  })
})
