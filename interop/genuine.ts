import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { eventually, type Lab, type LabProcess } from './lab.js'

const run = promisify(execFile)

/** The genuine program, if this machine has one. */
export const ONE = process.env.ZT_ONE

/** A genuine ZeroTierOne on a host of the lab: root, controller or leaf by what it is given. */
export class GenuineNode {
  readonly host: string
  readonly home: string
  readonly address: string
  readonly #lab: Lab
  #process: LabProcess | undefined

  private constructor(lab: Lab, host: string, home: string, address: string) {
    this.#lab = lab
    this.host = host
    this.home = home
    this.address = address
  }

  /** A home with a fresh identity; not started. */
  static async create(lab: Lab, host: string): Promise<GenuineNode> {
    const home = join(lab.directory, host)
    await mkdir(home)
    await run(ONE!, ['-i', 'generate', join(home, 'identity.secret'), join(home, 'identity.public')])
    const settings = { portMappingEnabled: false, allowSecondaryPort: false, softwareUpdate: 'disable' }
    await writeFile(join(home, 'local.conf'), JSON.stringify({ settings }))
    const address = (await readFile(join(home, 'identity.public'), 'utf8')).slice(0, 10)
    return new GenuineNode(lab, host, home, address)
  }

  async start(planet: string): Promise<void> {
    await writeFile(join(this.home, 'planet'), await readFile(planet))
    this.#process = this.#lab.spawn(this.host, ONE!, '-U', '-p9993', this.home)
    await eventually(`${this.host} answers its command line`, () => this.cli('info'), 30_000, 200)
  }

  async stop(): Promise<void> {
    await this.#process?.stop()
  }

  async cli<T = Record<string, unknown>>(...args: string[]): Promise<T> {
    const out = await this.#lab.exec(this.host, ONE!, '-q', `-D${this.home}`, '-j', ...args)
    return JSON.parse(out) as T
  }

  async peer(address: string): Promise<GenuinePeer | undefined> {
    return (await this.cli<GenuinePeer[]>('peers')).find((peer) => peer.address === address)
  }

  /** Join and wait until the network is ready, then give the addresses on its TUN or TAP. */
  async join(networkId: string): Promise<string[]> {
    await this.cli('join', networkId)
    return eventually(`${this.host} has joined ${networkId}`, async () => {
      const networks = await this.cli<GenuineNetwork[]>('listnetworks')
      const network = networks.find((each) => each.id === networkId && each.status === 'OK')
      return network && network.assignedAddresses.length > 0 && network.assignedAddresses
    })
  }

  /** The controller's HTTP interface. */
  async controller(path: string, body: unknown): Promise<Record<string, unknown>> {
    const token = await readFile(join(this.home, 'authtoken.secret'), 'utf8')
    const url = `http://127.0.0.1:9993/controller/${path}`
    const out = await this.#lab.exec(
      this.host,
      'curl',
      '-sf',
      '-H',
      `X-ZT1-Auth: ${token}`,
      '-d',
      JSON.stringify(body),
      url,
    )
    return JSON.parse(out) as Record<string, unknown>
  }
}

export interface GenuinePeer {
  readonly address: string
  readonly latency: number
  readonly version: string
  readonly role: string
  readonly tunneled: boolean
  readonly paths: readonly {
    readonly active: boolean
    readonly address: string
    readonly preferred: boolean
    readonly expired: boolean
  }[]
}

interface GenuineNetwork {
  readonly id: string
  readonly status: string
  readonly assignedAddresses: string[]
}
