import { createHash, randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GenuineNode, ONE } from './genuine.js'
import { eventually, Lab, type LabProcess } from './lab.js'

/**
 * Our node among genuine ones, in Linux namespaces of the test's own. ZT_ONE is the path of a genuine zerotier-one 1.14
 * that the person who runs this has; it needs root and iproute2, nftables, curl and iputils.
 */
const reason = !ONE
  ? 'ZT_ONE is not set: no genuine zerotier-one to meet'
  : process.getuid?.() !== 0
    ? 'not root: no namespaces'
    : undefined
if (reason) console.log(`interop skipped: ${reason}`)

const HTTP = 8080
const UDP = 9999
const MEGABYTES_100 = 100 * 1000 * 1000

interface World {
  readonly lab: Lab
  readonly leaf: GenuineNode
  readonly network: string
  readonly planet: string
  /** Our node's long-running commands. */
  readonly listen: LabProcess
  readonly udp: LabProcess
  /** Managed addresses: IPv4, rfc4193 and 6plane, without their prefix lengths. */
  readonly ours: Addresses
  readonly theirs: Addresses
  readonly ourId: string
}

interface Addresses {
  readonly v4: string
  readonly rfc4193: string
  readonly sixPlane: string
}

interface Listening {
  readonly node: string
  readonly urls: string[]
}

function sort(addresses: readonly string[]): Addresses {
  const plain = addresses.map((address) => address.split('/')[0]!)
  const pick = (what: string, fits: (address: string) => boolean) => {
    const found = plain.find(fits)
    if (!found) throw new Error(`no ${what} address among ${plain.join(' ')}`)
    return found
  }
  return {
    v4: pick('IPv4', (a) => a.includes('.')),
    rfc4193: pick('rfc4193', (a) => a.startsWith('fd')),
    sixPlane: pick('6plane', (a) => a.startsWith('fc')),
  }
}

const url = (address: string, path = '/') => `http://${address.includes(':') ? `[${address}]` : address}:${HTTP}${path}`
const hostPort = (address: string, port: number) =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
const families = ['v4', 'rfc4193', 'sixPlane'] as const

/** What the commands of our node on the host `ours` have in common. */
const ourFlags = (world: Pick<World, 'lab' | 'planet' | 'network'>, state: string) => [
  '--state',
  join(world.lab.directory, state),
  '--planet',
  world.planet,
  '--network',
  world.network,
  '--json',
  '--counters',
  '--timeout',
  '240',
]

async function listening(process: LabProcess): Promise<Listening> {
  return process.json<Listening>((value) => value.event === 'listening', 90_000)
}

