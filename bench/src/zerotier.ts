import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { formatWorld, generateIdentity, ZeroTier, type ZeroTierNetwork } from '@zt/libzt'
import { formatSecretIdentity } from '@zt/protocol'
import { median } from './statistics.js'
import { Peer } from './peer.js'
import { measureStream, serveStream, type Stream, type StreamResult } from './stream.js'
import { startWorld } from './world.js'

const PORT = 7000

export interface ZeroTierResult extends StreamResult {
  /** Medians, in milliseconds. */
  readonly startToOnline: number
  readonly joinToFirstByte: number
  /** Bytes of heap and external memory for one idle connection, both its ends not counted together. */
  readonly bytesPerIdleConnection: number
}

/** What the serving process needs to know. */
interface Invitation {
  readonly planet: string
  readonly network: string
  readonly identity: string
}

/** TCP over ZeroTier between two processes on loopback, with a root and a controller in a third. */
export async function measureZeroTier(milliseconds: number): Promise<ZeroTierResult> {
  const world = new Peer('world')
  const { planet, network } = await world.next<{ planet: string; network: string }>()
  const server = new Peer('zerotier')
  const invitation: Invitation = { planet, network, identity: formatSecretIdentity(await generateIdentity()) }
  const { address } = await server.ask<{ address: string }>(invitation)

  const starts: number[] = []
  const joins: number[] = []
  let node: ZeroTier | undefined
  let joined: ZeroTierNetwork | undefined
  for (let round = 0; round < 5; round++) {
    await node?.close()
    const identity = await generateIdentity()
    const start = performance.now()
    node = await ZeroTier.start({ planet: Buffer.from(planet, 'hex'), identity, bind: ['127.0.0.1'] })
    await node.whenOnline()
    const online = performance.now()
    joined = await node.join(network)
    const socket = joined.connect({ host: address, port: PORT })
    await once(socket, 'connect')
    socket.write(Buffer.of(2, 9)) // an echo, and a byte for it
    await once(socket, 'data')
    joins.push(performance.now() - online)
    starts.push(online - start)
    socket.destroy()
  }
  const stream = await measureStream(() => joined!.connect({ host: address, port: PORT }), milliseconds)
  const bytesPerIdleConnection = await idleMemory(() => joined!.connect({ host: address, port: PORT }))
  await node!.close()
  await server.stop()
  await world.stop()
  return { ...stream, startToOnline: median(starts), joinToFirstByte: median(joins), bytesPerIdleConnection }
}

setFlagsFromString('--expose_gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Memory of this process before and after a thousand connections that do nothing. */
async function idleMemory(open: () => Stream, count = 1000): Promise<number> {
  const used = () => {
    collectGarbage()
    collectGarbage() // what finalisers let go of
    const { heapUsed, external, arrayBuffers } = process.memoryUsage()
    return heapUsed + external + arrayBuffers
  }
  const before = used()
  const sockets: Stream[] = []
  for (let i = 0; i < count; i++) {
    const socket = open()
    await once(socket, 'connect')
    sockets.push(socket)
  }
  const bytes = (used() - before) / count
  for (const socket of sockets) socket.destroy()
  return bytes
}

/** The process with root and controller. */
export async function worldRole(): Promise<void> {
  const { world, network } = await startWorld()
  process.send!({ planet: Buffer.from(formatWorld(world.planet)).toString('hex'), network })
}

/** The process that serves. */
export async function zerotierRole(): Promise<void> {
  const [invitation] = (await once(process, 'message')) as [Invitation]
  const node = await ZeroTier.start({
    planet: Buffer.from(invitation.planet, 'hex'),
    identity: invitation.identity,
    bind: ['127.0.0.1'],
  })
  const network = await node.join(invitation.network)
  const server = await network.listen({ port: PORT, allowHalfOpen: true })
  server.on('connection', serveStream)
  process.send!({ address: String(network.addresses[0]!.address) })
}
