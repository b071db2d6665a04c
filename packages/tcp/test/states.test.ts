import { describe, expect, test } from 'vitest'
import { Script, ack, established, fin, rst, syn, text } from './script/script.js'

describe('opening', () => {
  test('a SYN to a closed port is refused', () => {
    new Script().receives(syn()).sends({ flags: 'RA', seq: 0, ack: 1 }).silent()
  })

  test('an ACK to a closed port is refused with its own number', () => {
    new Script().receives(ack(500)).sends({ flags: 'R', seq: 500 }).silent()
  })

  test('a reset to a closed port is not answered', () => {
    new Script().receives(rst(1)).silent(2000)
  })

  test('the passive side answers with its options and is accepted after the third segment', () => {
    const t = new Script().listen()
    t.receives(syn({ options: [2, 4, 5, 180, 3, 3, 7, 4, 2] }))
    t.sends({ flags: 'SA', seq: 0, ack: 1, mss: 1460, windowScale: 7, sackPermitted: true })
    expect(t.accepted).toEqual([])
    t.receives(ack(1)).silent()
    expect(t.accepted.length).toBe(1)
    expect(t.connection.state).toBe('ESTABLISHED')
  })

  test('options that the peer does not offer are not used', () => {
    const t = new Script().listen().receives(syn())
    const [answer] = t.take()
    expect(answer).toMatchObject({ flags: 'SA', mss: 1460 })
    expect(answer).not.toHaveProperty('windowScale')
    expect(answer).not.toHaveProperty('sackPermitted')
    expect(answer).not.toHaveProperty('tsval')
  })

  test('LISTEN refuses an ACK and ignores RST and FIN', () => {
    const t = new Script().listen()
    t.receives(ack(7)).sends({ flags: 'R', seq: 7 })
    t.receives(rst(0), { flags: 'F', seq: 0 }).silent(2000)
  })

  test('the active side connects', () => {
    const t = new Script().connect()
    t.sends({ flags: 'S', seq: 0, mss: 1460, windowScale: 7, sackPermitted: true })
    t.receives({ flags: 'SA', seq: 0, ack: 1 }).sends({ flags: 'A', seq: 1, ack: 1 }).silent()
    expect(t.watcher.events).toEqual(['connected'])
  })

  test('a refused connection fails with ECONNREFUSED', () => {
    const t = new Script().connect().receives({ flags: 'RA', seq: 0, ack: 1 })
    expect(t.watcher.error).toMatchObject({ code: 'ECONNREFUSED', address: '10.0.0.2', port: 80, syscall: 'connect' })
  })

  test('resets that do not acknowledge the SYN are ignored', () => {
    const t = new Script().connect()
    t.take()
    t.receives(rst(0), { flags: 'RA', seq: 0, ack: 9 }).silent()
    expect(t.connection.state).toBe('SYN_SENT')
  })

  test('an ACK of something never sent is refused and the connection goes on', () => {
    const t = new Script().connect()
    t.take()
    t.receives({ flags: 'SA', seq: 0, ack: 9 }).sends({ flags: 'R', seq: 9 })
    t.receives({ flags: 'SA', seq: 0, ack: 1 }).sends({ flags: 'A', seq: 1 })
    expect(t.watcher.has('connected')).toBe(true)
  })

  test('both sides connect at once', () => {
    const t = new Script().connect()
    t.take()
    t.receives(syn()).sends({ flags: 'SA', seq: 0, ack: 1 })
    expect(t.connection.state).toBe('SYN_RCVD')
    t.receives({ flags: 'SA', seq: 0, ack: 1 })
    expect(t.connection.state).toBe('ESTABLISHED')
    expect(t.watcher.has('connected')).toBe(true)
    t.receives(text(1, 'hi'))
    expect(t.watcher.text).toBe('hi')
  })

  test('a reset removes a half-open connection, and the listener lives', () => {
    const t = new Script().listen().receives(syn()).sends({ flags: 'SA' })
    t.receives(rst(1)).silent()
    expect(t.tcp.sizes.halfOpen).toBe(0)
    t.receives(syn()).sends({ flags: 'SA' })
  })

  test('a wrong ACK for a half-open connection is refused, and the row stays', () => {
    const t = new Script().listen().receives(syn()).sends({ flags: 'SA' })
    t.receives(ack(99)).sends({ flags: 'R', seq: 99 })
    expect(t.tcp.sizes.halfOpen).toBe(1)
  })

  test('a repeated SYN gets the same answer', () => {
    const t = new Script().listen().receives(syn()).sends({ flags: 'SA', seq: 0 })
    t.receives(syn()).sends({ flags: 'SA', seq: 0, ack: 1 }).silent()
  })

  test('text that comes with the third segment is delivered', () => {
    const t = new Script()
      .listen()
      .receives(syn())
      .sends({ flags: 'SA' })
      .receives(text(1, 100, { ack: 1 }))
    expect(t.watcher.events).toEqual(['readable'])
    expect(t.watcher.text.length).toBe(100)
    t.sends({ flags: 'A', seq: 1, ack: 101 })
  })

  test('a FIN that comes with the third segment ends the stream', () => {
    const t = new Script()
      .listen()
      .receives(syn())
      .sends({ flags: 'SA' })
      .receives(fin(1, { ack: 1 }))
    expect(t.watcher.events).toEqual(['ended'])
    expect(t.connection.state).toBe('CLOSE_WAIT')
    t.sends({ flags: 'A', ack: 2 })
  })

  test('text in a SYN is not lost', () => {
    const t = new Script()
      .listen()
      .receives(syn({ text: 20 }))
      .sends({ flags: 'SA', ack: 1 })
    t.receives(text(1, 20, { ack: 1 })).sends({ ack: 21 })
    expect(t.watcher.text.length).toBe(20)
  })

  test('a SYN is sent again with growing patience, and given up', () => {
    const t = new Script().connect().sends({ flags: 'S' }).after(6)
    for (const wait of [1000, 2000, 4000, 8000, 16_000]) {
      t.silent(wait - 10)
        .after(10)
        .sends({ flags: 'S', seq: 0 })
    }
    t.after(40_000)
    expect(t.watcher.error).toMatchObject({ code: 'ETIMEDOUT' })
    expect(t.tcp.sizes.connections).toBe(0)
  })

  test('a SYN,ACK is sent again, and then forgotten', () => {
    const t = new Script().listen().receives(syn()).sends({ flags: 'SA' })
    for (const wait of [1000, 2000, 4000, 8000, 16_000]) t.after(wait + 2).sends({ flags: 'SA', seq: 0, ack: 1 })
    t.after(33_000).silent()
    expect(t.tcp.sizes.halfOpen).toBe(0)
  })

  test('a repeated SYN,ACK is answered with an ACK', () => {
    const t = established({ active: true })
    t.receives({ flags: 'SA', seq: 0, ack: 1 }).sends({ flags: 'A', seq: 1, ack: 1 }).silent()
  })
})

