/**
 * Managed addresses from a network's pools. Where a search begins depends on the member's ZeroTier address alone, so a
 * member that is deleted and comes back gets the same address if it is still free. Source: ZeroTierOne
 * controller/EmbeddedNetworkController.cpp, whose first choice is ours.
 */
import type { Address } from '@zt/protocol'
import { IpAddress, type IpPrefix } from '@zt/sansio'

/** Addresses looked at in one pool before giving up. */
const MAX_TRIES = 4096

/** Both ends belong to it. */
export interface Pool {
  readonly first: IpAddress
  readonly last: IpAddress
}

/** A route without `via` is a network that members are on. */
export interface LanRoute {
  readonly target: IpPrefix
  readonly via?: IpAddress | undefined
}

/** The prefix length of the smallest routed network with this address; `undefined`: members could not use it. */
export function prefixBits(address: IpAddress, routes: readonly LanRoute[]): number | undefined {
  let bits: number | undefined
  for (const { target } of routes) if (target.contains(address) && target.bits > (bits ?? -1)) bits = target.bits
  return bits
}

/**
 * A free address of this family for the member, in a network without `via`. IPv4 addresses that end in 0 or 255, and the
 * first and last of their network, are left out: too many hosts take them for broadcasts.
 */
export function assignAddress(
  family: 4 | 6,
  member: Address,
  pools: readonly Pool[],
  routes: readonly LanRoute[],
  isFree: (address: IpAddress) => boolean,
): IpAddress | undefined {
  const lans = routes.filter((route) => route.via === undefined)
  for (const { first, last } of pools) {
    if (first.family !== family) continue
    for (const candidate of candidates(member, first, last)) {
      const bits = prefixBits(candidate, lans)
      if (bits !== undefined && (family === 6 || !isReservedHost(candidate.u32, bits)) && isFree(candidate))
        return candidate
    }
  }
  return undefined
}

/** From the member's own number on, round the pool; its last address comes last, as ZeroTierOne never gives it out. */
function* candidates(member: Address, first: IpAddress, last: IpAddress): Generator<IpAddress> {
  const start = valueOf(first)
  const span = valueOf(last) - start
  // IPv4 pools are smaller than a ZeroTier address; its low bits, which differ most, choose.
  const offset = first.isV4 ? BigInt(member % 0x1_0000_0000) : BigInt(member)
  const tries = span < MAX_TRIES ? span : BigInt(MAX_TRIES)
  for (let i = 0n; i < tries; i++) yield addressOf(start + ((offset + i) % span), first.bytes.length)
  yield last
}

function isReservedHost(address: number, bits: number): boolean {
  const octet = address & 0xff
  if (octet === 0 || octet === 255) return true
  if (bits >= 31) return false
  const hostMask = 0xffff_ffff >>> bits
  const host = address & hostMask
  return host === 0 || host >>> 0 === hostMask
}

function valueOf(address: IpAddress): bigint {
  return address.bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

function addressOf(value: bigint, size: number): IpAddress {
  const bytes = new Uint8Array(size)
  for (let i = size - 1, rest = value; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn)
  return IpAddress.of(bytes)!
}
