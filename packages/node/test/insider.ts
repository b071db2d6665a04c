/** Packets as a node would make that has the right keys and bad intentions. */
import { SessionKeys, agree, createSalsaPoly } from '@zt/crypto'
import {
  Armor,
  type Cipher,
  type Identity,
  MAX_PACKET_LENGTH,
  PACKET_HEADER,
  PACKET_VERB,
  PacketCompression,
  type SecretIdentity,
  cipherOf,
  isFragment,
  isFragmented,
  sourceOf,
  writeHeader,
} from '@zt/protocol'
import type { Endpoint } from '@zt/sansio'
import type { SeededRandom } from '@zt/testkit'

/** A packet without its armor. */
export interface Plain {
  readonly cipher: 0 | 1 | 3
  /** With the flag for compression. */
  readonly verb: number
  readonly payload: Uint8Array
}

/** Somebody whom the target knows, and what it could have sent. */
export class Insider {
  readonly at: Endpoint
  readonly #self: SecretIdentity
  readonly #target: Identity
  readonly #keys: SessionKeys
  readonly #armor = new Armor(createSalsaPoly())
  readonly #compression = new PacketCompression()
  readonly #random: SeededRandom

  /** @param at where the target knows it to be. */
  constructor(self: SecretIdentity, target: Identity, at: Endpoint, random: SeededRandom) {
    this.#self = self
    this.#target = target
    this.at = at
    this.#keys = new SessionKeys(agree(self.secretKey, target.publicKey))
    this.#random = random
  }

  /** Open a whole packet of ours to the target; every other datagram is not for this. */
  open(datagram: Uint8Array): Plain | undefined {
    if (datagram.length < PACKET_HEADER || isFragment(datagram, 0) || isFragmented(datagram, 0)) return undefined
    if (sourceOf(datagram, 0) !== this.#self.address) return undefined
    const bytes = new Uint8Array(MAX_PACKET_LENGTH)
    bytes.set(datagram)
    if (!this.#armor.dearmor(bytes, 0, datagram.length, this.#keys)) return undefined
    const length = this.#compression.decompress(bytes, 0, datagram.length)
    const cipher = cipherOf(bytes, 0) as Exclude<Cipher, 2>
    return { cipher, verb: bytes[PACKET_VERB], payload: bytes.slice(PACKET_HEADER, length) }
  }

  seal({ cipher, verb, payload }: Plain, hops = 0): Uint8Array {
    const bytes = new Uint8Array(PACKET_HEADER + payload.length)
    writeHeader(bytes, 0, this.#target.address, this.#self.address, verb)
    this.#random.fill(bytes.subarray(0, 8))
    bytes[18] = hops
    bytes.set(payload, PACKET_HEADER)
    this.#armor.armor(bytes, 0, bytes.length, cipher, this.#keys)
    return bytes
  }
}

/** Numbers that lengths and counts lie with. */
const LIES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff]
const VERB_COMPRESSED = 0x80

/** Damage that the armor does not show: the packet is authentic, and lies. `others` are payloads to take parts from. */
export function corrupt(random: SeededRandom, packet: Plain, others: readonly Plain[]): Plain {
  const pick = (below: number): number => random.u32() % Math.max(1, below)
  let { verb, payload } = packet
  payload = payload.slice()
  switch (pick(8)) {
    case 0: // bits
      for (let flips = 1 + pick(4); flips > 0 && payload.length > 0; flips--)
        payload[pick(payload.length)] ^= 1 << pick(8)
      break
    case 1: // cut off
      payload = payload.subarray(0, pick(payload.length))
      break
    case 2: // with more than there should be
      payload = Uint8Array.from([...payload, ...random.bytes(1 + pick(300))])
      break
    case 3: {
      // lengths and counts
      const size = [1, 2, 4][pick(3)]
      const lie = LIES[pick(LIES.length)]
      const at = pick(payload.length - size)
      for (let i = 0; i < size && at + i < payload.length; i++) payload[at + i] = lie >>> (8 * (size - 1 - i))
      break
    }
    case 4: {
      // a part of another packet
      const other = others[pick(others.length)].payload
      const [at, from] = [pick(payload.length), pick(other.length)]
      payload.set(other.subarray(from, from + Math.min(pick(200), payload.length - at)), at)
      break
    }
    case 5: // another verb
      verb = pick(32)
      break
    case 6: // what is no LZ4 block
      verb |= VERB_COMPRESSED
      break
    default: // anything, up to the largest packet
      payload = random.bytes(pick(pick(4) === 0 ? MAX_PACKET_LENGTH - PACKET_HEADER + 1 : 1_300))
  }
  return { cipher: ([0, 1, 3] as const)[pick(3)], verb, payload }
}

/** An LZ4 block of a few bytes that would unfold to 255 times as many: one literal, repeated. */
export function bomb(length: number): Uint8Array {
  const block = new Uint8Array(length).fill(0xff)
  block.set([0x1f, 0x41, 1, 0])
  block[length - 1] = 0
  return block
}
