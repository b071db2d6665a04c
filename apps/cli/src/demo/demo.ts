import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import { EmbeddedWorld, generateIdentity, ZeroTier, type ZeroTierNetwork } from '@zt/libzt'
import { isZtError, type IpAddress, ZtError } from '@zt/sansio'
import { formatBytes, formatSpeed } from '../describe.js'
import type { Output } from '../output.js'
import { receiveAll, sendPattern } from './bulk.js'
import { type Actor, Timeline } from './timeline.js'

const HTTP_PORT = 80
const UDP_PORT = 9999
const BULK_PORT = 5001
const MEBIBYTES_64 = 64 * 1024 * 1024

/** How long any one step may take, in milliseconds. */
const STEP = 30_000

/** The whole job on an embedded private world, as a story. True if everything held. */
export async function runDemo(output: Output, signal: AbortSignal): Promise<boolean> {
  const timeline = new Timeline(output)
  const handlesBefore = activeHandles()
  {
    timeline.chapter('A private ZeroTier world in this process')
    const actors = await startActors(timeline, signal)
    await using _world = actors.world
    await using _alice = actors.alice
    await using _bob = actors.bob
    await using _carol = actors.carol
    const stage: Stage = { ...actors, timeline, signal }

    const network = createNetwork(stage)
    timeline.chapter('Joining a private network')
    const alice = await join(stage, 'alice', stage.alice, network)
    const bob = await join(stage, 'bob', stage.bob, network)
    await denied(stage, network)
    timeline.chapter('From relayed to direct')
    await roundTrips(stage, alice, bob)
    timeline.chapter('A stock node:http server, over IPv4 and IPv6')
    await http(stage, alice, bob)
    timeline.chapter('Datagrams')
    await udp(stage, alice, bob)
    timeline.chapter('64 MB each way at the same time')
    await bulk(stage, alice, bob)
    timeline.chapter('Shutting down')
  }
  const left = await whatIsLeft(handlesBefore)
  timeline.check(
    'world',
    'clean shutdown',
    left.length === 0,
    left.length === 0 ? 'every socket, timer and thread is gone' : `left running: ${left.join(', ')}`,
  )
  return timeline.finish()
}

interface Actors {
  readonly world: EmbeddedWorld
  readonly alice: ZeroTier
  readonly bob: ZeroTier
  readonly carol: ZeroTier
}

interface Stage extends Actors {
  readonly timeline: Timeline
  readonly signal: AbortSignal
}

async function startActors(timeline: Timeline, signal: AbortSignal): Promise<Actors> {
  const identity = async (actor: Actor) => {
    let tries = 1
    const found = await generateIdentity({ signal, onProgress: (progress) => (tries = progress.tries + 1) })
    timeline.tell(actor, `has made an identity: the ${ordinal(tries)} key had an address`, { tries })
    return found
  }
  const [root, controller, a, b, c] = await Promise.all([
    identity('root'),
    identity('controller'),
    identity('alice'),
    identity('bob'),
    identity('carol'),
  ])
  const started: AsyncDisposable[] = []
  try {
    const world = await EmbeddedWorld.start({ identities: { root, controller }, signal })
    started.push(world)
    timeline.tell(
      'root',
      `node ${world.root.id} on 127.0.0.1 port ${world.root.port}, the only root of a planet of our own`,
      { node: world.root.id, port: world.root.port },
    )
    timeline.tell('controller', `node ${world.host.id} on 127.0.0.1 port ${world.host.port}`, {
      node: world.host.id,
      port: world.host.port,
    })
    const start = async (actor: Actor, own: typeof a) => {
      const node = await ZeroTier.start({ planet: world.planet, identity: own, bind: ['127.0.0.1'], signal })
      started.push(node)
      node.on('peer', ({ id, direct, endpoint, via }) => {
        const who = nameOf(id)
        if (who)
          timeline.tell(
            actor,
            direct ? `talks to ${who} directly, at ${endpoint}` : `talks to ${who} by way of the root`,
            { peer: id, direct, endpoint, via },
          )
      })
      const begin = performance.now()
      await node.whenOnline({ signal, timeoutMs: STEP })
      timeline.tell(
        actor,
        `node ${node.id} on port ${node.port} is online after ${(performance.now() - begin).toFixed(0)} ms`,
        { node: node.id, port: node.port },
      )
      return node
    }
    const [alice, bob, carol] = await Promise.all([start('alice', a), start('bob', b), start('carol', c)])
    const names = new Map([
      [alice.id, 'alice'],
      [bob.id, 'bob'],
      [carol.id, 'carol'],
      [world.host.id, 'the controller'],
    ])
    function nameOf(id: string) {
      return names.get(id)
    }
    return { world, alice, bob, carol }
  } catch (error) {
    for (const each of started.reverse()) await each[Symbol.asyncDispose]()
    throw error
  }
}

