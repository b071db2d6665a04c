import { describe, expect, test } from 'vitest'
import { bytesOf, connected, pair } from './world/pair.js'

describe('two stacks', () => {
  test.each([4, 6] as const)('connect, exchange text and close over IPv%i', (family) => {
    const world = pair({ family, delayMs: 5 })
    const { client, server, c, s } = connected(world)
    expect(c.write(bytesOf('hello'))).toBe(5)
    world.clock.advance(20)
    expect(server.text).toBe('hello')
    s.write(bytesOf('world'))
    s.shutdownWrite()
    world.clock.advance(20)
    expect(client.text).toBe('world')
    expect(client.has('ended')).toBe(true)
    c.shutdownWrite()
    world.clock.advance(100)
    expect(server.events.at(-1)).toBe('closed')
    expect(client.events.at(-1)).toBe('closed')
    expect(s.state).toBe('TIME_WAIT')
    world.clock.advance(70_000)
    expect(world.b.tcp.sizes).toEqual({ connections: 0, halfOpen: 0, timeWait: 0, blocks: 0 })
    expect(world.a.tcp.sizes).toEqual({ connections: 0, halfOpen: 0, timeWait: 0, blocks: 0 })
  })
})
