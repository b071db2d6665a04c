/** Frames for many, from the link to the group they go to, or to the answer that nobody had to be asked for. */
import { SessionKeys, createSalsaPoly } from '@zt/crypto'
import {
  Armor,
  type MulticastFrame,
  type MulticastGroup,
  type NetworkConfig,
  PACKET_HEADER,
  Verb,
  decodeMulticastFrame,
  macOf,
  parseNetworkId,
  verbOf,
} from '@zt/protocol'
import { ByteReader, IpPrefix, formatHex, parseHex } from '@zt/sansio'
import { describe, expect, it } from 'vitest'
import { VectorFile } from '../../../../fixtures/vector-file.js'
import type { Port } from '../../src/networks/port.js'
import { sendQueued } from '../../src/outbound/multicast.js'
import { DataPath, NOW, anybody, configOf } from './data-path.js'

const file = new VectorFile('inetaddress-mac-multicast.json')
const hexNumber = (text: string): number => Number.parseInt(text, 16)

const IPV6 = 0x86dd
const agreement = new Uint8Array(48).fill(7)
const listener = anybody(0x12_3456_789a)
const armor = new Armor(createSalsaPoly())

interface Frame {
  readonly source: string
  readonly destination: string
  readonly etherType: number
  readonly payload: string
}

/** A node that is in one network, with what its link was given. */
function join(address: number, config: NetworkConfig): { path: DataPath; port: Port; received: Frame[] } {
  const path = new DataPath(anybody(address))
  path.addPeer(listener, agreement, '203.0.113.7/9993')
  const port = path.addPort(config)
  const received: Frame[] = []
  port.onReceive = (source, destination, etherType, bytes, offset, length) => {
    const payload = formatHex(bytes.subarray(offset, offset + length))
    received.push({ source: mac(source), destination: mac(destination), etherType, payload })
  }
  return { path, port, received }
}

function mac(value: number): string {
  return value.toString(16).padStart(12, '0')
}

/** Send the frame from somewhere in a larger buffer, as frames do, and end the burst. */
function send(path: DataPath, port: Port, to: string, etherType: number, data: string): void {
  const bytes = parseHex(`a5a5a5${data}a5a5a5`)
  expect(port.send(hexNumber(to), etherType, bytes, 3, bytes.length - 6)).toBe(true)
  path.d.flush(NOW)
}

/** What a member that turns out to listen to the group is sent. */
function sentToListener(path: DataPath, port: Port, group: MulticastGroup): MulticastFrame[] {
  path.sent.length = 0
  sendQueued(path.d, port, group, listener.address)
  return path.sent.map(({ bytes }) => {
    expect(armor.dearmor(bytes, 0, bytes.length, new SessionKeys(agreement))).toBe(true)
    expect(verbOf(bytes, 0)).toBe(Verb.MulticastFrame)
    return decodeMulticastFrame(new ByteReader(bytes, PACKET_HEADER))!
  })
}

describe('inetaddress-mac-multicast.json: ethernet-multicast', () => {
  interface Case {
    readonly why: string
    readonly flags: string
    readonly multicastLimit: number
    readonly to: string
    readonly etherType: number
    readonly data: string
    readonly group: { readonly mac: string; readonly adi: number } | null
  }
  const self = 0x8a_097b_647b
  const networkId = 0x8056_c2e2_1c00_0001n

  it.each(file.cases<Case>('ethernet-multicast'))('$why, to $to', (c) => {
    const { flags, multicastLimit, to, etherType, data } = c
    const { path, port, received } = join(self, configOf(networkId, self, { flags: BigInt(flags), multicastLimit }))
    send(path, port, to, etherType, data)
    const group = c.group && { mac: hexNumber(c.group.mac), adi: c.group.adi }
    expect(path.asked).toEqual(group ? [group] : [])
    expect(path.sent).toEqual([])
    expect(received).toEqual([])
    if (!group) {
      expect(Object.keys(path.counters.snapshot())).toEqual([
        expect.stringMatching(/^(broadcast|multicast)-not-allowed$/),
      ])
      return
    }
    const [frame, ...more] = sentToListener(path, port, group)
    expect(more).toEqual([])
    expect(frame).toMatchObject({ networkId, group, etherType })
    expect(formatHex(frame.payload)).toBe(data)
  })
})

describe('inetaddress-mac-multicast.json: ndp-emulation', () => {
  interface Case {
    readonly why: string
    readonly nwid: string
    readonly myAddress: string
    readonly flags: string
    readonly staticIps: readonly string[]
    readonly from: string
    readonly to: string
    readonly data: string
    readonly reply: {
      readonly src: string
      readonly dst: string
      readonly etherType: number
      readonly data: string
    } | null
    readonly passedOn: boolean
  }

  it.each(file.cases<Case>('ndp-emulation'))('$why, on $nwid', (c) => {
    const [networkId, self] = [parseNetworkId(c.nwid), hexNumber(c.myAddress)]
    const staticIps = c.staticIps.map((text) => IpPrefix.parse(text))
    const { path, port, received } = join(self, configOf(networkId, self, { flags: BigInt(c.flags), staticIps }))
    expect(mac(port.mac)).toBe(c.from)
    expect(port.mac).toBe(macOf(self, networkId))
    send(path, port, c.to, IPV6, c.data)

    const group = { mac: hexNumber(c.to), adi: 0 }
    expect(path.asked).toEqual(c.passedOn ? [group] : [])
    const { reply } = c
    expect(received).toEqual(
      reply ? [{ source: reply.src, destination: reply.dst, etherType: reply.etherType, payload: reply.data }] : [],
    )
    expect(sentToListener(path, port, group).map(({ payload }) => formatHex(payload))).toEqual(
      c.passedOn ? [c.data] : [],
    )
  })
})
