/** Runs the built `zt` as users do: processes, their output and their ends. Waits for what they say, never for a time. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const identities = JSON.parse(
  readFileSync(new URL('../../../fixtures/identities.json', import.meta.url), 'utf8'),
) as string[]

/** One object of `--json`. */
export type Line = Readonly<Record<string, unknown>>

/** How a process ended, and what it said until then. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A process on its way. */
export class Running {
  readonly #child: ChildProcess
  readonly #stdout: Buffer[] = []
  #stderr = ''
  readonly #lines: Line[] = []
  #taken = 0
  #wake: () => void = () => {}
  readonly ended: Promise<Ended>

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [MAIN, ...args], { stdio: 'pipe' })
    const { stdout, stderr } = this.#child
    stdout!.on('data', (bytes: Buffer) => this.#stdout.push(bytes))
    stderr!.on('data', (bytes: Buffer) => {
      this.#stderr += bytes.toString()
      this.#wake()
    })
    createInterface(stdout!).on('line', (line) => {
      if (line.startsWith('{')) this.#lines.push(JSON.parse(line) as Line)
      this.#wake()
    })
    this.ended = once(this.#child, 'close').then(([code]) => {
      this.#wake()
      return { code: code as number | null, stdout: Buffer.concat(this.#stdout).toString(), stderr: this.#stderr }
    })
  }

  get stdin() {
    return this.#child.stdin!
  }

  get stdout() {
    return this.#child.stdout!
  }

  /** The next object on stdout with this event. */
  async event(name: string): Promise<Line> {
    for (;;) {
      while (this.#taken < this.#lines.length) {
        const line = this.#lines[this.#taken++]!
        if (line.event === name) return line
      }
      await this.#more(`the event ${name}`)
    }
  }

  /** Everything on stdout so far. */
  get output(): string {
    return Buffer.concat(this.#stdout).toString()
  }

  /** Until stderr has said this. */
  async says(words: string): Promise<void> {
    while (!this.#stderr.includes(words)) await this.#more(JSON.stringify(words))
  }

  /** Send a signal and wait for the end. */
  stop(signal: NodeJS.Signals = 'SIGINT'): Promise<Ended> {
    this.#child.kill(signal)
    return this.ended
  }

  async #more(wanted: string): Promise<void> {
    if (this.#child.exitCode !== null) throw new Error(`zt ended without ${wanted}: ${this.#stderr}`)
    await new Promise<void>((resolve) => (this.#wake = resolve))
  }
}

/** A folder for one file of tests, and every process started in it. */
export class Lab implements AsyncDisposable {
  readonly folder: string
  readonly #running: Running[] = []
  #next = 0

  private constructor(folder: string) {
    this.folder = folder
  }

  static async open(): Promise<Lab> {
    return new Lab(await mkdtemp(join(tmpdir(), 'zt-cli-')))
  }

  file(name: string): string {
    return join(this.folder, name)
  }

  write(name: string, content: string | Uint8Array): Promise<void> {
    return writeFile(this.file(name), content)
  }

  read(name: string): Promise<Buffer> {
    return readFile(this.file(name))
  }

  /** A state directory with an identity that need not be searched for; its name is the node's id. */
  async state(): Promise<{ id: string; state: string }> {
    const secret = identities[this.#next++]!
    const id = secret.slice(0, 10)
    await mkdir(this.file(id))
    await writeFile(join(this.file(id), 'identity.secret'), secret)
    return { id, state: this.file(id) }
  }

  start(...args: string[]): Running {
    const running = new Running(args)
    this.#running.push(running)
    return running
  }

  /** Run a command to its end. */
  async run(...args: string[]): Promise<Ended> {
    const running = this.start(...args)
    running.stdin.end()
    return running.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.map((running) => running.stop('SIGKILL')))
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** The objects that a command printed. */
export function linesOf({ stdout }: Ended): Line[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}

/** The only object that a command printed. */
export function only(ended: Ended): Line {
  const lines = linesOf(ended)
  if (lines.length !== 1) throw new Error(`expected one object, got ${ended.stdout}${ended.stderr}`)
  return lines[0]!
}

/** The text of fixture number `index`, counted from the end so that it is nobody's state. */
export function spareIdentity(index: number): string {
  return identities.at(-1 - index)!
}

/** A root with a controller, and a way to speak to it. */
export class TestWorld {
  readonly planet: string
  readonly id: string
  readonly process: Running
  readonly #api: string
  readonly #token: string

  private constructor(process: Running, facts: Line, token: string) {
    this.process = process
    this.planet = facts.planet as string
    this.id = facts.node as string
    this.#api = facts.api as string
    this.#token = token
  }

  static async start(lab: Lab): Promise<TestWorld> {
    const { state } = await lab.state()
    const at = ['--state', state, '--bind', '127.0.0.1', '--port', '0', '--advertise', '127.0.0.1', '--api-port', '0']
    const process = lab.start('root', '--controller', ...at, '--json')
    const facts = await process.event('root')
    return new TestWorld(process, facts, await readFile(join(state, 'authtoken.secret'), 'utf8'))
  }

  async ask(method: string, path: string, body?: object): Promise<Line> {
    const response = await fetch(`${this.#api}${path}`, {
      method,
      headers: { 'X-ZT1-Auth': this.#token },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as Line
  }

  /** A new network with every kind of managed address. */
  async network(subnet: string, isPrivate: boolean): Promise<string> {
    const network = await this.ask('POST', `/network/${this.id}______`, {
      name: 'lab',
      private: isPrivate,
      v4AssignMode: { zt: true },
      v6AssignMode: { zt: false, rfc4193: true, '6plane': true },
      ipAssignmentPools: [{ ipRangeStart: `${subnet}.1`, ipRangeEnd: `${subnet}.254` }],
      routes: [{ target: `${subnet}.0/24`, via: null }],
    })
    return network.id as string
  }

  async authorize(network: string, node: string): Promise<void> {
    await this.ask('POST', `/network/${network}/member/${node}`, { authorized: true })
  }
}