describe('closing', () => {
  test('we close first', () => {
    const t = established()
    t.connection.shutdownWrite()
    t.after(0).sends({ flags: 'FA', seq: 1, ack: 1 })
    expect(t.connection.state).toBe('FIN_WAIT_1')
    t.receives(ack(2))
    expect(t.connection.state).toBe('FIN_WAIT_2')
    t.receives(fin(1)).sends({ flags: 'A', seq: 2, ack: 2 })
    expect(t.connection.state).toBe('TIME_WAIT')
    expect(t.watcher.events).toEqual(['ended', 'closed'])
    expect(t.tcp.sizes).toMatchObject({ connections: 0, timeWait: 1 })
    t.silent(61_000)
    expect(t.tcp.sizes.timeWait).toBe(0)
  })

  test('the peer closes first', () => {
    const t = established()
    t.receives(fin(1)).sends({ flags: 'A', ack: 2 })
    expect(t.connection.state).toBe('CLOSE_WAIT')
    t.connection.close()
    t.after(0).sends({ flags: 'FA', seq: 1, ack: 2 })
    expect(t.connection.state).toBe('LAST_ACK')
    t.receives(ack(2, { seq: 2 })).silent(1000)
    expect(t.watcher.events).toEqual(['ended', 'closed'])
    expect(t.tcp.sizes).toEqual({ connections: 0, halfOpen: 0, timeWait: 0, blocks: 0 })
  })

  test('both close at once', () => {
    const t = established()
    t.connection.shutdownWrite()
    t.after(0).sends({ flags: 'FA', seq: 1 })
    t.receives(fin(1, { ack: 1 })).sends({ flags: 'A', seq: 2, ack: 2 })
    expect(t.connection.state).toBe('CLOSING')
    t.receives(ack(2, { seq: 2 }))
    expect(t.connection.state).toBe('TIME_WAIT')
  })

  test.each([true, false])('a reset while both close: orderly only if our text has arrived (%s)', (hasArrived) => {
    for (const peerFirst of [true, false]) {
      const t = established()
      if (peerFirst) t.receives(fin(1)).take()
      t.write(100)
      t.connection.shutdownWrite()
      t.after(0)
      t.take()
      if (!peerFirst) t.receives(fin(1, { ack: 1 })).take()
      if (hasArrived) t.receives(ack(101, { seq: 2 }))
      expect(t.connection.state).toBe(peerFirst ? 'LAST_ACK' : 'CLOSING')
      t.receives(rst(2))
      expect(t.watcher.events.at(-1)).toBe(hasArrived ? 'closed' : 'closed ECONNRESET')
    }
  })

  test('FIN and the ACK of ours in one segment', () => {
    const t = established()
    t.connection.shutdownWrite()
    t.after(0).sends({ flags: 'FA' })
    t.receives(fin(1, { ack: 2 })).sends({ flags: 'A', seq: 2, ack: 2 })
    expect(t.connection.state).toBe('TIME_WAIT')
  })

  test('half closed, we still receive', () => {
    const t = established()
    t.connection.shutdownWrite()
    t.after(0).sends({ flags: 'FA' }).receives(ack(2))
    for (let i = 0; i < 100; i++) t.receives(text(1 + 1000 * i, 1000))
    expect(t.watcher.text.length).toBe(100_000)
    expect(t.connection.state).toBe('FIN_WAIT_2')
  })

  test('half closed by the peer, we still send', () => {
    const t = established()
    t.receives(fin(1)).sends({ ack: 2 })
    t.write(500)
    t.sends({ flags: 'A', length: 500, ack: 2 })
  })

  test('text for an application that is gone is answered with a reset', () => {
    const t = established()
    t.connection.close()
    t.after(0).sends({ flags: 'FA', seq: 1 }).receives(ack(2))
    t.receives(text(1, 10)).sends({ flags: 'RA', seq: 2 })
    expect(t.watcher.events).toEqual(['closed'])
  })

  test('closing with unread text resets', () => {
    const t = established()
    t.watcher.reads = false
    t.receives(text(1, 100)).take()
    t.connection.close()
    t.after(0).sends({ flags: 'RA', seq: 1, ack: 101 }).silent(1000)
    expect(t.watcher.events).toEqual(['readable', 'closed'])
  })

  test('a FIN that is lost is sent again, and given up with the orphan', () => {
    const t = established()
    t.connection.close()
    t.after(0).sends({ flags: 'FA' })
    t.after(200_000)
    expect(t.take().every(({ flags, seq }) => flags === 'FA' && seq === 1)).toBe(true)
    expect(t.watcher.has('closed ETIMEDOUT')).toBe(true)
    expect(t.tcp.sizes.connections).toBe(0)
  })

  test('FIN_WAIT_2 without an owner ends after a minute', () => {
    const t = established()
    t.connection.close()
    t.after(0).sends({ flags: 'FA' }).receives(ack(2)).silent(59_000)
    expect(t.connection.state).toBe('FIN_WAIT_2')
    t.silent(2000)
    expect(t.connection.state).toBe('CLOSED')
    t.receives(fin(1)).sends({ flags: 'R', seq: 2 })
  })

  test('an ACK of all text is not taken for the ACK of a FIN that was not sent', () => {
    const t = established({ wnd: 1000, windowScale: undefined })
    t.write(2000)
    t.connection.shutdownWrite()
    t.after(0).sends({ flags: 'A', length: 1000 })
    t.receives(ack(1001, { wnd: 1000 })).sends({ flags: 'A', seq: 1001, length: 1000 })
    t.receives(ack(2001, { wnd: 0 }))
    expect(t.connection.state).toBe('FIN_WAIT_1')
    t.receives(ack(2001, { wnd: 1000 })).sends({ flags: 'FA', seq: 2001 })
  })

  test.each(['SYN_SENT', 'ESTABLISHED', 'CLOSE_WAIT', 'FIN_WAIT_1', 'FIN_WAIT_2'] as const)('abort in %s', (state) => {
    const t = state === 'SYN_SENT' ? new Script().connect() : established()
    if (state === 'CLOSE_WAIT') t.receives(fin(1))
    if (state.startsWith('FIN')) t.connection.shutdownWrite()
    t.after(0)
    if (state === 'FIN_WAIT_2') t.receives(ack(2))
    t.take()
    expect(t.connection.state).toBe(state)
    t.connection.abort()
    t.after(0)
    if (state === 'SYN_SENT') t.silent(1000)
    else t.sends({ flags: 'RA' }).silent(1000)
    expect(t.watcher.events.at(-1)).toBe('closed')
    expect(t.tcp.sizes).toEqual({ connections: 0, halfOpen: 0, timeWait: 0, blocks: 0 })
  })

  test('write after shutdown throws EPIPE', () => {
    const t = established()
    t.connection.shutdownWrite()
    expect(() => t.connection.write(new Uint8Array(1))).toThrow(expect.objectContaining({ code: 'EPIPE' }))
  })
})

