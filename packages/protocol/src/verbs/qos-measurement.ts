import type { ByteReader, ByteWriter } from '@zt/sansio'

/** Records in one packet. */
export const MAX_QOS_RECORDS = 140

/** How long one packet was held before this was sent. */
export interface QosRecord {
  /** The packet's id on the wire. */
  readonly packetId: bigint
  /** Milliseconds, modulo 65536. */
  readonly holdingMs: number
}

/**
 * "I received these on this path, so long ago."
 *
 *     28  each: u64 packet id, u16 holding time — both little-endian, alone in the protocol
 *
 * An incomplete record is ignored.
 */
export interface QosMeasurement {
  readonly records: readonly QosRecord[]
}

export function decodeQosMeasurement(r: ByteReader): QosMeasurement | undefined {
  if (r.remaining < 10 || r.remaining > 10 * MAX_QOS_RECORDS) return undefined
  const records: QosRecord[] = []
  while (r.remaining >= 10) {
    const low = swap32(r.u32())
    const high = swap32(r.u32())
    const packetId = (BigInt(high) << 32n) | BigInt(low)
    records.push({ packetId, holdingMs: r.u8() | (r.u8() << 8) })
  }
  return { records }
}

export function encodeQosMeasurement(w: ByteWriter, qos: QosMeasurement): void {
  for (const { packetId, holdingMs } of qos.records) {
    w.u32(swap32(Number(packetId & 0xffff_ffffn))).u32(swap32(Number(packetId >> 32n)))
    w.u8(holdingMs & 0xff).u8((holdingMs >>> 8) & 0xff)
  }
}

function swap32(value: number): number {
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0
}
