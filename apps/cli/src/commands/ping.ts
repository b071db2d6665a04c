import { setTimeout } from 'node:timers/promises'
import { IpAddress, ZtError } from '@zt/sansio'
import type { Command } from '../command.js'
import { networkFlags, text, times } from '../flags.js'
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
    const { output, positionals, values, signal, stopped } = invocation
    const target = IpAddress.parse(positionals[0]!)
    const count = times(text(values, 'count'), '--count', 4)
    await withNetworks(invocation, async (networks, node) => {
      const from = networks.length === 1 ? networks[0]! : node.networkFor(target)
      let answered = 0
      for (let sequence = 1; sequence <= count; sequence++) {
        if (sequence > 1) await pause(signal)
        if (stopped.aborted && answered > 0) break // Ctrl-C is how a ping ends
        try {
          const { milliseconds, bytes } = await from.ping(target, { signal, timeoutMs: sequence === 1 ? 5000 : 2000 })
          answered++
          output.result(
            { target, sequence, milliseconds, bytes },
            `${bytes} bytes from ${target}: seq=${sequence} time=${milliseconds.toFixed(3)} ms`,
          )
        } catch (error) {
          if (stopped.aborted && answered > 0) break
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

/** A second between requests, as ping has it; the end of the command cuts it short. */
async function pause(signal: AbortSignal): Promise<void> {
  await setTimeout(1000, undefined, { signal }).catch(() => {})
}
