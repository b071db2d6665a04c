import { type AddressWords, isMulticastWords, isV4Words } from '../address-words.js'
import { type Interface, isInPrefix, type LocalAddress } from '../interface.js'

const SCOPE_LINK = 2
const SCOPE_GLOBAL = 14

/**
 * The address of an interface to speak from to a destination: the rules of RFC 6724 section 5 that concern addresses
 * of one interface (1 same, 2 scope, 3 deprecated, 6 label, then the same subnet, 8 longest prefix), then the order in which they were added.
 * `undefined` if there is none of that family.
 */
export function selectSource(nic: Interface, to: AddressWords, isV4: boolean): LocalAddress | undefined {
  let best: LocalAddress | undefined
  for (const candidate of nic.locals) {
    if (candidate.isV4 === isV4 && (best === undefined || isBetter(candidate, best, to))) best = candidate
  }
  return best
}

function isBetter(a: LocalAddress, b: LocalAddress, to: AddressWords): boolean {
  const isSame = (local: LocalAddress): boolean => commonBits(local, to) === 128
  if (isSame(a) !== isSame(b)) return isSame(a)
  const [scopeA, scopeB, scope] = [scopeOf(a), scopeOf(b), scopeOf(to)]
  if (scopeA !== scopeB) return scopeA < scopeB ? scopeA >= scope : scopeB < scope
  if (a.isDeprecated !== b.isDeprecated) return b.isDeprecated
  const label = labelOf(to)
  const [matchesA, matchesB] = [labelOf(a) === label, labelOf(b) === label]
  if (matchesA !== matchesB) return matchesA
  // As hosts do whose routes name a source: the subnet that the destination is in, before mere likeness.
  const [containsA, containsB] = [isInSubnet(a, to), isInSubnet(b, to)]
  if (containsA !== containsB) return containsA
  return commonPrefix(a, to) > commonPrefix(b, to)
}

/** Rule 8 compares no further than the source's own prefix: host bits that happen to agree mean nothing. */
function commonPrefix(local: LocalAddress, to: AddressWords): number {
  return Math.min(commonBits(local, to), prefixBits(local))
}

function isInSubnet(local: LocalAddress, to: AddressWords): boolean {
  return commonBits(local, to) >= prefixBits(local)
}

function prefixBits(local: LocalAddress): number {
  return local.isV4 ? local.prefix.bits + 96 : local.prefix.bits
}

function commonBits(a: AddressWords, b: AddressWords): number {
  if (a.w0 !== b.w0) return Math.clz32(a.w0 ^ b.w0)
  if (a.w1 !== b.w1) return 32 + Math.clz32(a.w1 ^ b.w1)
  if (a.w2 !== b.w2) return 64 + Math.clz32(a.w2 ^ b.w2)
  return 96 + Math.clz32(a.w3 ^ b.w3)
}

/** RFC 6724 sections 3.1 and 3.2. */
function scopeOf({ w0, w1, w2, w3 }: AddressWords): number {
  if (isV4Words(w0, w1, w2))
    return w3 >>> 16 === 0xa9fe || w3 >>> 24 === 127 || w3 >>> 8 === 0xe0_0000 ? SCOPE_LINK : SCOPE_GLOBAL
  if (isMulticastWords(w0, w1, w2, w3)) return (w0 >>> 16) & 15
  return w0 >>> 22 === 0x3fa || (w0 === 0 && w1 === 0 && w2 === 0 && w3 === 1) ? SCOPE_LINK : SCOPE_GLOBAL
}

/** The default policy table of RFC 6724 section 2.1: words, prefix length, label. The longest prefix comes first. */
const LABELS: readonly (readonly [AddressWords, number, number])[] = [
  [{ w0: 0, w1: 0, w2: 0, w3: 1 }, 128, 0],
  [{ w0: 0, w1: 0, w2: 0xffff, w3: 0 }, 96, 4],
  [{ w0: 0, w1: 0, w2: 0, w3: 0 }, 96, 3],
  [{ w0: 0x2001_0000, w1: 0, w2: 0, w3: 0 }, 32, 5],
  [{ w0: 0x2002_0000, w1: 0, w2: 0, w3: 0 }, 16, 2],
  [{ w0: 0x3ffe_0000, w1: 0, w2: 0, w3: 0 }, 16, 12],
  [{ w0: 0xfec0_0000 | 0, w1: 0, w2: 0, w3: 0 }, 10, 11],
  [{ w0: 0xfc00_0000 | 0, w1: 0, w2: 0, w3: 0 }, 7, 13],
  [{ w0: 0, w1: 0, w2: 0, w3: 0 }, 0, 1],
]

function labelOf({ w0, w1, w2, w3 }: AddressWords): number {
  return LABELS.find(([network, bits]) => isInPrefix(network, bits, w0, w1, w2, w3))![2]
}