function createNetwork({ world, timeline, alice, bob }: Stage): string {
  const network = world.createNetwork({
    name: 'demo',
    private: true,
    v4AssignMode: { zt: true },
    v6AssignMode: { zt: false, rfc4193: true, '6plane': true },
    ipAssignmentPools: [{ ipRangeStart: '10.147.17.1', ipRangeEnd: '10.147.17.254' }],
    routes: [{ target: '10.147.17.0/24', via: null }],
  })
  for (const node of [alice, bob]) world.authorize(network, node.id)
  timeline.tell(
    'controller',
    `private network ${network} "demo": 10.147.17.0/24, rfc4193 and 6plane; alice and bob are authorised`,
    { network },
  )
  return network
}

async function join({ timeline, signal }: Stage, actor: Actor, node: ZeroTier, id: string): Promise<ZeroTierNetwork> {
  const begin = performance.now()
  const network = await node.join(id, { signal, timeoutMs: STEP })
  const addresses = network.addresses.map(String)
  timeline.check(
    actor,
    'joined',
    addresses.length === 3,
    `${network.name} after ${(performance.now() - begin).toFixed(0)} ms: ${addresses.join('  ')}`,
  )
  return network
}

/** Carol is refused on the private network, is told what to do, and is let in once that was done. */
async function denied(stage: Stage, id: string): Promise<void> {
  const { world, carol, timeline, signal } = stage
  try {
    await carol.join(id, { signal, timeoutMs: STEP })
    timeline.check('carol', 'denied', false, 'was let in without being authorised')
  } catch (error) {
    if (!isZtError(error, 'ZT_NETWORK_DENIED')) throw error
    timeline.check('carol', 'denied', true, `${error.message}; ${error.hint}`)
  }
  world.authorize(id, carol.id)
  timeline.tell('controller', `carol (${carol.id}) is authorised now`)
  await join(stage, 'carol', carol, id)
}

/** Echo requests while the path goes from relayed to direct. */
async function roundTrips(
  { timeline, signal, alice: node }: Stage,
  alice: ZeroTierNetwork,
  bob: ZeroTierNetwork,
): Promise<void> {
  const [v4, rfc4193, sixPlane] = addressesOf(bob)
  const first = await alice.ping(v4, { signal, timeoutMs: STEP })
  timeline.check(
    'alice',
    'first ping',
    true,
    `${v4} answered after ${first.milliseconds.toFixed(1)} ms, ${alice.pathTo(v4)}`,
  )
  const isDirect = () => alice.pathTo(v4).startsWith('direct')
  for (const end = performance.now() + STEP; !isDirect() && performance.now() < end;) {
    await Promise.race([once(node, 'change', { signal }), alice.ping(v4, { signal, timeoutMs: 1000 })])
  }
  timeline.check('alice', 'direct path', isDirect(), `bob is reached ${alice.pathTo(v4)}`)
  for (const address of [v4, rfc4193, sixPlane]) {
    const times: number[] = []
    for (let i = 0; i < 20; i++) times.push((await alice.ping(address, { signal, timeoutMs: STEP })).milliseconds)
    times.sort((a, b) => a - b)
    timeline.check(
      'alice',
      'ping',
      true,
      `${address}: 20 echoes, median ${times[10]!.toFixed(2)} ms, worst ${times[19]!.toFixed(2)} ms`,
    )
  }
}

async function http({ timeline, signal }: Stage, alice: ZeroTierNetwork, bob: ZeroTierNetwork): Promise<void> {
  const page = `<h1>Hello from bob</h1><p>${randomBytes(1000).toString('hex')}</p>`
  const server = createServer((request, response) => {
    timeline.tell('bob', `${request.method} ${request.url} from ${request.socket.remoteAddress}`)
    response.setHeader('content-type', 'text/html')
    response.end(page)
  })
  const listening = await bob.serveHttp(server, { port: HTTP_PORT, signal })
  const agent = alice.agent({ keepAlive: false })
  for (const address of addressesOf(bob)) {
    const url = `http://${address.isV6 ? `[${address}]` : address}:${HTTP_PORT}/`
    const begin = performance.now()
    const response = await new Promise<IncomingMessage>((resolve, reject) =>
      get(url, { agent, signal }, resolve).on('error', reject),
    )
    const body = await receiveAll(response)
    const held = response.statusCode === 200 && body.sha256 === createHash('sha256').update(page).digest('hex')
    timeline.check(
      'alice',
      'http',
      held,
      `${url} ${response.statusCode}, ${body.bytes} bytes in ${(performance.now() - begin).toFixed(1)} ms`,
    )
  }
  agent.destroy()
  await new Promise<void>((resolve) => listening.close(() => resolve()))
}

