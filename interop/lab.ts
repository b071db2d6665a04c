import { execFile, type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Where the `zt` command is, built by `pnpm build`. */
export const ZT = join(import.meta.dirname, '../apps/cli/dist/main.js')

/**
 * A private network of Linux namespaces: hosts on one switch, with no way out. Everything that runs in it is ended and
 * everything it made is removed by `close`.
 */
export class Lab {
  readonly id = `zt${process.pid.toString(36)}${Math.floor(performance.now() % 46656).toString(36)}`
  readonly directory: string
  readonly #hosts = new Map<string, string>()
  readonly #processes = new Set<LabProcess>()

  private constructor(directory: string) {
    this.directory = directory
  }

  static async create(): Promise<Lab> {
    const lab = new Lab(await mkdtemp(join(tmpdir(), 'zt-lab-')))
    await lab.#ip('netns', 'add', lab.#netns('switch'))
    await lab.#ip('-n', lab.#netns('switch'), 'link', 'add', 'br0', 'type', 'bridge')
    await lab.#ip('-n', lab.#netns('switch'), 'link', 'set', 'br0', 'up')
    return lab
  }

  /** A host with one address on the switch: 10.77.0.N, in order of creation. */
  async host(name: string): Promise<string> {
    const netns = this.#netns(name)
    const address = `10.77.0.${this.#hosts.size + 1}`
    this.#hosts.set(name, address)
    await this.#ip('netns', 'add', netns)
    await this.#ip('-n', netns, 'link', 'set', 'lo', 'up')
    await this.#ip(
      'link',
      'add',
      `p-${name}`,
      'netns',
      this.#netns('switch'),
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      netns,
    )
    await this.#ip('-n', this.#netns('switch'), 'link', 'set', `p-${name}`, 'master', 'br0', 'up')
    await this.#ip('-n', netns, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
    await this.#ip('-n', netns, 'link', 'set', 'eth0', 'up')
    return address
  }

  address(host: string): string {
    const address = this.#hosts.get(host)
    if (!address) throw new Error(`no host ${host} in this lab`)
    return address
  }

  /** Run a command on a host to its end and give its output; a non-zero exit rejects with what it said. */
  async exec(host: string, command: string, ...args: string[]): Promise<string> {
    const { stdout } = await run('ip', ['netns', 'exec', this.#netns(host), command, ...args], {
      maxBuffer: 1 << 26,
      timeout: 120_000,
    })
    return stdout
  }

  /** Start a command on a host; it is ended with the lab at the latest. */
  spawn(host: string, command: string, ...args: string[]): LabProcess {
    const child = spawn('ip', ['netns', 'exec', this.#netns(host), command, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const process = new LabProcess(child, `${host}: ${command.split('/').pop()} ${args.join(' ')}`)
    this.#processes.add(process)
    return process
  }

  /** The `zt` command on a host. */
  zt(host: string, ...args: string[]): LabProcess {
    return this.spawn(host, process.execPath, ZT, ...args)
  }

  /** Drop datagrams between two hosts, both ways, until `unblock`. */
  async block(a: string, b: string): Promise<void> {
    for (const [host, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const inward = `chain inward { type filter hook input priority 0; ip saddr ${this.address(other)} drop; }`
      const outward = `chain outward { type filter hook output priority 0; ip daddr ${this.address(other)} drop; }`
      const rules = `table ip lab { ${inward}; ${outward}; }`
      await this.exec(host, 'nft', rules)
    }
  }

  async unblock(a: string, b: string): Promise<void> {
    for (const host of [a, b]) await this.exec(host, 'nft', 'delete table ip lab')
  }

  async close(): Promise<void> {
    await Promise.all([...this.#processes].map((process) => process.stop()))
    for (const host of [...this.#hosts.keys(), 'switch']) {
      await this.#ip('netns', 'del', this.#netns(host)).catch(() => {})
    }
    await rm(this.directory, { recursive: true, force: true })
  }

  #netns(host: string): string {
    return `${this.id}-${host}`
  }

  async #ip(...args: string[]): Promise<void> {
    await run('ip', args)
  }
}

/** A running command whose lines can be waited for. */
export class LabProcess {
  readonly lines: string[] = []
  readonly errors: string[] = []
  readonly exited: Promise<number | null>
  readonly #child: ChildProcess
  readonly #title: string
  readonly #waiting = new Set<() => void>()
  #code: number | null | undefined

  constructor(child: ChildProcess, title: string) {
    this.#child = child
    this.#title = title
    createInterface({ input: child.stdout! }).on('line', (line) => this.#take(this.lines, line))
    createInterface({ input: child.stderr! }).on('line', (line) => this.#take(this.errors, line))
    this.exited = new Promise((resolve) => {
      child.once('close', (code) => {
        this.#code = code
        for (const wake of this.#waiting) wake()
        resolve(code)
      })
    })
  }

  /** The first JSON object printed, already or later, that fits. Rejects when the command ends without it, or in time. */
  async json<T = Record<string, unknown>>(
    fits: (value: Record<string, unknown>) => boolean,
    timeoutMs = 60_000,
  ): Promise<T> {
    let seen = 0
    return this.#until(() => {
      for (; seen < this.lines.length; seen++) {
        const value = parse(this.lines[seen]!)
        if (value && fits(value)) return value as T
      }
      return undefined
    }, timeoutMs)
  }

  /** The exit code, with everything printed in the error if it is not the one expected. */
  async ended(expected = 0): Promise<string> {
    const code = await this.exited
    if (code !== expected) throw new Error(`${this.#title} exited with ${code}, not ${expected}\n${this.report()}`)
    return this.lines.join('\n')
  }

  async stop(): Promise<void> {
    if (this.#code === undefined) {
      this.#child.kill('SIGTERM')
      const hard = setTimeout(() => this.#child.kill('SIGKILL'), 5_000)
      await this.exited
      clearTimeout(hard)
    }
  }

  report(): string {
    return [...this.lines.slice(-20), ...this.errors.slice(-40)].join('\n')
  }

  #take(into: string[], line: string): void {
    into.push(line)
    for (const wake of this.#waiting) wake()
  }

  #until<T>(look: () => T | undefined, timeoutMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const wake = () => {
        const found = look()
        if (found === undefined && this.#code === undefined) return
        done()
        if (found !== undefined) resolve(found)
        else
          reject(new Error(`${this.#title} ended with ${this.#code} before it said what was awaited\n${this.report()}`))
      }
      const timer = setTimeout(() => {
        done()
        reject(new Error(`${this.#title} did not say what was awaited within ${timeoutMs} ms\n${this.report()}`))
      }, timeoutMs)
      const done = () => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
      }
      this.#waiting.add(wake)
      wake()
    })
  }
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined // progress for people, between the objects
  }
}

/** Ask again until the answer is there: for genuine programs that can only be asked. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  timeoutMs = 60_000,
  everyMs = 500,
): Promise<T> {
  const end = performance.now() + timeoutMs
  let last: unknown
  while (performance.now() < end) {
    try {
      const answer = await ask()
      if (answer) return answer
    } catch (error) {
      last = error
    }
    await new Promise<void>((resolve) => setTimeout(resolve, everyMs))
  }
  throw new Error(`${what}: not within ${timeoutMs} ms${last instanceof Error ? ` (${last.message})` : ''}`)
}
