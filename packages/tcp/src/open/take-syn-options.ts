import type { Tcb } from '../tcb.js'
import type { Segment } from '../wire/segment.js'

/** What a peer takes that does not say (RFC 9293 section 3.7.1). */
export const DEFAULT_MSS_V4 = 536
export const DEFAULT_MSS_V6 = 1220

/** Agree on what both sides offer. Ours was offered before, or follows in our SYN,ACK. */
export function takeSynOptions(tcb: Tcb, seg: Segment): void {
  const { settings } = tcb.host
  negotiate(
    tcb,
    seg.mss,
    seg.windowScale,
    settings.sack && seg.sackPermitted,
    settings.timestamps && seg.hasTimestamp,
    seg.tsval,
    seg.now,
  )
}

/** The same from the row of a half-open connection. An `mss` of 0 and a `scale` below 0 mean that none was offered. */
export function negotiate(
  tcb: Tcb,
  mss: number,
  scale: number,
  sack: boolean,
  timestamps: boolean,
  tsval: number,
  now: number,
): void {
  const { snd, rcv } = tcb
  const offered = mss === 0 ? (tcb.sink.family === 4 ? DEFAULT_MSS_V4 : DEFAULT_MSS_V6) : mss
  snd.peerMss = Math.max(offered, tcb.host.settings.mssMin)
  snd.scale = scale < 0 ? 0 : scale
  rcv.scale = scale < 0 ? 0 : windowScaleFor(tcb.host.settings.receiveBufferMaxBytes)
  tcb.hasScaling = scale >= 0
  tcb.sackOk = sack
  tcb.timestampsOk = timestamps
  if (timestamps) {
    tcb.tsRecent = tsval
    tcb.tsRecentAt = now
  }
  tcb.updateMss()
}

/** The least shift with which a window of this many bytes can be announced. */
export function windowScaleFor(bytes: number): number {
  let shift = 0
  while (shift < 14 && 65_535 * 2 ** shift < bytes) shift++
  return shift
}
