import { SessionKeys, createSalsaPoly } from '@zt/crypto'
import { ByteReader, formatHex } from '@zt/sansio'
import { describe, expect, it } from 'vitest'
import {
  Armor,
  FRAGMENT_HEADER,
  MAX_FRAGMENTS,
  MAX_PACKET_LENGTH,
  MIN_PACKET_LENGTH,
  RELAY_MAX_HOPS,
  Verb,
  datagramsFor,
  decodeUserMessage,
  destinationOf,
  formatAddress,
  fragmentDestination,
  fragmentHops,
  fragmentNumber,
  fragmentTotal,
  hopsOf,
  incrementFragmentHops,
  incrementHops,
  isFragment,
  isFragmentUsable,
  isFragmented,
  largestPacketFor,
  packetIdOf,
  setFragmented,
  sourceOf,
  splitPacket,
  verbOf,
} from '../../src/index.js'
import { VectorFile, hex } from '../vector-file.js'

const file = new VectorFile('fragments.json')
const armor = new Armor(createSalsaPoly())

/** The least that a receiver does: join what belongs together, open it, and say what was in it. */
class Receiver {
  readonly #keys: SessionKeys
  readonly #sender: string
  readonly #receiver: string
  readonly #parts = new Map<bigint, { total: number; readonly parts: (Uint8Array | undefined)[] }>()

  constructor(keys: SessionKeys, sender: string, receiver: string) {
    this.#keys = keys
    this.#sender = sender
    this.#receiver = receiver
  }

  take(datagram: Uint8Array): { typeId: bigint; data: string } | undefined {
    if (datagram.length <= FRAGMENT_HEADER) return undefined
    if (isFragment(datagram, 0)) {
      if (!isFragmentUsable(datagram, 0) || formatAddress(fragmentDestination(datagram, 0)) !== this.#receiver)
        return undefined
      return this.#join(
        datagram,
        fragmentNumber(datagram, 0),
        fragmentTotal(datagram, 0),
        datagram.subarray(FRAGMENT_HEADER),
      )
    }
    if (datagram.length < MIN_PACKET_LENGTH || formatAddress(destinationOf(datagram, 0)) !== this.#receiver)
      return undefined
    return isFragmented(datagram, 0) ? this.#join(datagram, 0, 0, datagram) : this.#open(datagram.slice())
  }

  #join(
    datagram: Uint8Array,
    number: number,
    total: number,
    part: Uint8Array,
  ): { typeId: bigint; data: string } | undefined {
    const id = packetIdOf(datagram, 0)
    let entry = this.#parts.get(id)
    if (!entry) this.#parts.set(id, (entry = { total: 0, parts: [] }))
    if (entry.parts[number]) return undefined
    entry.parts[number] = part
    if (total > 0) entry.total = total
    const have = entry.parts.filter((p) => p !== undefined).length
    if (!entry.parts[0] || entry.total < 2 || have !== entry.total) return undefined
    const joined = entry.parts.slice(0, entry.total)
    this.#parts.delete(id)
    if (joined.includes(undefined)) return undefined
    return this.#open(Uint8Array.from(joined.flatMap((p) => [...(p ?? [])])))
  }

  #open(packet: Uint8Array): { typeId: bigint; data: string } | undefined {
    if (formatAddress(sourceOf(packet, 0)) !== this.#sender || !armor.dearmor(packet, 0, packet.length, this.#keys))
      return undefined
    if (verbOf(packet, 0) !== Verb.UserMessage) return undefined
    const message = decodeUserMessage(new ByteReader(packet, MIN_PACKET_LENGTH))
    return message && { typeId: message.type, data: formatHex(message.data) }
  }
}

/** What a root sends on, or nothing. */
function forward(datagram: Uint8Array): Uint8Array | undefined {
  if (datagram.length <= FRAGMENT_HEADER) return undefined
  const [hops, increment] = isFragment(datagram, 0) ? [fragmentHops, incrementFragmentHops] : [hopsOf, incrementHops]
  if (hops(datagram, 0) >= RELAY_MAX_HOPS) return undefined
  increment(datagram, 0)
  return datagram
}

describe('fragments.json', () => {
  interface FragmentCase {
    readonly mtu: number
    readonly cipher: 0 | 1 | 3
    readonly key: string
    readonly plain: string
    readonly totalPieces: number
    readonly receivable: boolean
    readonly datagrams: readonly string[]
  }
  it('packets are cut in place', () => {
    for (const c of file.cases<FragmentCase>('fragment')) {
      const plain = hex(c.plain)
      const bytes = new Uint8Array(plain.length + 3 + 16 * 16)
      const at = 3
      bytes.set(plain, at)
      const count = datagramsFor(plain.length, c.mtu)
      expect(count).toBe(c.totalPieces)
      expect(count <= MAX_FRAGMENTS).toBe(c.receivable)
      expect(plain.length <= largestPacketFor(c.mtu)).toBe(c.receivable)
      setFragmented(bytes, at, count > 1)
      armor.armor(bytes, at, plain.length, c.cipher, new SessionKeys(hex(c.key)))
      const length = splitPacket(bytes, at, plain.length, c.mtu)
      const datagrams = Array.from({ length: count }, (_, i) =>
        bytes.slice(at + i * c.mtu, at + Math.min(length, (i + 1) * c.mtu)),
      )
      expect(datagrams.map(formatHex)).toEqual(c.datagrams)
      datagrams.slice(1).forEach((datagram, i) => {
        expect(isFragment(datagram, 0)).toBe(true)
        expect(isFragmentUsable(datagram, 0)).toBe(c.receivable)
        expect(fragmentNumber(datagram, 0)).toBe(i + 1)
        expect(fragmentTotal(datagram, 0)).toBe(count)
      })
      expect(plain.length).toBeLessThanOrEqual(MAX_PACKET_LENGTH)
    }
  })

  interface ReassembleCase {
    readonly why: string
    readonly key: string
    readonly sender: string
    readonly receiver: string
    readonly datagrams: readonly string[]
    readonly deliveries: readonly { readonly after: number; readonly typeId: string; readonly data: string }[]
  }
  it.each(file.cases<ReassembleCase>('reassemble'))('$why', (c) => {
    const receiver = new Receiver(new SessionKeys(hex(c.key)), c.sender, c.receiver)
    const deliveries = c.datagrams.flatMap((datagram, after) => {
      const message = receiver.take(hex(datagram))
      return message ? [{ after, ...message }] : []
    })
    expect(deliveries).toEqual(c.deliveries.map(({ after, typeId, data }) => ({ after, typeId: BigInt(typeId), data })))
  })

  interface ForwardCase {
    readonly datagram: string
    readonly forwarded: string | null
  }
  it('forwarding counts hops', () => {
    for (const c of file.cases<ForwardCase>('forward')) {
      const forwarded = forward(hex(c.datagram))
      expect(forwarded ? formatHex(forwarded) : null).toBe(c.forwarded)
    }
  })
})
