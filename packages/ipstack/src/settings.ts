import type { Duration } from '@zt/sansio'

/** What may be set about a stack. Lengths of time in milliseconds, sizes in bytes. */
export interface Settings {
  /** TTL and hop limit of what we send, unless the flow says otherwise. */
  readonly hopLimit: number
  /** Answer pings. */
  readonly answerEcho: boolean
  /** All memory for unfinished IP datagrams, per family (RFC 815, 8200); beyond it the oldest is dropped. */
  readonly reassemblyBytes: number
  /** Unfinished datagrams from one source. */
  readonly reassemblyPerSource: number
  readonly reassemblyTimeoutV4: Duration
  readonly reassemblyTimeoutV6: Duration
  /** Entries of a neighbour cache, and how many of them may be unresolved: a scan must not push out real ones. */
  readonly neighbors: number
  readonly unresolvedNeighbors: number
  /** IP packets kept while one neighbour is being resolved; the oldest goes first. */
  readonly parkedPerNeighbor: number
  readonly neighborRetry: Duration
  readonly neighborTries: number
  /** How long a neighbour that did not answer is refused at once. */
  readonly neighborHoldDown: Duration
  /** RFC 4861 section 10: how long a confirmation holds, and how long upper layers have before a probe. */
  readonly reachableTime: Duration
  readonly delayFirstProbe: Duration
  /** ICMP errors: this many at once and one more each interval, over all destinations. */
  readonly errorBurst: number
  readonly errorInterval: Duration
  /** Echo replies, likewise. */
  readonly echoBurst: number
  readonly echoInterval: Duration
  /** Destinations with a path MTU of their own, and how long one is believed (RFC 8201 section 4). */
  readonly pathMtus: number
  readonly pathMtuAge: Duration
  /** An IPv4 "fragmentation needed" for less is taken as this much (RFC 791 asks 576 of every host). */
  readonly pathMtuFloorV4: number
  /** Bytes queued from ourselves to ourselves before a sender is told that the link is full. */
  readonly loopbackBytes: number
}

/** What a stack does unless told otherwise. */
export const defaultSettings: Settings = {
  hopLimit: 64,
  answerEcho: true,
  reassemblyBytes: 4 << 20,
  reassemblyPerSource: 64,
  reassemblyTimeoutV4: 30_000,
  reassemblyTimeoutV6: 60_000,
  neighbors: 1024,
  unresolvedNeighbors: 256,
  parkedPerNeighbor: 16,
  neighborRetry: 1000,
  neighborTries: 3,
  neighborHoldDown: 3000,
  reachableTime: 30_000,
  delayFirstProbe: 5000,
  errorBurst: 50,
  errorInterval: 1,
  echoBurst: 200,
  echoInterval: 0.1,
  pathMtus: 1024,
  pathMtuAge: 600_000,
  pathMtuFloorV4: 576,
  loopbackBytes: 1 << 20,
}
