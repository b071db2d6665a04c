import { ZtError } from '@zt/sansio'
import type { Command } from '../command.js'
import { runDemo } from '../demo/demo.js'
import { outputFlags } from '../flags.js'

export const demo: Command = {
  summary: 'the embedded private world, end to end',
  usage: '',
  details: `
Starts a private planet with a root, a controller and three nodes on loopback, all in this process, and shows the whole
job: joining, addresses, relayed then direct, HTTP, UDP, 64 MB each way, a denied member, clean shutdown. Exit code 0
only if all of it held. Nothing leaves this machine.

  zt demo
  zt demo --json`,
  flags: outputFlags,
  positionals: [0, 0],
  async run({ output, signal }) {
    if (!(await runDemo(output, signal))) throw new ZtError('ZT_DEMO_FAILED', 'not everything held')
  },
}
