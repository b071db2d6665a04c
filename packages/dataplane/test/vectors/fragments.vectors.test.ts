/** Datagrams in order: what the pipeline puts together and opens, and what a root passes on. */
import { PACKET_HEADER, Verb, decodeUserMessage, parseAddress } from '@zt/protocol'
import { ByteReader, Endpoint, formatHex, parseHex } from '@zt/sansio'
import { describe, expect, it } from 'vitest'
import { VectorFile } from '../../../../fixtures/vector-file.js'
import { Received } from '../../src/inbound/outcome.js'
import { receive } from '../../src/receive.js'
import { DataPath, NOW, SOCKET, anybody } from './data-path.js'

const file = new VectorFile('fragments.json')
const endpoint = '203.0.113.7/9993'
const from = Endpoint.parse(endpoint)

/** Take a datagram that lies somewhere in a larger buffer, as they do. */
function take(path: DataPath, text: string, at = NOW, sender = from) {
  const bytes = parseHex(`a5a5a5${text}a5`)
  return receive(path.d, at, SOCKET, sender, bytes, 3, bytes.length - 4)
}

describe('fragments.json: reassemble', () => {
  interface Case {
    readonly why: string
    readonly key: string
    readonly sender: string
    readonly receiver: string
    readonly datagrams: readonly string[]
    readonly deliveries: readonly { readonly after: number; readonly typeId: string; readonly data: string }[]
  }

  it.each(file.cases<Case>('reassemble'))('$why', (c) => {
    const path = new DataPath(anybody(parseAddress(c.receiver)))
    const link = path.addPeer(anybody(parseAddress(c.sender)), parseHex(c.key), endpoint)
    const deliveries = c.datagrams.flatMap((text, after) => {
      if (take(path, text, NOW + after) !== Received.control) return []
      const { packet } = path.d
      expect(packet.verb).toBe(Verb.UserMessage)
      expect(packet.link).toBe(link)
      const message = decodeUserMessage(new ByteReader(packet.bytes, packet.at + PACKET_HEADER, packet.end))!
      return [{ after, typeId: message.type, data: formatHex(message.data) }]
    })
    expect(deliveries).toEqual(c.deliveries.map((each) => ({ ...each, typeId: BigInt(each.typeId) })))
    expect(path.sent).toEqual([])
  })
})

describe('fragments.json: forward', () => {
  interface Case {
    readonly datagram: string
    readonly forwarded: string | null
  }
  /** Whom a datagram is for, and who sent it; a fragment does not say. */
  const ends = ({ datagram }: Case): [receiver: number, sender: number | undefined] => {
    const isFragment = datagram.slice(26, 28) === 'ff'
    return [parseAddress(datagram.slice(16, 26)), isFragment ? undefined : parseAddress(datagram.slice(26, 36))]
  }

  it('a root passes on what has not come too far', () => {
    for (const c of file.cases<Case>('forward')) {
      const [receiver, sender] = ends(c)
      const path = new DataPath(anybody(0x11_1111_1111))
      path.d.isRelay = true
      path.addPeer(anybody(receiver), new Uint8Array(48), endpoint)
      const outcome = take(path, c.datagram, NOW, Endpoint.parse('198.51.100.9/9993'))
      expect(path.sent.map(({ to, bytes }) => [to.toString(), formatHex(bytes)])).toEqual(
        c.forwarded === null ? [] : [[endpoint, c.forwarded]],
      )
      // Both ends are worth introducing to each other, if the source can be seen.
      expect(outcome).toBe(c.forwarded !== null && sender !== undefined ? Received.relayed : Received.done)
      if (outcome === Received.relayed) expect(path.d.packet.source).toBe(sender)
      expect(path.counters.get(c.forwarded === null ? 'relay-too-far' : 'relayed')).toBe(1)
    }
  })

  it('anybody else does not', () => {
    for (const c of file.cases<Case>('forward')) {
      const path = new DataPath(anybody(0x11_1111_1111))
      path.addPeer(anybody(ends(c)[0]), new Uint8Array(48), endpoint)
      expect(take(path, c.datagram)).toBe(Received.done)
      expect(path.sent).toEqual([])
      expect(path.counters.get('relay-refused')).toBe(1)
    }
  })
})
