import { type PairOptions, connected, pair } from './pair.js'
import { Party } from './transfer.js'

export interface ExchangeResult {
  readonly virtualMs: number
  readonly world: ReturnType<typeof pair>
  readonly client: ReturnType<typeof connected>['c']
  readonly server: ReturnType<typeof connected>['s']
}

/**
 * Both sides send at once and then end. Throws unless every byte arrives, equal by hash, both connections end in order
 * and nothing is left over. `limitMs` is virtual time.
 */
export function exchange(options: PairOptions, up: number, down: number, limitMs = 600_000): ExchangeResult {
  const world = pair(options)
  const { c, s } = connected(world)
  const start = world.clock.now()
  const client = new Party(c, up, 'client')
  const server = new Party(s, down, 'server')
  client.connected()
  server.connected()
  const isDone = world.clock.runUntil(() => client.closedWith !== undefined && server.closedWith !== undefined, limitMs)
  const story = (): string =>
    JSON.stringify({ client: c.info(), server: s.info(), received: [client.sink.bytes, server.sink.bytes] }, null, 1)
  if (!isDone) throw new Error(`not done after ${limitMs} ms of virtual time: ${story()}`)
  if (client.closedWith !== 'end' || server.closedWith !== 'end') {
    throw new Error(`ended with ${client.closedWith} and ${server.closedWith}: ${story()}`)
  }
  const virtualMs = world.clock.now() - start
  const hash = (party: Party): [string, string] => [party.source.hash.digest('hex'), party.sink.hash.digest('hex')]
  const [sentUp, gotDown] = hash(client)
  const [sentDown, gotUp] = hash(server)
  if (sentUp !== gotUp || sentDown !== gotDown) throw new Error(`bytes differ: ${story()}`)
  world.clock.advance(61_000)
  for (const { tcp } of [world.a, world.b]) {
    const { connections, timeWait, blocks } = tcp.sizes
    if (connections + timeWait + blocks > 0) throw new Error(`left over: ${JSON.stringify(tcp.sizes)}`)
  }
  return { virtualMs, world, client: c, server: s }
}
