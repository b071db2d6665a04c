import { EtherSegment, SeededRandom, type SimEtherLink, VirtualClock } from '@zt/testkit'
import { BROADCAST_MAC, type EtherLink, formatMac, IpPrefix, type IpLink, type Mac } from '@zt/sansio'
import { type Interface, IpStack, type IpStackOptions, type Settings } from '../src/index.js'
import { arp, type Decoded, decode, icmpv6, ip, ipv6, concat, macBytes } from './reference/packets.js'

export const H_MAC: Mac = 0x0200_0000_0001
export const P_MAC: Mac = 0x0200_0000_0002
/** The host under test and the scripted peer, in both families. */
export const H4 = '10.0.0.1'
export const P4 = '10.0.0.2'
export const H6 = 'fd00::1'
export const P6 = 'fd00::2'

/** A frame as a link saw it. */
export interface Frame {
  readonly destination: Mac
  readonly etherType: number
  readonly bytes: Uint8Array
}

/** A link whose other end is the test: what is sent is kept, what is received is said. */
export class ScriptedEther implements EtherLink {
  readonly mac = H_MAC
  mtu = 1500
  isUp = true
  isFull = false
  readonly groups: string[] = []
  sent: Frame[] = []
  onReceive: EtherLink['onReceive'] = () => {}
  onDrain: () => void = () => {}
  onChange: () => void = () => {}

  send(destination: Mac, etherType: number, bytes: Uint8Array, offset: number, length: number): boolean {
    if (this.isFull) return false
    this.sent.push({ destination, etherType, bytes: bytes.slice(offset, offset + length) })
    return true
  }

  joinGroup(group: Mac, detail = 0): void {
    this.groups.push(`${group.toString(16)}/${detail.toString(16)}`)
  }

  leaveGroup(group: Mac, detail = 0): void {
    this.groups.splice(this.groups.indexOf(`${group.toString(16)}/${detail.toString(16)}`), 1)
  }

  /** All that was sent since this was last asked. */
  take(): Frame[] {
    const taken = this.sent
    this.sent = []
    return taken
  }
}

export class ScriptedIp implements IpLink {
  mtu = 1500
  isUp = true
  isFull = false
  sent: Uint8Array[] = []
  onReceive: IpLink['onReceive'] = () => {}
  onDrain: () => void = () => {}
  onChange: () => void = () => {}

  send(bytes: Uint8Array, offset: number, length: number): boolean {
    if (this.isFull) return false
    this.sent.push(bytes.slice(offset, offset + length))
    return true
  }

  take(): Decoded[] {
    const taken = this.sent
    this.sent = []
    return taken.map((packet) => decode(packet))
  }
}

/** A stack on a link of bare IP packets: H, with the test as its peer. */
export class IpScript {
  readonly clock = new VirtualClock()
  readonly link = new ScriptedIp()
  readonly stack: IpStack
  readonly nic: Interface

  constructor(settings: Partial<Settings> = {}, seed = 1) {
    this.stack = new IpStack({ clock: this.clock, random: new SeededRandom(seed), settings })
    this.nic = this.stack.attachIp(this.link, { name: 'tun0' })
    this.nic.addAddress(IpPrefix.parse(`${H4}/24`))
    this.nic.addAddress(IpPrefix.parse(`${H6}/64`))
  }

  /** Packets arrive, one burst. What is sent in answer. */
  receive(...packets: readonly Uint8Array[]): Decoded[] {
    for (const packet of packets) {
      // An odd offset inside a larger buffer: nothing may depend on alignment or on owning the buffer.
      const bytes = concat(Uint8Array.of(0xaa, 0xbb, 0xcc), packet, Uint8Array.of(0xdd))
      this.link.onReceive(bytes, 3, packet.length)
      bytes.fill(0xee)
    }
    this.clock.advance(0)
    return this.link.take()
  }

  count(name: string): number {
    return this.stack.counters.get(name)
  }
}

/** The same on Ethernet. */
export class EtherScript {
  readonly clock = new VirtualClock()
  readonly link = new ScriptedEther()
  readonly stack: IpStack
  readonly nic: Interface
  readonly conflicts: string[] = []

  constructor(settings: Partial<Settings> = {}) {
    const onAddressConflict: IpStackOptions['onAddressConflict'] = (nic, address, mac) => {
      this.conflicts.push(`${address} on ${nic.name}: ${mac === undefined ? 'unknown' : formatMac(mac)}`)
    }
    this.stack = new IpStack({ clock: this.clock, random: new SeededRandom(1), settings, onAddressConflict })
    this.nic = this.stack.attachEther(this.link, { name: 'eth0' })
    this.nic.addAddress(IpPrefix.parse(`${H4}/24`))
    this.nic.addAddress(IpPrefix.parse(`${H6}/64`))
    this.clock.advance(0)
    this.link.take()
  }

  receive(etherType: number, bytes: Uint8Array, source = P_MAC, destination: Mac = H_MAC): Frame[] {
    const frame = bytes.slice()
    this.link.onReceive(source, destination, etherType, frame, 0, frame.length)
    frame.fill(0xee)
    this.clock.advance(0)
    return this.link.take()
  }

  receiveArp(operation: number, senderMac: Mac, sender: string, target: string, to: Mac = BROADCAST_MAC): Frame[] {
    return this.receive(0x806, arp(operation, senderMac, sender, operation === 2 ? H_MAC : 0, target), senderMac, to)
  }

  /** A neighbour solicitation (135) or advertisement (136). */
  receiveNdp(
    type: number,
    message: { src: string; dst: string; target: string; flags?: number; mac?: Mac; hopLimit?: number },
  ): Frame[] {
    const option =
      message.mac === undefined
        ? new Uint8Array(0)
        : concat(Uint8Array.of(type === 135 ? 1 : 2, 1), macBytes(message.mac))
    const body = concat(ip(message.target).bytes, option)
    const payload = icmpv6(message.src, message.dst, type, 0, (message.flags ?? 0) * 0x100_0000, body)
    const isGroup = ip(message.dst).isMulticast
    const packet = ipv6({ src: message.src, dst: message.dst, next: 58, payload, hopLimit: message.hopLimit ?? 255 })
    return this.receive(0x86dd, packet, P_MAC, isGroup ? 0x3333_0000_0001 : H_MAC)
  }

  /** What is sent until `ms` have passed. */
  after(ms: number): Frame[] {
    this.clock.advance(ms)
    return this.link.take()
  }

  count(name: string): number {
    return this.stack.counters.get(name)
  }
}

/** A host of a simulated Ethernet segment. */
export interface LanHost {
  readonly stack: IpStack
  readonly nic: Interface
  readonly link: SimEtherLink
}

/** Hosts 10.0.0.1, fd00::1 and up, on one segment. */
export function lan(
  count: number,
  profile: Partial<ConstructorParameters<typeof EtherSegment>[0]> = {},
): { clock: VirtualClock; hosts: LanHost[] } {
  const clock = new VirtualClock()
  const segment = new EtherSegment({ clock, random: new SeededRandom(1), ...profile })
  const hosts = Array.from({ length: count }, (_, i) => {
    const link = segment.attach(0x0200_0000_0001 + i)
    const stack = new IpStack({ clock, random: new SeededRandom(100 + i) })
    const nic = stack.attachEther(link, { name: 'eth0' })
    nic.addAddress(IpPrefix.parse(`10.0.0.${i + 1}/24`))
    nic.addAddress(IpPrefix.parse(`fd00::${i + 1}/64`))
    return { stack, nic, link }
  })
  return { clock, hosts }
}
