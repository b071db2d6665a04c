// Bytes
export { ByteReader } from './bytes/reader.js'
export { ByteWriter } from './bytes/writer.js'
export { formatHex, parseHex } from './bytes/hex.js'
export { latin1, fromLatin1 } from './bytes/text.js'
export { equalBytes, equalSecret, compareBytes } from './bytes/equal.js'
// Time
export { type Instant, type Duration, NEVER } from './time/instant.js'
export { TimerTable } from './time/timer-table.js'
export { DeadlineQueue, type Deadline } from './time/deadline-queue.js'
export { RateGate } from './time/rate-gate.js'
// Addresses
export { IpAddress } from './net/ip-address.js'
export { IpPrefix } from './net/ip-prefix.js'
export { Endpoint } from './net/endpoint.js'
export { type Mac, BROADCAST_MAC, isMulticastMac, formatMac, parseMac } from './net/mac-address.js'
// Collections
export { BoundedMap } from './collections/bounded-map.js'
// Errors and counters
export { ZtError, isZtError, invariant, type ErrorCode, type ErrorDetails } from './errors.js'
export { Counters } from './diagnostics.js'
// The machine contract and the loop that runs it
export { Driver, type Machine } from './driver.js'
// Ports
export type { Clock } from './ports/clock.js'
export type { RandomSource } from './ports/random.js'
export type { DatagramPort, DatagramReceiver, LocalSocket } from './ports/datagram.js'
export type { EtherLink, IpLink } from './ports/link.js'
export { type StateStore, MemoryStateStore } from './ports/state-store.js'
