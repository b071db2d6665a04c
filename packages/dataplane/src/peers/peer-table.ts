/** The peers we know, found by the two integers that an address is in a packet header. */
import type { Address } from '@zt/protocol'
import type { PeerLink } from './peer-link.js'

/** All known peers. The caller bounds their number. */
export class PeerTable {
  // Small integers as keys need no allocation and hash fast; the few addresses that share their lower half are chained.
  private readonly byLow = new Map<number, PeerLink>()
  private count = 0
  private readonly freeIndexes: number[] = []
  private indexes = 0
  private recent: PeerLink | undefined

  get size(): number {
    return this.count
  }

  /** @param high bits 39..32 of the address. @param low bits 31..0 as a signed 32-bit integer. */
  find(high: number, low: number): PeerLink | undefined {
    const recent = this.recent
    if (recent !== undefined && recent.low === low && recent.high === high) return recent
    let link = this.byLow.get(low)
    while (link !== undefined && link.high !== high) link = link.nextSameLow
    if (link !== undefined) this.recent = link
    return link
  }

  get(address: Address): PeerLink | undefined {
    return this.find(Math.floor(address / 0x1_0000_0000), address | 0)
  }

  /** The address must not be in the table yet. */
  add(link: PeerLink): void {
    link.nextSameLow = this.byLow.get(link.low)
    this.byLow.set(link.low, link)
    link.index = this.freeIndexes.pop() ?? this.indexes++
    this.count++
  }

  remove(link: PeerLink): void {
    let previous = this.byLow.get(link.low)
    if (previous === link) {
      if (link.nextSameLow) this.byLow.set(link.low, link.nextSameLow)
      else this.byLow.delete(link.low)
    } else {
      while (previous && previous.nextSameLow !== link) previous = previous.nextSameLow
      if (!previous) return
      previous.nextSameLow = link.nextSameLow
    }
    link.nextSameLow = undefined
    this.freeIndexes.push(link.index)
    link.index = -1
    if (this.recent === link) this.recent = undefined
    this.count--
  }

  *[Symbol.iterator](): IterableIterator<PeerLink> {
    for (const first of this.byLow.values()) {
      for (let link: PeerLink | undefined = first; link; link = link.nextSameLow) yield link
    }
  }
}
