/**
 * Tests as packet captures. The host under test is a whole stack with a link whose other end is the test: what the peer
 * sends is *received*, what the host sends is expected by *sends*, and time passes only by *after*.
 *
 * Sequence numbers are relative: the host's SYN is 0, its first byte 1, and the same for the peer's.
 */

import { IpStack, checksum } from '@zt/ipstack'
import { Endpoint, IpAddress, type IpLink, IpPrefix } from '@zt/sansio'
import { SeededRandom, VirtualClock } from '@zt/testkit'
import { expect } from 'vitest'
import { Tcp, type TcpConnection, type TcpListener, type TcpOptions, type TcpSettings } from '../../src/index.js'
import { Watcher } from '../world/pair.js'

/** A segment of the peer's. What is left out: everything acknowledged, a large window, no text. */
export interface Peer {
  readonly flags: string
  readonly seq: number
  readonly ack?: number
  readonly wnd?: number
  readonly text?: number | string | Uint8Array
  readonly options?: readonly number[]
}

/** A segment of the host's. `flags` are letters in the order `SFRPAU`, P left out. */
export interface Sent {
  readonly flags: string
  readonly seq: number
  readonly ack: number
  readonly wnd: number
  readonly length: number
  readonly push: boolean
  readonly text: string
  readonly mss?: number
  readonly windowScale?: number
  readonly sackPermitted?: boolean
  readonly sack?: readonly (readonly [number, number])[]
  readonly tsval?: number
  readonly tsecr?: number
}

export interface ScriptOptions {
  /** The host's and the peer's initial sequence numbers as they are on the wire. */
  readonly iss?: number
  readonly irs?: number
  readonly mtu?: number
  readonly settings?: Partial<TcpSettings>
  readonly options?: TcpOptions
  readonly family?: 4 | 6
  /** The host connects instead of accepting. */
  readonly active?: boolean
}

export interface EstablishedOptions extends ScriptOptions {
  /** The peer's offer. Defaults: 1460, 7, true, none. */
  readonly mss?: number | undefined
  readonly windowScale?: number | undefined
  readonly sack?: boolean
  readonly tsval?: number
  /** The window in the peer's segments, not scaled. */
  readonly wnd?: number
  /** The handshake takes this long. Default 0: no segment of it is delayed. */
  readonly rtt?: number
}

const SEED = 'script'
const EPOCH = 1_700_000_000_000
const HOST_PORT = 80
const PEER_PORT = 4000

export class Script {
  readonly clock: VirtualClock
  readonly stack: IpStack
  readonly tcp: Tcp
  readonly watcher = new Watcher()
  readonly accepted: TcpConnection[] = []
  readonly options: ScriptOptions
  connection!: TcpConnection
  listener: TcpListener | undefined
  hostPort = HOST_PORT
  peerPort = PEER_PORT
  iss: number | undefined
  irs: number
  /** What the peer acknowledges unless told otherwise: everything it was sent. */
  acked = 0
  wnd = 65_535
  /** Set once timestamps are agreed on: then each segment of the peer's has them. */
  tsval: number | undefined
  tsecr = 0
  scale = 0
  /** False: the link refuses everything. */
  isOpen = true
  #sent: Sent[] = []
  readonly #link: IpLink
  readonly #family: 4 | 6