describe.skipIf(reason !== undefined)('a genuine root and controller', () => {
  let opened: Lab | undefined
  let world: World
  let root: GenuineNode
  let controller: GenuineNode
  let calling: string

  beforeAll(async () => {
    const lab = (opened = await Lab.create())
    for (const host of ['root', 'controller', 'leaf', 'ours', 'caller']) await lab.host(host)
    root = await GenuineNode.create(lab, 'root')
    controller = await GenuineNode.create(lab, 'controller')
    const leaf = await GenuineNode.create(lab, 'leaf')
    const planet = join(lab.directory, 'planet')
    await lab
      .zt(
        'ours',
        'planet',
        'create',
        '--root',
        `${join(root.home, 'identity.public')}@${lab.address('root')}/9993`,
        '-o',
        planet,
      )
      .ended()
    await Promise.all([root, controller, leaf].map((node) => node.start(planet)))

    const network = `${controller.address}000001`
    await controller.controller(`network/${network}`, {
      name: 'interop',
      private: true,
      v4AssignMode: { zt: true },
      v6AssignMode: { '6plane': true, rfc4193: true },
      ipAssignmentPools: [{ ipRangeStart: '10.88.0.1', ipRangeEnd: '10.88.0.250' }],
      routes: [{ target: '10.88.0.0/24' }],
    })
    await Promise.all(
      ['ours', 'caller'].map(async (state) => {
        const identity = await lab.zt('ours', 'identity', 'new', '--json').ended()
        const {
          address,
          secret,
          public: text,
        } = JSON.parse(identity) as { address: string; secret: string; public: string }
        const home = join(lab.directory, state)
        await lab.exec('ours', 'mkdir', '-p', home)
        await writeFile(join(home, 'identity.secret'), secret, { mode: 0o600 })
        await writeFile(join(home, 'identity.public'), text)
        if (state === 'caller') calling = address
        return controller.controller(`network/${network}/member/${address}`, { authorized: true })
      }),
    )
    await controller.controller(`network/${network}/member/${leaf.address}`, { authorized: true })
    const theirs = sort(await leaf.join(network))
    lab.spawn('leaf', process.execPath, join(import.meta.dirname, 'plain-server.mjs'), String(HTTP), String(UDP))
    const flags = ourFlags({ lab, planet, network }, 'ours')
    const listen = lab.zt('ours', 'listen', String(HTTP), ...flags)
    const { node: ourId, urls } = await listening(listen)
    const ours = sort(urls.map((each) => each.replace(/^http:\/\/\[?/, '').replace(/\]?:\d+\/$/, '')))
    const udp = lab.zt('caller', 'udp-listen', String(UDP), ...ourFlags({ lab, planet, network }, 'caller'))
    world = { lab, leaf, network, planet, listen, udp, ours, theirs, ourId }
  }, 240_000)

  afterAll(() => opened?.close())

  test('(a) our node gets the addresses that the controller assigned', async () => {
    const member = (await controller.controller(`network/${world.network}/member/${world.ourId}`, {})) as {
      ipAssignments: string[]
    }
    expect(member.ipAssignments).toContain(world.ours.v4)
    expect(world.ourId).toMatch(/^[0-9a-f]{10}$/)
  })

  test('(b) HTTP, ping, UDP and 100 MB both ways', () => everythingWorks(world, calling))

  test('(c) direct, relayed when blocked, and direct again', async () => {
    const { lab, leaf, ourId, ours } = world
    await eventually('the genuine leaf sees our node as direct', async () =>
      (await leaf.peer(ourId))?.paths.some((path) => path.active),
    )
    await lab.block('ours', 'leaf')
    try {
      const answer = await eventually(
        'an answer by way of the root',
        () => lab.exec('leaf', 'curl', '-sf', '--max-time', '10', url(ours.v4)),
        60_000,
      )
      expect(JSON.parse(answer)).toMatchObject({ node: ourId })
      for (const family of families)
        expect(await lab.exec('leaf', 'curl', '-sf', '--max-time', '20', url(ours[family]))).toContain(ourId)
    } finally {
      await lab.unblock('ours', 'leaf')
    }
    const pinging = lab.spawn('leaf', 'ping', '-i', '0.5', ours.v4)
    const since = performance.now()
    await eventually(
      'direct again',
      async () => {
        const peer = await leaf.peer(ourId)
        return peer?.paths.some((path) => path.active && path.address.startsWith(lab.address('ours')))
      },
      60_000,
    )
    expect(performance.now() - since).toBeLessThan(60_000)
    await pinging.stop()
  }, 240_000)

  test('(e) both cipher suites in both directions', async () => {
    await world.listen.stop()
    const { counters } = await world.listen.json<{ counters: Record<string, number> }>(
      (value) => value.event === 'counters',
      1000,
    )
    for (const suite of ['in-suite-1', 'in-suite-3', 'out-suite-1', 'out-suite-3'])
      expect(counters[suite], suite).toBeGreaterThan(0)
  })
})

describe.skipIf(reason !== undefined)('our root and our controller', () => {
  let opened: Lab | undefined
  let world: World
  let calling: string

  beforeAll(async () => {
    const lab = (opened = await Lab.create())
    for (const host of ['root', 'leaf', 'ours', 'caller']) await lab.host(host)
    const home = join(lab.directory, 'root')
    const root = lab.zt(
      'root',
      'root',
      '--controller',
      '--state',
      home,
      '--port',
      '9993',
      '--advertise',
      `${lab.address('root')}/9993`,
      '--json',
    )
    const { node } = await root.json<{ node: string }>((value) => value.event === 'root')
    const planet = join(home, 'planet')
    const network = `${node}000001`
    const api = async (path: string, body: unknown) => {
      const token = (await readFile(join(home, 'authtoken.secret'), 'utf8')).trim()
      const out = await lab.exec(
        'root',
        'curl',
        '-sf',
        '-H',
        `X-ZT1-Auth: ${token}`,
        '-d',
        JSON.stringify(body),
        `http://127.0.0.1:9993/controller/${path}`,
      )
      return JSON.parse(out) as Record<string, unknown>
    }
    await api(`network/${network}`, {
      name: 'ours',
      private: true,
      v4AssignMode: { zt: true },
      v6AssignMode: { '6plane': true, rfc4193: true },
      ipAssignmentPools: [{ ipRangeStart: '10.89.0.1', ipRangeEnd: '10.89.0.250' }],
      routes: [{ target: '10.89.0.0/24' }],
    })
    const leaf = await GenuineNode.create(lab, 'leaf')
    await api(`network/${network}/member/${leaf.address}`, { authorized: true })
    await leaf.start(planet)
    const theirs = sort(await leaf.join(network))
    lab.spawn('leaf', process.execPath, join(import.meta.dirname, 'plain-server.mjs'), String(HTTP), String(UDP))
    const start = async (host: string, command: string, port: number) => {
      const identity = JSON.parse(await lab.zt(host, 'identity', 'new', '--json').ended()) as {
        address: string
        secret: string
        public: string
      }
      await lab.exec(host, 'mkdir', '-p', join(lab.directory, host))
      await writeFile(join(lab.directory, host, 'identity.secret'), identity.secret, { mode: 0o600 })
      await writeFile(join(lab.directory, host, 'identity.public'), identity.public)
      await api(`network/${network}/member/${identity.address}`, { authorized: true })
      return {
        address: identity.address,
        process: lab.zt(host, command, String(port), ...ourFlags({ lab, planet, network }, host)),
      }
    }
    const listen = await start('ours', 'listen', HTTP)
    const udp = await start('caller', 'udp-listen', UDP)
    calling = udp.address
    const { node: ourId, urls } = await listening(listen.process)
    const ours = sort(urls.map((each) => each.replace(/^http:\/\/\[?/, '').replace(/\]?:\d+\/$/, '')))
    world = { lab, leaf, network, planet, listen: listen.process, udp: udp.process, ours, theirs, ourId }
  }, 240_000)

  afterAll(() => opened?.close())

  test('(d) a genuine leaf meets our node over our root and our controller', () => everythingWorks(world, calling))
})