describe('TIME_WAIT', () => {
  const waiting = (tsval?: number): Script => {
    const t = established(tsval === undefined ? {} : { tsval })
    t.connection.shutdownWrite()
    t.after(0).receives(fin(1, { ack: 2 }))
    t.take()
    return t
  }

  test('a repeated FIN is acknowledged and starts the wait anew', () => {
    const t = waiting()
    t.after(59_000)
      .receives(fin(1, { ack: 2 }))
      .sends({ flags: 'A', seq: 2, ack: 2 })
    t.after(59_000)
    expect(t.tcp.sizes.timeWait).toBe(1)
    t.after(2000)
    expect(t.tcp.sizes.timeWait).toBe(0)
  })

  test('resets are ignored', () => {
    const t = waiting()
    t.receives(rst(2)).silent()
    expect(t.tcp.sizes.timeWait).toBe(1)
  })

  test('a SYN with a later number opens a new connection', () => {
    const t = waiting()
    t.iss = undefined
    t.receives(syn({ seq: 1000 })).sends({ flags: 'SA', ack: 1001 })
    expect(t.tcp.sizes).toMatchObject({ timeWait: 0, halfOpen: 1 })
  })

  test('a SYN with a later timestamp opens a new connection', () => {
    const t = waiting(100)
    t.iss = undefined
    t.tsval = 200
    t.receives(syn({ seq: -5000 })).sends({ flags: 'SA', ack: -4999 })
  })

  test('an old SYN is answered with an ACK', () => {
    const t = waiting()
    t.receives(syn({ seq: -5000 })).sends({ flags: 'A', seq: 2, ack: 2 })
    expect(t.tcp.sizes.timeWait).toBe(1)
  })

  test('the table gives up its oldest rows', () => {
    const t = new Script({ settings: { timeWaitRowsMax: 4 } }).listen()
    for (let port = 5000; port < 5010; port++) {
      t.peerPort = port
      t.iss = undefined
      t.acked = 0
      t.receives(syn()).take()
      t.receives(ack(1))
      t.connection.shutdownWrite()
      t.after(0)
        .receives(fin(1, { ack: 2 }))
        .take()
    }
    expect(t.tcp.sizes).toMatchObject({ connections: 0, timeWait: 4 })
  })
})

