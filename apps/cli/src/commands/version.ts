import { readFile } from 'node:fs/promises'
import type { Command } from '../command.js'
import { outputFlags } from '../flags.js'

export const version: Command = {
  summary: 'print the version',
  usage: '',
  details: 'Prints the version of zt and of the Node.js that runs it.',
  flags: outputFlags,
  positionals: [0, 0],
  async run({ output }) {
    const manifest = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
      version: string
    }
    output.result(
      { zt: manifest.version, node: process.version },
      `zt ${manifest.version} (Node.js ${process.version})`,
    )
  },
}