/** Item (b): the kernel of the genuine leaf and our user-space stack, both ways, over every kind of address. */
async function everythingWorks(world: World, calling: string): Promise<void> {
  const { lab, ours, theirs, ourId } = world
  for (const family of families) {
    expect(
      await lab.exec('leaf', 'curl', '-sf', '--max-time', '30', url(ours[family])),
      `curl over ${family}`,
    ).toContain(ourId)
    expect(await lab.exec('leaf', 'ping', '-c', '3', '-W', '5', ours[family]), `ping over ${family}`).toContain(
      'bytes from',
    )
  }

  // From the other side: the caller's node listens for datagrams; stop it before its identity is used by other commands.
  const udpListening = await world.udp.json<{ addresses: string[] }>((value) => value.event === 'listening', 90_000)
  const caller = sort(udpListening.addresses)
  for (const family of families) expect(await udpPing(lab, caller[family]), `UDP over ${family}`).toBe('pong')
  await world.udp.stop()

  const flags = ourFlags(world, 'caller')
  for (const family of families) {
    const called = await lab.zt('caller', 'call', url(theirs[family]), ...flags).ended()
    expect(called, `zt call over ${family}`).toContain('plain')
    const pinged = await lab.zt('caller', 'ping', theirs[family], '--count', '3', ...flags).ended()
    expect(pinged, `zt ping over ${family}`).toContain('milliseconds')
    const pong = await lab
      .zt('caller', 'udp-send', '--to', hostPort(theirs[family], UDP), '--data', 'ping', '--wait', ...flags)
      .ended()
    expect(pong, `zt udp-send over ${family}`).toContain('pong')
  }
  expect(calling).toMatch(/^[0-9a-f]{10}$/)

  const file = join(lab.directory, 'upload')
  const content = randomBytes(MEGABYTES_100)
  const sha256 = createHash('sha256').update(content).digest('hex')
  await writeFile(file, content)
  const up = await lab.exec(
    'leaf',
    'curl',
    '-sf',
    '--max-time',
    '100',
    '--data-binary',
    `@${file}`,
    '-H',
    'Expect:',
    url(ours.v4),
  )
  expect(JSON.parse(up)).toMatchObject({ received: MEGABYTES_100, sha256 })
  const down = join(lab.directory, 'download')
  await lab.exec('leaf', 'curl', '-sf', '--max-time', '100', '-o', down, url(ours.v4, `/bytes/${MEGABYTES_100}`))
  const received = await readFile(down)
  expect(received.length).toBe(MEGABYTES_100)
  expect(createHash('sha256').update(received).digest('hex')).toBe(patternHash(MEGABYTES_100))
  const posted = await lab.zt('caller', 'call', url(theirs.rfc4193, '/upload'), '--data', `@${file}`, ...flags).ended()
  expect(posted).toContain(sha256)
}

/** What `zt listen` serves at /bytes/N. */
function patternHash(count: number): string {
  const block = Buffer.from(Array.from({ length: 65536 }, (_, i) => (i * 31 + (i >> 8)) & 0xff))
  const hash = createHash('sha256')
  for (let left = count; left > 0; left -= block.length)
    hash.update(left < block.length ? block.subarray(0, left) : block)
  return hash.digest('hex')
}

/** A datagram from the leaf's kernel and its answer. */
async function udpPing(lab: Lab, address: string): Promise<string> {
  const script = `const s = require('node:dgram').createSocket('${address.includes(':') ? 'udp6' : 'udp4'}');
    s.on('message', (m) => { process.stdout.write(String(m)); process.exit(0) });
    const send = () => s.send('ping', ${UDP}, '${address}'); send(); setInterval(send, 1000); setTimeout(() => process.exit(1), 20000)`
  return lab.exec('leaf', process.execPath, '-e', script)
}
