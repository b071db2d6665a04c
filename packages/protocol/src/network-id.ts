import { ZtError } from '@zt/sansio'
import type { Address } from './address.js'

/** A network: its controller's address in the upper 40 bits, and a number that the controller chose. */
export type NetworkId = bigint

/** `8056c2e21c000001` */
export function formatNetworkId(networkId: NetworkId): string {
  return networkId.toString(16).padStart(16, '0')
}

/** @throws ZT_ARG_INVALID unless it is sixteen hexadecimal digits, not all zero. */
export function parseNetworkId(text: string): NetworkId {
  const networkId = /^[0-9a-f]{16}$/i.test(text) ? BigInt(`0x${text}`) : 0n
  if (networkId === 0n) {
    const got = JSON.stringify(text)
    throw new ZtError('ZT_ARG_INVALID', `expected a network id of sixteen hexadecimal digits, got ${got}`)
  }
  return networkId
}

/** The address of the node that issues this network's config and credentials. */
export function controllerOf(networkId: NetworkId): Address {
  return Number(networkId >> 24n)
}

/** Does this id describe a network without a controller, whose config follows from the id? */
export function isAdHoc(networkId: NetworkId): boolean {
  return networkId >> 56n === 0xffn
}
