/**
 * Networks and members as they lie in a state directory: one JSON file each, under the names that ZeroTierOne's
 * controller gives them.
 */
import { type Address, formatAddress, formatNetworkId, type NetworkId } from '@zt/protocol'
import { fromLatin1, latin1, ZtError } from '@zt/sansio'
import { type MemberDefinition, parseMember } from './member-definition.js'
import { type NetworkDefinition, parseNetwork } from './network-definition.js'

/** The directory of all records. */
export const RECORDS = 'controller.d/network'

/** A value to be kept under `key`; without one, what is there is to be deleted. */
export interface RecordChange {
  readonly key: string
  readonly value: Uint8Array | undefined
}

/** What a key stands for: a network, or one member of it. */
export interface RecordName {
  readonly networkId: NetworkId
  readonly address?: Address
}

/** The key of a network's record. */
export function networkKey(networkId: NetworkId): string {
  return `${RECORDS}/${formatNetworkId(networkId)}.json`
}

/** The key of a member's record. */
export function memberKey(networkId: NetworkId, address: Address): string {
  return `${RECORDS}/${formatNetworkId(networkId)}/member/${formatAddress(address)}.json`
}

/** `undefined` for keys that are no record's: other files in the directory are none of our business. */
export function parseRecordKey(key: string): RecordName | undefined {
  const [, network, member] =
    /^controller\.d\/network\/([0-9a-f]{16})(?:\/member\/([0-9a-f]{10}))?\.json$/.exec(key) ?? []
  if (network === undefined) return undefined
  const networkId = BigInt(`0x${network}`)
  return member === undefined ? { networkId } : { networkId, address: Number.parseInt(member, 16) }
}

/** JSON in ASCII, so that it is UTF-8 as well. */
export function encodeRecord(record: NetworkDefinition | MemberDefinition): Uint8Array {
  const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  return fromLatin1(JSON.stringify(record).replace(/[\u007f-\uffff]/g, escape))
}

/** @throws ZT_STATE_CORRUPT naming the key and the remedy. */
export function decodeNetworkRecord(key: string, value: Uint8Array): NetworkDefinition {
  return decode(key, value, parseNetwork, (network) => networkKey(BigInt(`0x${network.id}`)))
}

/** @throws ZT_STATE_CORRUPT naming the key and the remedy. */
export function decodeMemberRecord(key: string, value: Uint8Array): MemberDefinition {
  return decode(key, value, parseMember, (member) =>
    memberKey(BigInt(`0x${member.nwid}`), Number.parseInt(member.id, 16)),
  )
}

function decode<T>(key: string, value: Uint8Array, parse: (json: unknown) => T, keyOf: (record: T) => string): T {
  try {
    const utf8 = latin1(value).replace(/[%\u0080-\u00ff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`)
    const record = parse(JSON.parse(decodeURIComponent(utf8)))
    if (keyOf(record) === key) return record
    throw new ZtError('ZT_ARG_INVALID', `it says that it is ${keyOf(record)}`)
  } catch (cause) {
    throw new ZtError(
      'ZT_STATE_CORRUPT',
      `${key} cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
        key,
        hint: 'repair the file, put a backup in its place, or move it away',
      },
    )
  }
}