  constructor(options: ScriptOptions = {}) {
    this.options = options
    this.#family = options.family ?? 4
    this.irs = options.irs ?? 0
    this.clock = new VirtualClock(options.iss === undefined ? EPOCH : startFor(options.iss, options))
    this.stack = new IpStack({ clock: this.clock, random: new SeededRandom(SEED) })
    this.#link = {
      mtu: options.mtu ?? 1500,
      isUp: true,
      onReceive: () => {},
      onDrain: () => {},
      onChange: () => {},
      send: (bytes, offset, length) => this.#take(bytes, offset, length),
    }
    const nic = this.stack.attachIp(this.#link)
    nic.addAddress(IpPrefix.parse(this.#family === 4 ? '10.0.0.1/24' : 'fd00::1/64'))
    this.tcp = new Tcp(this.stack, options.settings)
    this.clock.advance(0)
  }

  // The application

  listen(): this {
    this.listener = this.tcp.listen({
      port: HOST_PORT,
      ...(this.options.options && { options: this.options.options }),
      onConnection: (connection) => {
        this.accepted.push(connection)
        this.connection = connection
        this.watcher.connection = connection
        connection.handler = this.watcher
      },
    })
    return this
  }

  connect(): this {
    this.peerPort = HOST_PORT
    this.connection = this.tcp.connect({
      remote: new Endpoint(IpAddress.parse(this.#family === 4 ? '10.0.0.2' : 'fd00::2'), HOST_PORT),
      localPort: PEER_PORT,
      handler: this.watcher,
      ...(this.options.options && { options: this.options.options }),
    })
    this.hostPort = PEER_PORT
    this.watcher.connection = this.connection
    this.clock.advance(0)
    return this
  }

  /** Write `length` bytes `a`, `b`, … or a text; returns how many were taken. */
  write(what: number | string): number {
    const taken = this.connection.write(payload(what))
    this.clock.advance(0)
    return taken
  }

  // Time

  after(ms: number): this {
    this.clock.advance(ms)
    return this
  }

  // The peer

  /** All of them arrive in one burst. */
  receives(...segments: readonly Peer[]): this {
    for (const segment of segments) {
      const packet = this.build(segment)
      this.#link.onReceive(packet, 0, packet.length)
    }
    this.clock.advance(0)
    return this
  }

  /** Raw bytes of an IP packet. */
  receivesPacket(packet: Uint8Array): this {
    this.#link.onReceive(packet, 0, packet.length)
    this.clock.advance(0)
    return this
  }

  /** The link has room again. */
  drain(): this {
    this.isOpen = true
    this.#link.onDrain()
    this.clock.advance(0)
    return this
  }

  // Expectations

  /** The next segments that the host has sent, in this order; only the fields given are compared. */
  sends(...expected: readonly Partial<Sent>[]): this {
    const got = this.#sent.splice(0, expected.length)
    expect(got.map((sent, i) => pick(sent, expected[i]!))).toEqual(expected)
    return this
  }

  /** Nothing (more) was sent, nor is for `ms`. */
  silent(ms = 0): this {
    this.clock.advance(ms)
    expect(this.#sent.map(({ flags, seq, ack, length }) => ({ flags, seq, ack, length }))).toEqual([])
    return this
  }

  /** Everything sent so far, not to be expected any more. */
  take(): readonly Sent[] {
    return this.#sent.splice(0)
  }

  /** An IP packet with this segment. */
  build(segment: Peer, ports: { from?: number; to?: number } = {}): Uint8Array {
    const text = payload(segment.text ?? 0)
    const options = [...(segment.options ?? (this.tsval === undefined ? [] : timestamps(this.tsval, this.tsecr)))]
    while (options.length % 4 !== 0) options.push(0)
    const header = this.#family === 4 ? 20 : 40
    const length = 20 + options.length + text.length
    const packet = new Uint8Array(header + length)
    const view = new DataView(packet.buffer)
    if (this.#family === 4) {
      view.setUint32(0, 0x4500_0000 | (header + length))
      view.setUint32(4, 0x4000)
      view.setUint32(8, 0x4006_0000)
      packet.set([10, 0, 0, 2, 10, 0, 0, 1], 12)
      view.setUint16(10, checksum(packet, 0, 20))
    } else {
      view.setUint32(0, 0x6000_0000)
      view.setUint32(4, (length << 16) | (6 << 8) | 64)
      packet.set(
        [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        8,
      )
    }
    const at = header
    const flags = flagBits(segment.flags)
    view.setUint16(at, ports.from ?? this.peerPort)
    view.setUint16(at + 2, ports.to ?? this.hostPort)
    view.setUint32(at + 4, this.irs + segment.seq)
    if (flags & 16) view.setUint32(at + 8, (this.iss ?? 0) + (segment.ack ?? this.acked))
    view.setUint16(at + 12, ((20 + options.length) << 10) | flags)
    view.setUint16(at + 14, segment.wnd ?? this.wnd)
    packet.set(options, at + 20)
    packet.set(text, at + 20 + options.length)
    view.setUint16(at + 16, checksum(packet, at, length, pseudoSum(packet, this.#family) + 6 + length))
    return packet
  }

  #take(bytes: Uint8Array, offset: number, length: number): boolean {
    if (!this.isOpen) return false
    const packet = bytes.slice(offset, offset + length)
    const header = this.#family === 4 ? 20 : 40
    const at = header
    const view = new DataView(packet.buffer)
    const total = length - header
    expect(checksum(packet, at, total, pseudoSum(packet, this.#family) + 6 + total)).toBe(0)
    const textAt = at + (packet[at + 12]! >> 4) * 4
    const flags = packet[at + 13]!
    if (flags & 2 && this.iss === undefined) this.iss = view.getUint32(at + 4)
    const sent: Sent = {
      flags: [...'FSRPAU']
        .filter((letter, i) => letter !== 'P' && flags & (1 << i))
        .join('')
        .replace(/^FA$/, 'FA'),
      seq: (view.getUint32(at + 4) - (this.iss ?? 0)) | 0,
      ack: flags & 16 ? (view.getUint32(at + 8) - this.irs) | 0 : 0,
      wnd: view.getUint16(at + 14),
      length: packet.length - textAt,
      push: (flags & 8) !== 0,
      text: new TextDecoder('latin1').decode(packet.subarray(textAt)),
      ...this.#readOptions(packet.subarray(at + 20, textAt)),
    }
    this.#sent.push(sent)
    if (!(flags & 4)) this.acked = Math.max(this.acked, sent.seq + sent.length + (flags & 3 ? 1 : 0))
    if (sent.tsval !== undefined) this.tsecr = sent.tsval
    return true
  }

  #readOptions(bytes: Uint8Array): Partial<Sent> {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const read: Record<string, unknown> = {}
    for (let at = 0; at < bytes.length;) {
      const kind = bytes[at]!
      if (kind === 0) break
      if (kind === 1) {
        at++
        continue
      }
      const length = bytes[at + 1]!
      if (kind === 2) read['mss'] = view.getUint16(at + 2)
      if (kind === 3) read['windowScale'] = bytes[at + 2]
      if (kind === 4) read['sackPermitted'] = true
      if (kind === 5) {
        read['sack'] = Array.from({ length: (length - 2) / 8 }, (_, i) =>
          [0, 4].map((edge) => (view.getUint32(at + 2 + 8 * i + edge) - this.irs) | 0),
        )
      }
      if (kind === 8) {
        read['tsval'] = view.getUint32(at + 2)
        read['tsecr'] = view.getUint32(at + 6)
      }
      at += length
    }
    return read as Partial<Sent>
  }
}

/** A script that has come to ESTABLISHED, with everything of the handshake expected. */
export function established(options: EstablishedOptions = {}): Script {
  const t = new Script({ ...options, settings: { timestamps: options.tsval !== undefined, ...options.settings } })
  const { rtt = 0, windowScale = 'windowScale' in options ? options.windowScale : 7, sack = true, tsval } = options
  const mss = 'mss' in options ? options.mss : 1460
  const offer = [
    ...(mss === undefined ? [] : [2, 4, mss >> 8, mss & 255]),
    ...(windowScale === undefined ? [] : [3, 3, windowScale]),
    ...(sack ? [4, 2] : []),
  ]
  t.wnd = options.wnd ?? 65_535
  const synWnd = Math.min(65_535, t.wnd)
  if (windowScale !== undefined && options.wnd === undefined) t.wnd = 512
  t.scale = windowScale ?? 0
  if (options.active) {
    t.connect().sends({ flags: 'S', seq: 0 })
    t.after(rtt)
    t.receives({
      flags: 'SA',
      seq: 0,
      ack: 1,
      wnd: synWnd,
      options: [...offer, ...(tsval === undefined ? [] : timestamps(tsval, t.tsecr))],
    })
    t.tsval = tsval
    t.sends({ flags: 'A', seq: 1, ack: 1 })
  } else {
    t.listen()
    t.receives({
      flags: 'S',
      seq: 0,
      wnd: synWnd,
      options: [...offer, ...(tsval === undefined ? [] : timestamps(tsval, 0))],
    })
    t.sends({ flags: 'SA', seq: 0, ack: 1 })
    t.after(rtt)
    t.tsval = tsval
    t.receives({ flags: 'A', seq: 1, ack: 1 })
  }
  expect(t.connection.state).toBe('ESTABLISHED')
  return t.silent()
}

export const syn = (more: Partial<Peer> = {}): Peer => ({ flags: 'S', seq: 0, ...more })
export const ack = (number: number, more: Partial<Peer> = {}): Peer => ({ flags: 'A', seq: 1, ack: number, ...more })
export const text = (seq: number, what: number | string, more: Partial<Peer> = {}): Peer => ({
  flags: 'A',
  seq,
  text: what,
  ...more,
})
export const fin = (seq: number, more: Partial<Peer> = {}): Peer => ({ flags: 'FA', seq, ...more })
export const rst = (seq: number, more: Partial<Peer> = {}): Peer => ({ flags: 'R', seq, ...more })

/** Options of an acknowledgement with these blocks of the host's text. `t` knows where they are on the wire. */
export function sackOf(t: Script, ...blocks: readonly (readonly [number, number])[]): readonly number[] {
  const words = blocks.flat().map((edge) => (t.iss ?? 0) + edge)
  const list = [
    5,
    2 + 8 * blocks.length,
    ...words.flatMap((word) => [24, 16, 8, 0].map((shift) => (word >>> shift) & 255)),
  ]
  return t.tsval === undefined ? list : [...timestamps(t.tsval, t.tsecr), ...list]
}

export function timestamps(tsval: number, tsecr: number): readonly number[] {
  return [1, 1, 8, 10, ...[tsval, tsecr].flatMap((word) => [24, 16, 8, 0].map((shift) => (word >>> shift) & 255))]
}

function payload(what: number | string | Uint8Array): Uint8Array {
  if (typeof what === 'string') return Uint8Array.from(what, (letter) => letter.charCodeAt(0))
  return typeof what === 'number' ? Uint8Array.from({ length: what }, (_, i) => 97 + (i % 26)) : what
}

function flagBits(letters: string): number {
  return [...letters].reduce((bits, letter) => bits | (1 << 'FSRPAU'.indexOf(letter)), 0)
}

function pseudoSum(packet: Uint8Array, family: 4 | 6): number {
  const [from, to] = family === 4 ? [12, 20] : [8, 40]
  let sum = 0
  for (let i = from; i < to; i += 2) sum += (packet[i]! << 8) | packet[i + 1]!
  return sum
}

function pick(sent: Sent, like: Partial<Sent>): Partial<Sent> {
  return Object.fromEntries(Object.keys(like).map((key) => [key, sent[key as keyof Sent]])) as Partial<Sent>
}

/** The initial sequence number is a clock plus a hash: find the time at which it is the one that is wanted. */
function startFor(iss: number, { iss: _, ...options }: ScriptOptions): number {
  const probe = new Script(options)
  if (options.active) probe.connect()
  else probe.listen().receives(syn())
  const found = probe.iss!
  return EPOCH + ((iss - found) >>> 0) / 250
}
