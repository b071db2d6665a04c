import { type ByteReader, type ByteWriter, Endpoint, IpAddress } from '@zt/sansio'

const FORGET = 0x01
const REDIRECT = 0x02

/** An endpoint that the sender can be reached at. */
export interface DirectPath {
  readonly endpoint: Endpoint
  /** The sender wants to be talked to there and nowhere else. */
  readonly redirect?: boolean
  /** Not there any more. Never sent by ZeroTierOne, and ignored by it. */
  readonly forget?: boolean
}

/**
 * "You may reach me there as well."
 *
 *     28  u16  number of records
 *     each:
 *         u8     flags: 0x01 forget, 0x02 redirect
 *         u16 E  length of
 *         [E]    extensions, skipped
 *         u8     4 or 6; records of other types are skipped
 *         u8 A   length of address and port: 6 or 18
 *         [A]    IP address, u16 port
 */
export interface PushDirectPaths {
  readonly paths: readonly DirectPath[]
}

export function decodePushDirectPaths(r: ByteReader): PushDirectPaths | undefined {
  const paths: DirectPath[] = []
  for (let left = r.u16(); left > 0 && r.ok; left--) {
    const flags = r.u8()
    r.skip(r.u16())
    const type = r.u8()
    const address = r.sub(r.u8())
    if (type !== 4 && type !== 6) continue
    const ip = IpAddress.of(address.take(type === 4 ? 4 : 16))
    const port = address.u16()
    if (!ip || !address.ok) return undefined
    const endpoint = new Endpoint(ip, port)
    paths.push({ endpoint, ...(flags & REDIRECT && { redirect: true }), ...(flags & FORGET && { forget: true }) })
  }
  return r.ok ? { paths } : undefined
}

export function encodePushDirectPaths(w: ByteWriter, push: PushDirectPaths): void {
  w.u16(push.paths.length)
  for (const { endpoint, redirect, forget } of push.paths) {
    const { ip, port } = endpoint
    w.u8((forget ? FORGET : 0) | (redirect ? REDIRECT : 0)).u16(0)
    w.u8(ip.family)
      .u8(ip.bytes.length + 2)
      .put(ip.bytes)
      .u16(port)
  }
}
