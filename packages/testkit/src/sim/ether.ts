import { type Clock, type EtherLink, type IpLink, isMulticastMac, type Mac } from '@zt/sansio'
import { SeededRandom } from '../seeded-random.js'
import { Channel, type LinkProfile } from './channel.js'

/** What simulated links are made of. `random` may be left out where nothing is left to chance. */
export interface SegmentOptions extends LinkProfile {
  readonly clock: Clock
  readonly random?: SeededRandom
}

/** An Ethernet segment in memory: any number of stations, impairments on each one's way out. */
export class EtherSegment {
  readonly #options: SegmentOptions
  readonly #random: SeededRandom
  readonly #stations = new Set<SimEtherLink>()
  /** Called with every frame that arrives at the segment, with its 14-byte header: for recorders. Borrowed bytes. */
  onFrame: (frame: Uint8Array) => void = () => {}

  constructor(options: SegmentOptions) {
    this.#options = options
    this.#random = options.random ?? new SeededRandom()
  }

  /** A new station. `mtu` is 1500 unless the segment was given another. */
  attach(mac: Mac): SimEtherLink {
    const link = new SimEtherLink(
      mac,
      this.#options,
      this.#random.fork(`station ${this.#stations.size}`),
      (frame, from) => {
        this.#carry(frame, from)
      },
    )
    this.#stations.add(link)
    return link
  }

  detach(link: SimEtherLink): void {
    this.#stations.delete(link)
  }

  #carry(frame: Uint8Array, from: SimEtherLink): void {
    this.onFrame(frame)
    const destination = readMac(frame, 0)
    for (const station of this.#stations) if (station !== from && station.wants(destination)) station.receive(frame)
  }
}

/** One station of an `EtherSegment`. */
export class SimEtherLink implements EtherLink {
  readonly mac: Mac
  readonly #channel: Channel<undefined>
  readonly #clock: Clock
  readonly #groups = new Set<Mac>()
  readonly #scratch: Uint8Array<ArrayBuffer>
  #mtu: number
  #isUp = true
  #isWaitedFor = false
  onReceive: EtherLink['onReceive'] = () => {}
  onDrain: () => void = () => {}
  onChange: () => void = () => {}

