import { BROADCAST_MAC, type ByteReader, type ByteWriter, type IpAddress, type Mac } from '@zt/sansio'

/**
 * A multicast MAC with "additional distinguishing information": broadcast is split by the IPv4 address an ARP request
 * asks for, so that it reaches only who subscribed to that address. On the wire: MAC [6], ADI u32.
 */
export interface MulticastGroup {
  readonly mac: Mac
  /** Zero, or the IPv4 address asked for. */
  readonly adi: number
}

/** The group that a holder of `ip` subscribes to in order to be found by ARP or neighbour discovery. */
export function resolutionGroup(ip: IpAddress): MulticastGroup {
  if (ip.isV4) return { mac: BROADCAST_MAC, adi: ip.u32 }
  const [a, b, c] = ip.bytes.subarray(13) as unknown as [number, number, number]
  return { mac: 0x3333_ff00_0000 + ((a << 16) | (b << 8) | c), adi: 0 }
}

export function decodeMulticastGroup(r: ByteReader): MulticastGroup {
  return { mac: r.u48(), adi: r.u32() }
}

export function encodeMulticastGroup(w: ByteWriter, group: MulticastGroup): void {
  w.u48(group.mac).u32(group.adi)
}