describe('segments that are out of place', () => {
  test.each(['SF', 'SR', 'SFRPAU', '', 'P'])('flags %j are dropped', (flags) => {
    const t = established()
    t.receives({ flags, seq: 1, text: 10 }).silent(1000)
    expect(t.connection.state).toBe('ESTABLISHED')
  })

  test('text without an ACK is dropped', () => {
    const t = established()
    t.receives({ flags: 'P', seq: 1, text: 10 }).silent(1000)
    expect(t.watcher.text).toBe('')
  })

  test('a wrong checksum is dropped and counted', () => {
    const t = established()
    const packet = t.build(text(1, 10))
    packet[packet.length - 1]! ^= 1
    t.receivesPacket(packet).silent(1000)
    expect(t.tcp.counters.get('bad-checksum')).toBe(1)
  })

  test('urgent text is delivered in line', () => {
    const t = established()
    t.receives({ flags: 'AU', seq: 1, text: 'urgent' })
    expect(t.watcher.text).toBe('urgent')
  })

  test('an ACK of what was not sent is answered and otherwise ignored', () => {
    const t = established()
    t.receives(ack(11)).sends({ flags: 'A', seq: 1, ack: 1 })
  })

  test('an old ACK is ignored, its text is not', () => {
    const t = established()
    t.write(1000)
    t.take()
    t.receives(ack(1001))
    t.receives(text(1, 'new', { ack: 500 }))
    expect(t.watcher.text).toBe('new')
  })

  test('a very old ACK is challenged and its text dropped', () => {
    const t = established()
    t.receives(text(1, 'blind', { ack: -(2 ** 30) })).sends({ flags: 'A', ack: 1 })
    expect(t.watcher.text).toBe('')
  })

  test('a duplicate below the window is acknowledged with a D-SACK', () => {
    const t = established()
    t.receives(text(1, 1000)).take()
    t.receives(text(1, 500)).sends({ flags: 'A', ack: 1001, sack: [[1, 501]] })
  })

  test('text above the window is answered and dropped', () => {
    const t = established()
    t.receives(text(200_001, 10)).sends({ flags: 'A', ack: 1 })
    expect(t.connection.readableBytes).toBe(0)
  })

  test('the old part of an overlapping segment is cut off', () => {
    const t = established()
    t.receives(text(1, 'abcdef')).take()
    t.receives(text(4, 'DEFghi'))
    expect(t.watcher.text).toBe('abcdefghi')
    t.sends({ ack: 10 })
  })

  test('a keep-alive is answered', () => {
    const t = established()
    t.receives(ack(1, { seq: 0 })).sends({ flags: 'A', seq: 1, ack: 1 })
  })
})