  constructor(
    mac: Mac,
    options: SegmentOptions,
    random: SeededRandom,
    carry: (frame: Uint8Array, from: SimEtherLink) => void,
  ) {
    this.mac = mac
    this.#clock = options.clock
    this.#mtu = options.mtu ?? 1500
    this.#scratch = new Uint8Array(ETHER_HEADER + 65_535)
    this.#channel = new Channel<undefined>(options.clock, random, { ...options, mtu: this.#mtu }, (frame) => {
      carry(frame, this)
    })
  }

  get mtu(): number {
    return this.#mtu
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** What happens to what this station sends from now on. `mtu` is changed with `setMtu`. */
  set profile(profile: LinkProfile) {
    this.#channel.profile = { ...profile, mtu: this.#mtu }
  }

  get profile(): LinkProfile {
    return this.#channel.profile
  }

  setMtu(mtu: number): void {
    this.#mtu = mtu
    this.#channel.profile = { ...this.#channel.profile, mtu }
    this.onChange()
  }

  setUp(isUp: boolean): void {
    if (isUp === this.#isUp) return
    this.#isUp = isUp
    this.onChange()
  }

  send(destination: Mac, etherType: number, bytes: Uint8Array, offset: number, length: number): boolean {
    if (!this.#isUp) return true
    if (this.#channel.isFull(ETHER_HEADER + length)) {
      waitForRoom(this.#clock, this.#channel, this.#isWaitedFor, () => {
        this.#isWaitedFor = false
        this.onDrain()
      })
      this.#isWaitedFor = true
      return false
    }
    if (length > this.#mtu) return true
    const frame = this.#scratch
    writeMac(frame, 0, destination)
    writeMac(frame, 6, this.mac)
    frame[12] = etherType >>> 8
    frame[13] = etherType
    copyInto(frame, ETHER_HEADER, bytes, offset, length)
    this.#channel.send(frame, 0, ETHER_HEADER + length, undefined, ETHER_HEADER)
    return true
  }

  joinGroup(group: Mac): void {
    this.#groups.add(group)
  }

  leaveGroup(group: Mac): void {
    this.#groups.delete(group)
  }

  /** Is this station addressed? Broadcast, its own address, or a group it is in. */
  wants(destination: Mac): boolean {
    if (!isMulticastMac(destination)) return destination === this.mac
    return destination === 0xffff_ffff_ffff || this.#groups.has(destination)
  }

  /** A frame with its header has arrived here. */
  receive(frame: Uint8Array): void {
    if (!this.#isUp) return
    const etherType = (frame[12] << 8) | frame[13]
    this.onReceive(readMac(frame, 6), readMac(frame, 0), etherType, frame, ETHER_HEADER, frame.length - ETHER_HEADER)
  }
}

/** Two stations on a segment of their own, for a test of two stacks. */
export function etherPair(options: SegmentOptions): [SimEtherLink, SimEtherLink] {
  const segment = new EtherSegment(options)
  return [segment.attach(0x02_00_00_00_00_01), segment.attach(0x02_00_00_00_00_02)]
}

/** One end of a wire that carries bare IP packets. */
export class SimIpLink implements IpLink {
  readonly #channel: Channel<undefined>
  readonly #clock: Clock
  #mtu: number
  #isUp = true
  #isWaitedFor = false
  onReceive: IpLink['onReceive'] = () => {}
  onDrain: () => void = () => {}
  onChange: () => void = () => {}

  /** @param carry receives, after the impairments, what this end sent. */
  constructor(options: SegmentOptions, random: SeededRandom, carry: (packet: Uint8Array) => void) {
    this.#clock = options.clock
    this.#mtu = options.mtu ?? 1500
    this.#channel = new Channel<undefined>(options.clock, random, { ...options, mtu: this.#mtu }, carry)
  }

  get mtu(): number {
    return this.#mtu
  }

  get isUp(): boolean {
    return this.#isUp
  }

  set profile(profile: LinkProfile) {
    this.#channel.profile = { ...profile, mtu: this.#mtu }
  }

  get profile(): LinkProfile {
    return this.#channel.profile
  }

  setMtu(mtu: number): void {
    this.#mtu = mtu
    this.#channel.profile = { ...this.#channel.profile, mtu }
    this.onChange()
  }

  setUp(isUp: boolean): void {
    if (isUp === this.#isUp) return
    this.#isUp = isUp
    this.onChange()
  }

  send(bytes: Uint8Array, offset: number, length: number): boolean {
    if (!this.#isUp) return true
    if (this.#channel.send(bytes, offset, length, undefined) !== 'queue-full') return true
    waitForRoom(this.#clock, this.#channel, this.#isWaitedFor, () => {
      this.#isWaitedFor = false
      this.onDrain()
    })
    this.#isWaitedFor = true
    return false
  }

  /** An IP packet has arrived here. */
  receive(packet: Uint8Array): void {
    if (this.#isUp) this.onReceive(packet, 0, packet.length)
  }
}

/** Two ends of a wire of bare IP packets. */
export function ipPair(options: SegmentOptions): [SimIpLink, SimIpLink] {
  const random = options.random ?? new SeededRandom()
  const a: SimIpLink = new SimIpLink(options, random.fork('a to b'), (packet) => b.receive(packet))
  const b: SimIpLink = new SimIpLink(options, random.fork('b to a'), (packet) => a.receive(packet))
  return [a, b]
}

const ETHER_HEADER = 14

function waitForRoom(clock: Clock, channel: Channel<undefined>, isWaitedFor: boolean, done: () => void): void {
  if (!isWaitedFor) clock.at(channel.halfEmptyAt(), done)
}

function readMac(bytes: Uint8Array, at: number): Mac {
  const low = ((bytes[at + 2] << 24) | (bytes[at + 3] << 16) | (bytes[at + 4] << 8) | bytes[at + 5]) >>> 0
  return ((bytes[at] << 8) | bytes[at + 1]) * 0x1_0000_0000 + low
}

function writeMac(bytes: Uint8Array, at: number, mac: Mac): void {
  const high = Math.floor(mac / 0x1_0000_0000)
  bytes[at] = high >>> 8
  bytes[at + 1] = high
  bytes[at + 2] = mac >>> 24
  bytes[at + 3] = mac >>> 16
  bytes[at + 4] = mac >>> 8
  bytes[at + 5] = mac
}

function copyInto(target: Uint8Array, at: number, bytes: Uint8Array, offset: number, length: number): void {
  target.set(offset === 0 && length === bytes.length ? bytes : bytes.subarray(offset, offset + length), at)
}
