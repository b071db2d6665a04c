/**
 * UDP header (RFC 768), 8 bytes:
 *
 *   0 source port (2)   2 destination port (2)   4 length, header included (2)   6 checksum (2), 0 for none (IPv4 only)
 *
 * Bytes past `length` are padding and ignored.
 */

export const UDP_HEADER_LENGTH = 8

/** The length field, or 0 if it does not fit what has arrived. */
export function checkUdpLength(bytes: Uint8Array, offset: number, available: number): number {
  if (available < UDP_HEADER_LENGTH) return 0
  const length = (bytes[offset + 4] << 8) | bytes[offset + 5]
  return length >= UDP_HEADER_LENGTH && length <= available ? length : 0
}

/** The port it was sent from; 0 if the sender wants no answer. */
export function udpSourcePort(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] << 8) | bytes[offset + 1]
}

/** The port it is for. */
export function udpDestinationPort(bytes: Uint8Array, offset: number): number {
  return (bytes[offset + 2] << 8) | bytes[offset + 3]
}

/** Did the sender compute a checksum? */
export function hasUdpChecksum(bytes: Uint8Array, offset: number): boolean {
  return bytes[offset + 6] !== 0 || bytes[offset + 7] !== 0
}
