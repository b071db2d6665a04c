/**
 * Which packets of ours may still be answered: an OK to anything else is ignored altogether, so that nobody can make a
 * path believable by making up answers (ZeroTierOne node/Node.hpp, expectingReplyTo). Entries are only ever
 * overwritten.
 */

import { Verb } from '@zt/protocol'

const BUCKETS = 256
const ENTRIES = 32

const REQUESTS: readonly number[] = [
  Verb.Hello,
  Verb.Echo,
  Verb.Whois,
  Verb.NetworkConfigRequest,
  Verb.MulticastGather,
  Verb.MulticastFrame,
]

/** Is an OK an answer to this verb? */
export function isRequest(verb: number): boolean {
  return REQUESTS.includes(verb)
}

/** Packet ids as two unsigned 32-bit integers. 64 KiB, filled round and round. */
export class Expectations {
  readonly #high = new Uint32Array(BUCKETS * ENTRIES)
  readonly #low = new Uint32Array(BUCKETS * ENTRIES)
  readonly #next = new Uint8Array(BUCKETS)

  add(idHigh: number, idLow: number): void {
    const bucket = idHigh & (BUCKETS - 1)
    const at = bucket * ENTRIES + this.#next[bucket]
    this.#next[bucket] = (this.#next[bucket] + 1) % ENTRIES
    this.#high[at] = idHigh
    this.#low[at] = idLow
  }

  has(id: bigint): boolean {
    const high = Number(id >> 32n)
    const low = Number(id & 0xffff_ffffn)
    const start = (high & (BUCKETS - 1)) * ENTRIES
    for (let at = start; at < start + ENTRIES; at++)
      if (this.#high[at] === high && this.#low[at] === low) return id !== 0n
    return false
  }
}
