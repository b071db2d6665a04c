import { describe, expect, test } from 'vitest'
import { Script, established, rst, syn, text } from './script/script.js'

describe('blind attacks (RFC 5961)', () => {
  test('a reset with exactly the next number resets', () => {
    const t = established()
    t.receives(rst(1)).silent()
    expect(t.watcher.error).toMatchObject({ code: 'ECONNRESET', address: '10.0.0.2', port: 4000 })
  })

  test('another one in the window is challenged', () => {
    const t = established()
    t.receives(rst(2)).sends({ flags: 'A', seq: 1, ack: 1 })
    expect(t.connection.state).toBe('ESTABLISHED')
  })

  test('one outside of the window is dropped silently', () => {
    const t = established()
    t.receives(rst(1_000_000)).silent(1000)
    expect(t.connection.state).toBe('ESTABLISHED')
  })

  test('a reset works in a closed window', () => {
    const t = established({ settings: { receiveBufferBytes: 2000, receiveBufferMaxBytes: 2000 } })
    t.watcher.reads = false
    t.receives(text(1, 1000), text(1001, 1000)).take()
    t.receives(rst(2001))
    expect(t.watcher.has('closed ECONNRESET')).toBe(true)
  })

  test('a SYN is challenged, and a rebooted peer gets through', () => {
    const t = established()
    t.receives(syn({ seq: 77 })).sends({ flags: 'A', seq: 1, ack: 1 })
    t.receives(rst(1))
    expect(t.connection.state).toBe('CLOSED')
    t.iss = undefined
    t.receives(syn({ seq: 77 })).sends({ flags: 'SA', ack: 78 })
  })

  test('challenges are limited', () => {
    const t = established()
    for (let i = 0; i < 1000; i++) t.receives(rst(2)).after(1)
    expect(t.take().length).toBeLessThanOrEqual(4)
  })

  test('resets to strangers are limited', () => {
    const t = new Script()
    for (let i = 0; i < 2000; i++) t.receives(syn())
    expect(t.take().length).toBeLessThanOrEqual(200)
    t.after(1000).receives(syn()).sends({ flags: 'RA' })
  })
})

describe('numbers nobody can guess', () => {
  test('initial sequence numbers grow with time for the same ends, by a clock of 4 µs', () => {
    const t = new Script().listen()
    t.receives(syn())
    const first = t.iss!
    t.receives(rst(1)).take()
    t.iss = undefined
    t.after(1000).receives(syn())
    expect((t.iss! - first) >>> 0).toBe(250_000)
  })

  test('and are unrelated for different ends', () => {
    const t = new Script().listen()
    const seen = new Set<number>()
    for (let port = 5000; port < 5200; port++) {
      t.peerPort = port
      t.iss = undefined
      t.receives(syn()).take()
      seen.add((t.iss! >>> 12) & 0xfff)
    }
    expect(seen.size).toBeGreaterThan(150)
  })

  test('ephemeral ports differ and do not follow each other', () => {
    const t = new Script()
    const ports = Array.from({ length: 200 }, () => {
      const connection = t.tcp.connect({ remote: new Script().connect().connection.remote })
      return connection.local.port
    })
    expect(new Set(ports).size).toBe(200)
    expect(ports.every((port) => port >= 32_768 && port <= 60_999)).toBe(true)
    expect(ports.filter((port, i) => port === ports[i - 1]! + 1).length).toBeLessThan(60)
  })

  test('when all ports are taken connecting fails, but not to another peer', () => {
    const t = new Script({ settings: { portFirst: 40_000, portLast: 40_009 } })
    const { remote } = new Script().connect().connection
    for (let i = 0; i < 10; i++) t.tcp.connect({ remote })
    expect(() => t.tcp.connect({ remote })).toThrow(expect.objectContaining({ code: 'EADDRNOTAVAIL' }))
    expect(() =>
      t.tcp.connect({ remote: new (remote.constructor as typeof import('@zt/sansio').Endpoint)(remote.ip, 81) }),
    ).not.toThrow()
  })
})

describe('floods', () => {
  test('SYNs fill a bounded table and push out the oldest', () => {
    const t = new Script({ settings: { halfOpenPerListenerMax: 16 } }).listen()
    for (let port = 1; port <= 1000; port++) {
      t.peerPort = port
      t.receives(syn())
    }
    expect(t.tcp.sizes.halfOpen).toBe(16)
    t.take()
    // The last one can still complete.
    const { iss } = t
    t.iss = undefined
    t.peerPort = 2000
    t.receives(syn())
    expect(t.iss).not.toBe(iss)
    t.receives({ flags: 'A', seq: 1, ack: 1 })
    expect(t.accepted.length).toBe(1)
  })

  test('two hosts do not answer each other for ever', () => {
    const t = established()
    t.receives({ flags: 'A', seq: 100_000_000, ack: 1 })
    expect(t.take().length).toBe(1)
    t.receives({ flags: 'A', seq: 1, ack: 1 }).silent(1000)
  })
})
