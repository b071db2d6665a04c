import { IpAddress, ZtError } from '@zt/sansio'
import type { Command } from '../command.js'
import { networkFlags, text } from '../flags.js'
import { withNetworks } from '../with-node.js'

export const ping: Command = {
  summary: 'ICMP echo, IPv4 and IPv6',
  usage: 'IP',
  details: `
Sends ICMP echo requests and prints the round trips. Exit code 5 when none is answered.

  zt ping 10.147.17.5 --network 8056c2e21c000001 --count 4`,
  flags: { count: { type: 'string', value: 'N', help: 'how many (default: 4)' }, ...networkFlags },
  positionals: [1, 1],
  async run(invocation) {
    const { output, positionals, values, signal } = invocation
    const target = IpAddress.parse(positionals[0]!)
    const count = Number(text(values, 'count') ?? 4)
    if (!Number.isInteger(count) || count < 1)
      throw new ZtError('ZT_ARG_INVALID', `--count must be a positive number, got ${JSON.stringify(values.count)}`)
    await withNetworks(invocation, async (networks, node) => {
      const from = networks.length === 1 ? networks[0]! : node.networkFor(target)
      let answered = 0
      for (let sequence = 1; sequence <= count; sequence++) {
        if (sequence > 1) await pause(signal)
        try {
          const { milliseconds, bytes } = await from.ping(target, { signal, timeoutMs: sequence === 1 ? 5000 : 2000 })
          answered++
          output.result(
            { target, sequence, milliseconds, bytes },
            `${bytes} bytes from ${target}: seq=${sequence} time=${milliseconds.toFixed(3)} ms`,
          )
        } catch (error) {
          if (signal.aborted) throw error
          output.result(
            { target, sequence, error: (error as Error).message },
            `no answer from ${target}: seq=${sequence} (${(error as Error).message})`,
          )
        }
      }
      if (answered === 0) throw new ZtError('ZT_TIMEOUT', `${target} answered none of ${count} echo requests`)
    })
  },
}

/** A second between requests, as ping has it; a stop cuts it short. */
function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, 1000)
    signal.addEventListener('abort', stop, { once: true })
  })
}