async function udp({ timeline, signal }: Stage, alice: ZeroTierNetwork, bob: ZeroTierNetwork): Promise<void> {
  const [v4] = addressesOf(bob)
  const server = bob.createSocket('udp4')
  server.on('message', (bytes, from) => {
    timeline.tell('bob', `UDP "${bytes.toString()}" from ${from.address} port ${from.port}`)
    server.send('pong', from.port, from.address)
  })
  server.bind(UDP_PORT)
  await once(server, 'listening', { signal })
  const client = alice.createSocket('udp4')
  const begin = performance.now()
  client.send('ping', UDP_PORT, String(v4))
  const [answer] = (await once(client, 'message', {
    signal: AbortSignal.any([signal, AbortSignal.timeout(STEP)]),
  })) as [Buffer]
  timeline.check(
    'alice',
    'udp',
    answer.toString() === 'pong',
    `"${answer.toString()}" after ${(performance.now() - begin).toFixed(2)} ms`,
  )
  client.close()
  server.close()
}

async function bulk({ timeline, signal }: Stage, alice: ZeroTierNetwork, bob: ZeroTierNetwork): Promise<void> {
  const [v4] = addressesOf(bob)
  const server = await bob.listen({ port: BULK_PORT, signal, allowHalfOpen: true })
  const accepted = once(server, 'connection', { signal })
  const near = alice.connect({ host: String(v4), port: BULK_PORT, allowHalfOpen: true, signal })
  const [far] = (await accepted) as [typeof near]
  const begin = performance.now()
  let moved = 0
  const progress = (bytes: number) => {
    const before = Math.floor(moved / (MEBIBYTES_64 / 2))
    moved += bytes
    const now = Math.floor(moved / (MEBIBYTES_64 / 2))
    if (now !== before && moved < 2 * MEBIBYTES_64)
      timeline.tell(
        'world',
        `${formatBytes(moved)} of ${formatBytes(2 * MEBIBYTES_64)} moved, ${formatSpeed(moved, performance.now() - begin)}`,
      )
  }
  const [there, back, atBob, atAlice] = await Promise.all([
    sendPattern(near, 1, MEBIBYTES_64),
    sendPattern(far, 2, MEBIBYTES_64),
    receiveAll(far, progress),
    receiveAll(near, progress),
  ])
  const milliseconds = performance.now() - begin
  timeline.check(
    'bob',
    'alice to bob',
    atBob.bytes === MEBIBYTES_64 && atBob.sha256 === there,
    `${formatBytes(atBob.bytes)}, sha256 ${atBob.sha256.slice(0, 16)}… equal`,
  )
  timeline.check(
    'alice',
    'bob to alice',
    atAlice.bytes === MEBIBYTES_64 && atAlice.sha256 === back,
    `${formatBytes(atAlice.bytes)}, sha256 ${atAlice.sha256.slice(0, 16)}… equal`,
  )
  timeline.tell(
    'world',
    `both at the same time in ${(milliseconds / 1000).toFixed(2)} s: ${formatSpeed(2 * MEBIBYTES_64, milliseconds)} in all, both ends in this one process`,
    { milliseconds, bitsPerSecond: (2 * MEBIBYTES_64 * 8000) / milliseconds },
  )
  await new Promise<void>((resolve) => server.close(() => resolve()))
}

/** IPv4, rfc4193 and 6plane, in this order. */
function addressesOf(network: ZeroTierNetwork): [IpAddress, IpAddress, IpAddress] {
  const addresses = network.addresses.map(({ address }) => address)
  const pick = (name: string, fits: (address: IpAddress) => boolean) => {
    const found = addresses.find(fits)
    if (!found) throw new ZtError('ZT_DEMO_FAILED', `no ${name} address was assigned on ${network.id}`)
    return found
  }
  return [
    pick('IPv4', (ip) => ip.isV4),
    pick('rfc4193', (ip) => ip.bytes[0] === 0xfd),
    pick('6plane', (ip) => ip.bytes[0] === 0xfc),
  ]
}

/** What keeps this process alive that did not before, once what is being closed has had some turns to be closed. */
async function whatIsLeft(before: readonly string[]): Promise<string[]> {
  for (let turn = 0; ; turn++) {
    const left = activeHandles().filter((kind) => !before.includes(kind))
    if (left.length === 0 || turn === 20) return left
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** What keeps this process alive, but for its standard streams. */
function activeHandles(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((kind) => !['TTYWrap', 'PipeWrap', 'Immediate', 'FSReqPromise', 'CloseReq'].includes(kind))
}

function ordinal(n: number): string {
  const suffix = n % 100 >= 11 && n % 100 <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th')
  return `${n}${suffix}`
}
