import {
  BROADCAST_MAC,
  ByteReader,
  ByteWriter,
  Endpoint,
  IpAddress,
  IpPrefix,
  formatHex,
  formatMac,
  isMulticastMac,
  isZtError,
} from '@zt/sansio'
import { describe, expect, it } from 'vitest'
import {
  RFC4193_PREFIX_BITS,
  SIX_PLANE_PREFIX_BITS,
  addressOfMac,
  decodeInetAddress,
  encodeInetAddress,
  formatAddress,
  ipScope,
  isMemberMac,
  isPathScope,
  linkLocalAddress,
  macMask,
  macOf,
  parseAddress,
  parseNetworkId,
  resolutionGroup,
  rfc4193Address,
  sixPlaneAddress,
  xorMac,
} from '../src/index.js'
import { VectorFile, hex, hexNumber } from './vector-file.js'

const file = new VectorFile('inetaddress-mac-multicast.json')

/** Those about frames are tested where frames are: in the packages of the data path. */
const ELSEWHERE = ['ethernet-multicast', 'ndp-emulation']

/** An IPv4-mapped IPv6 address is its IPv4 address here, so that one host has one key; upstream keeps them apart. */
function isMapped(ip: string): boolean {
  return ip.startsWith('::ffff:')
}

describe('inetaddress-mac-multicast.json', () => {
  it('has no kinds that are not tested here or in the data path', () => {
    expect(file.kinds).toEqual([
      'derived-ipv6',
      'ethernet-multicast',
      'inet-contains',
      'inet-deserialize',
      'inet-matching-bits',
      'inet-net',
      'inet-parse',
      'inet-serialize',
      'ip-scope',
      'link-local',
      'mac',
      'mac-to-address',
      'multicast-group',
      'ndp-emulation',
    ])
    expect(ELSEWHERE.every((kind) => file.kinds.includes(kind))).toBe(true)
  })

  interface SerializeCase {
    readonly family: number
    readonly ip: string
    readonly port: number
    readonly bytes: string
  }
  it('InetAddress, written', () => {
    for (const c of file.cases<SerializeCase>('inet-serialize')) {
      const w = new ByteWriter()
      encodeInetAddress(w, c.family === 0 ? undefined : new Endpoint(IpAddress.parse(c.ip), c.port))
      expect(formatHex(w.bytes)).toBe(c.bytes)
    }
  })

  interface DeserializeCase extends SerializeCase {
    readonly why: string
    readonly input: string
    readonly ok: boolean
    readonly consumed: number
  }
  it.each(file.cases<DeserializeCase>('inet-deserialize'))('InetAddress, read: $why $input', (c) => {
    const bytes = hex(c.input)
    const r = new ByteReader(bytes)
    const endpoint = decodeInetAddress(r)
    // Upstream steps over a reserved address without looking whether all of it is there.
    const isCutOff = c.ok && c.consumed > bytes.length
    expect(r.ok).toBe(c.ok && !isCutOff)
    if (!r.ok) return
    expect(r.offset).toBe(c.consumed)
    expect(endpoint?.ip.family ?? 0).toBe(c.family)
    if (endpoint) expect(endpoint.toString()).toBe(`${IpAddress.parse(c.ip)}/${c.port}`)
  })

  interface ScopeCase {
    readonly ip: string
    readonly scope: number
    readonly validForPath: boolean
    readonly preferenceRank: number
  }
  it('scopes', () => {
    for (const c of file.cases<ScopeCase>('ip-scope')) {
      const ip = IpAddress.parse(c.ip)
      if (isMapped(c.ip)) {
        expect(ipScope(ip), c.ip).toBe(ipScope(IpAddress.parse(c.ip.slice(7))))
        continue
      }
      expect(ipScope(ip), c.ip).toBe(c.scope)
      // 2001:470::/32 is a tunnel broker: the address is global, and refused by those who choose paths.
      const isTunnel = IpPrefix.parse('2001:470::/32').contains(ip)
      expect(isPathScope(ipScope(ip)) && !isTunnel, c.ip).toBe(c.validForPath)
      expect(2 * ipScope(ip) + (ip.isV6 ? 1 : 0), c.ip).toBe(c.preferenceRank)
    }
  })

  interface ParseCase {
    readonly input: string
    readonly quirk: boolean
    readonly ok: boolean
    readonly family: number
    readonly text: string
  }
  it.each(file.cases<ParseCase>('inet-parse'))('text: "$input"', (c) => {
    let parsed: Endpoint | undefined
    try {
      parsed = Endpoint.parse(c.input)
    } catch (error) {
      expect(isZtError(error, 'ZT_ARG_INVALID')).toBe(true)
    }
    // Quirks are texts that upstream reads somehow; ours may refuse them.
    if (c.quirk) return
    // Without a port upstream means port 0, and an empty text means no address at all: ours wants what it says.
    const isComplete = /^[^/]+\/\d+$/.test(c.input)
    expect(parsed !== undefined, c.input).toBe(c.ok && isComplete)
    if (parsed) expect(parsed.toString()).toBe(isMapped(c.text) ? c.text.slice(7) : c.text)
  })

  interface NetCase {
    readonly ip: string
    readonly bits: number
    readonly netmask?: string
    readonly network?: string
    readonly broadcast?: string
    readonly isNetwork: boolean
    readonly isDefaultRoute: boolean
  }
  it('prefixes', () => {
    for (const c of file.cases<NetCase>('inet-net')) {
      const prefix = IpPrefix.parse(`${c.ip}/${c.bits}`)
      const length = prefix.address.bytes.length
      const ones = IpAddress.of(new Uint8Array(length).fill(0xff))
      if (!ones) throw new Error('expected an address')
      const mask = new IpPrefix(ones, c.bits).network.address
      // Upstream has none of these for 0.0.0.0/0, which it stores as no address.
      if (c.network !== undefined) expect(prefix.network.address.toString()).toBe(c.network)
      if (c.netmask !== undefined) expect(mask.toString()).toBe(c.netmask)
      if (c.broadcast !== undefined) {
        const broadcast = prefix.network.address.bytes.map((byte, i) => byte | (~mask.bytes[i] & 0xff))
        expect(broadcast.join('.')).toBe(c.broadcast)
      }
      expect(prefix.bits === 0 && prefix.address.isUnspecified, c.ip).toBe(c.isDefaultRoute)
      expect(
        c.bits > 0 && c.bits < 8 * length && prefix.address.equals(prefix.network.address),
        `${c.ip}/${c.bits}`,
      ).toBe(c.isNetwork)
    }
  })

  interface ContainsCase {
    readonly net: string
    readonly bits: number
    readonly addr: string
    readonly contains: boolean
  }
  it('what a prefix contains', () => {
    for (const c of file.cases<ContainsCase>('inet-contains')) {
      const net = IpPrefix.parse(`${c.net}/${c.bits}`)
      // For IPv6 upstream compares with the prefix's address, host bits and all; a prefix with host bits then contains nothing.
      const isQuirk = net.address.isV6 && !net.address.equals(net.network.address)
      expect(net.contains(IpAddress.parse(c.addr)) && !isQuirk, `${c.net}/${c.bits} ${c.addr}`).toBe(c.contains)
    }
  })

  interface MatchingCase {
    readonly a: string
    readonly b: string
    readonly bits: number
  }
  it('leading bits in common', () => {
    for (const c of file.cases<MatchingCase>('inet-matching-bits')) {
      const [a, b] = [IpAddress.parse(c.a), IpAddress.parse(c.b)]
      expect(a.matches(b, c.bits)).toBe(a.family === b.family)
      if (a.family === b.family && c.bits < 8 * a.bytes.length) expect(a.matches(b, c.bits + 1)).toBe(false)
    }
  })

  interface MacCase {
    readonly nwid: string
    readonly address: string
    readonly mac: string
    readonly firstOctet: number
    readonly back: string
  }
  it('MACs of members', () => {
    for (const c of file.cases<MacCase>('mac')) {
      const [networkId, address] = [parseNetworkId(c.nwid), hexNumber(c.address)]
      const mac = macOf(address, networkId)
      expect(mac).toBe(hexNumber(c.mac))
      expect(mac).toBe(xorMac(macMask(networkId), address))
      expect(Math.floor(mac / 2 ** 40)).toBe(c.firstOctet)
      expect(addressOfMac(mac, networkId)).toBe(hexNumber(c.back))
      expect(isMemberMac(mac, networkId)).toBe(true)
    }
  })

  interface MacToAddressCase extends MacCase {
    readonly text: string
    readonly isMulticast: boolean
    readonly isBroadcast: boolean
    readonly isLocallyAdministered: boolean
  }
  it('addresses of MACs', () => {
    for (const c of file.cases<MacToAddressCase>('mac-to-address')) {
      const mac = hexNumber(c.mac)
      expect(formatMac(mac)).toBe(c.text)
      expect(formatAddress(addressOfMac(mac, parseNetworkId(c.nwid)))).toBe(c.address)
      expect(isMulticastMac(mac)).toBe(c.isMulticast)
      expect(mac === BROADCAST_MAC).toBe(c.isBroadcast)
      expect(((mac / 2 ** 40) & 2) !== 0).toBe(c.isLocallyAdministered)
    }
  })

  interface GroupCase {
    readonly ip: string
    readonly mac: string
    readonly adi: number
  }
  it('groups for address resolution', () => {
    for (const c of file.cases<GroupCase>('multicast-group')) {
      expect(resolutionGroup(IpAddress.parse(c.ip))).toEqual({ mac: hexNumber(c.mac), adi: c.adi })
    }
  })

  interface DerivedCase {
    readonly nwid: string
    readonly address: string
    readonly rfc4193: string
    readonly rfc4193Bytes: string
    readonly sixPlane: string
    readonly sixPlaneBytes: string
  }
  it('IPv6 addresses of members', () => {
    for (const c of file.cases<DerivedCase>('derived-ipv6')) {
      const [networkId, address] = [parseNetworkId(c.nwid), parseAddress(c.address)]
      expect(`${rfc4193Address(networkId, address)}/${RFC4193_PREFIX_BITS}`).toBe(c.rfc4193)
      expect(formatHex(rfc4193Address(networkId, address).bytes)).toBe(c.rfc4193Bytes)
      expect(`${sixPlaneAddress(networkId, address)}/${SIX_PLANE_PREFIX_BITS}`).toBe(c.sixPlane)
      expect(formatHex(sixPlaneAddress(networkId, address).bytes)).toBe(c.sixPlaneBytes)
    }
  })

  interface LinkLocalCase {
    readonly mac: string
    readonly ip: string
  }
  it('link-local addresses', () => {
    for (const c of file.cases<LinkLocalCase>('link-local')) {
      expect(`${linkLocalAddress(hexNumber(c.mac))}/64`).toBe(c.ip)
    }
  })
})
