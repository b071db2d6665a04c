import { describe, expect, it } from 'vitest'
import { type IpInput, PROTOCOL_UDP, type Settings, type Transport } from '../../src/index.js'
import { H6, IpScript, P6 } from '../lan.js'
import { be, bytesOf, concat, icmpv6, ipv6, type Ipv6Fields } from '../reference/packets.js'

class Catcher implements Transport {
  readonly payloads: Uint8Array[] = []
  handleSegment(_input: IpInput, bytes: Uint8Array, offset: number, length: number): boolean {
    this.payloads.push(bytes.slice(offset, offset + length))
    return true
  }
  handleError(): void {}
  flush(): void {}
}

const text = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i * 3)
const hello = bytesOf('hello, world')

function caught(settings: Partial<Settings> = {}) {
  const script = new IpScript(settings)
  const catcher = new Catcher()
  script.stack.registerTransport(PROTOCOL_UDP, catcher)
  const receive = (fields: Partial<Ipv6Fields>) =>
    script.receive(ipv6({ src: P6, dst: H6, next: 17, payload: hello, ...fields }))
  return { script, catcher, receive }
}

/** An extension header: its body is filled up to a multiple of 8. */
function extension(next: number, body: Uint8Array): Uint8Array {
  const padded = concat(body, new Uint8Array((8 - ((body.length + 2) % 8)) % 8))
  return concat(be([1, next], [1, (padded.length + 2) / 8 - 1]), padded)
}

function fragment(next: number, offset: number, more: boolean, id: number, payload: Uint8Array): Uint8Array {
  return concat(be([1, next], [1, 0], [2, offset | (more ? 1 : 0)], [4, id]), payload)
}

function fragments(payload: Uint8Array, size: number, id = 7, next = 17): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < payload.length; at += size) {
    const piece = fragment(next, at, at + size < payload.length, id, payload.subarray(at, at + size))
    pieces.push(ipv6({ src: P6, dst: H6, next: 44, payload: piece }))
  }
  return pieces
}

/** Type, code and pointer of an error. */
const problem = (payload: Uint8Array): number[] => [payload[0], payload[1], (payload[6] << 8) | payload[7]]

describe('IPv6 header and extensions', () => {
  it('IP6-01 IP6-03 delivers, ignoring what the link has padded', () => {
    const { script, catcher } = caught()
    script.receive(concat(ipv6({ src: P6, dst: H6, next: 17, payload: hello }), new Uint8Array(9)))
    expect(catcher.payloads).toEqual([hello])
  })

  it('IP6-02 drops a payload length past the end', () => {
    const { script, catcher, receive } = caught()
    receive({ payloadLength: hello.length + 1 })
    expect(catcher.payloads).toEqual([])
    expect(script.count('ipv6-malformed')).toBe(1)
  })

  it('drops sources that cannot be, and IPv4-mapped addresses', () => {
    const { script, catcher } = caught()
    for (const src of ['ff02::1', '::1', H6, '::']) script.receive(ipv6({ src, dst: H6, next: 17, payload: hello }))
    const mapped = ipv6({ src: P6, dst: H6, next: 17, payload: hello })
    mapped.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 2], 8)
    script.receive(mapped)
    expect(catcher.payloads).toEqual([])
    expect(script.count('ipv6-martian-source')).toBe(5)
  })

  it('drops what is for others', () => {
    const { script, receive } = caught()
    receive({ dst: 'fd00::77' })
    receive({ dst: '::1' })
    receive({ dst: 'ff02::fb' })
    expect(script.count('ipv6-not-ours')).toBe(3)
  })

  it('IP6-04 steps over hop-by-hop padding', () => {
    const { catcher, receive } = caught()
    receive({ next: 0, payload: concat(extension(17, be([1, 1], [1, 2], [2, 0], [1, 0])), hello) })
    expect(catcher.payloads).toEqual([hello])
  })

  it('IP6-05 refuses hop-by-hop options that do not come first', () => {
    const { catcher, receive } = caught()
    const chain = concat(extension(0, new Uint8Array(6)), extension(17, new Uint8Array(6)), hello)
    const [error] = receive({ next: 60, payload: chain })
    expect(catcher.payloads).toEqual([])
    expect(problem(error.payload)).toEqual([4, 1, 40])
  })

  it.each([
    ['IP6-06 skips', 0x1e, 'fd00::1', 1, undefined],
    ['IP6-07 drops silently for', 0x5e, 'fd00::1', 0, undefined],
    ['IP6-08 complains about', 0x9e, 'fd00::1', 0, [4, 2, 42]],
    ['IP6-08 complains even to groups about', 0x9e, 'ff02::1', 0, [4, 2, 42]],
    ['IP6-09 complains about', 0xde, 'fd00::1', 0, [4, 2, 42]],
    ['IP6-09 but not to groups about', 0xde, 'ff02::1', 0, undefined],
  ])('%s option %i to %s', (_, option, dst, delivered, expected) => {
    const { catcher, receive } = caught()
    const errors = receive({ dst, next: 0, payload: concat(extension(17, be([1, option], [1, 4], [4, 0])), hello) })
    expect(catcher.payloads).toHaveLength(delivered)
    expect(errors.map(({ payload }) => problem(payload))).toEqual(expected ? [expected] : [])
    for (const { src } of errors) expect(src).toBe(H6)
  })

  it('IP6-10 says which next header it does not know', () => {
    const { receive } = caught()
    expect(problem(receive({ next: 253 })[0].payload)).toEqual([4, 1, 6])
    const [error] = receive({ next: 60, payload: concat(extension(253, new Uint8Array(6)), hello) })
    expect(problem(error.payload)).toEqual([4, 1, 40])
  })

  it('IP6-11 IP6-12 takes a routing header only when it is at its end', () => {
    const { catcher, receive } = caught()
    receive({ next: 43, payload: concat(extension(17, be([1, 0], [1, 0], [4, 0])), hello) })
    expect(catcher.payloads).toHaveLength(1)
    const [error] = receive({ next: 43, payload: concat(extension(17, be([1, 0], [1, 1], [4, 0])), hello) })
    expect(catcher.payloads).toHaveLength(1)
    expect(problem(error.payload)).toEqual([4, 0, 42])
  })

  it('IP6-13 is done silently at "no next header"', () => {
    const { catcher, receive } = caught()
    expect(receive({ next: 59 })).toEqual([])
    expect(catcher.payloads).toEqual([])
  })

  it('IP6-14 does not follow long chains', () => {
    const { script, catcher, receive } = caught()
    const chain = Array.from({ length: 200 }, (_, i) => extension(i < 199 ? 60 : 17, new Uint8Array(6)))
    expect(receive({ next: 60, payload: concat(...chain, hello) })).toEqual([])
    const options = new Uint8Array(1200).map((_, i) => (i % 2 === 0 ? 1 : 0))
    receive({ next: 60, payload: concat(extension(17, options), hello) })
    const atomic = Array.from({ length: 100 }, (_, i) => fragment(i < 99 ? 44 : 17, 0, false, i, new Uint8Array(0)))
    receive({ next: 44, payload: concat(...atomic, hello) })
    expect(catcher.payloads).toEqual([])
    expect(script.count('ipv6-malformed-extension')).toBe(3)
  })

  it('drops extension headers that are cut short', () => {
    const { script, catcher, receive } = caught()
    receive({ next: 60, payload: be([1, 17], [1, 3], [2, 0]) })
    receive({ next: 60, payload: be([1, 17], [1, 3], [6, 0]) })
    receive({ next: 44, payload: be([1, 17], [1, 0], [2, 0]) })
    expect(catcher.payloads).toEqual([])
    expect(script.count('ipv6-malformed-extension')).toBe(3)
  })
})

describe('IPv6 reassembly', () => {
  it('IP6-15 delivers in and out of order, from several interleaved', () => {
    const { script, catcher } = caught()
    script.receive(...fragments(text(4000), 1448))
    const one = fragments(text(4000), 1448, 1).reverse()
    const two = fragments(text(3000), 1000, 2).reverse()
    script.receive(one[0], two[0], one[1], two[1], two[2], one[2])
    expect(catcher.payloads).toEqual([text(4000), text(3000), text(4000)])
  })

  it('IP6-16 discards any overlap, and what follows of it', () => {
    const { script, catcher } = caught()
    const [a, b, c] = fragments(text(4000), 1448)
    script.receive(
      a,
      ipv6({ src: P6, dst: H6, next: 44, payload: fragment(17, 1440, true, 7, new Uint8Array(16)) }),
      b,
      c,
    )
    expect(catcher.payloads).toEqual([])
    script.receive(...fragments(text(4000), 1448, 8), a)
    expect(catcher.payloads).toHaveLength(1)
  })

  it('IP6-17 keeps atomic fragments apart from others of the same identification', () => {
    const { script, catcher } = caught()
    const [a, b, c] = fragments(text(4000), 1448)
    script.receive(a, b, ipv6({ src: P6, dst: H6, next: 44, payload: fragment(17, 0, false, 7, hello) }), c)
    expect(catcher.payloads).toEqual([hello, text(4000)])
  })

  it('IP6-18 IP6-19 points at lengths and offsets that cannot be', () => {
    const { script } = caught()
    const odd = ipv6({ src: P6, dst: H6, next: 44, payload: fragment(17, 0, true, 7, new Uint8Array(13)) })
    expect(problem(script.receive(odd)[0].payload)).toEqual([4, 0, 4])
    const far = ipv6({ src: P6, dst: H6, next: 44, payload: fragment(17, 65_528, true, 7, new Uint8Array(1000)) })
    expect(problem(script.receive(far)[0].payload)).toEqual([4, 0, 42])
  })

  it('IP6-20 gives up after 60 s and says so', () => {
    const { script } = caught()
    script.receive(fragments(text(4000), 1448)[0])
    script.clock.advance(59_900)
    expect(script.link.take()).toEqual([])
    script.clock.advance(200)
    expect(script.link.take().map(({ payload }) => [payload[0], payload[1]])).toEqual([[3, 1]])
  })

  it('IP6-21 drops a first fragment that hides the upper-layer header', () => {
    const { script, catcher } = caught()
    script.receive(
      ...fragments(text(4000), 1448, 9, 6).slice(1),
      ipv6({ src: P6, dst: H6, next: 44, payload: fragment(6, 0, true, 9, text(16)) }),
    )
    expect(catcher.payloads).toEqual([])
    expect(script.count('ipv6-header-chain-split')).toBe(1)
  })

  it('keeps headers before the fragment header, and walks those after it', () => {
    const { script, catcher } = caught()
    const inner = concat(extension(17, new Uint8Array(6)), text(2000))
    const pieces = [inner.subarray(0, 1000), inner.subarray(1000)].map((piece, i) =>
      ipv6({
        src: P6,
        dst: H6,
        next: 60,
        payload: concat(extension(44, new Uint8Array(6)), fragment(60, i * 1000, i === 0, 5, piece)),
      }),
    )
    script.receive(...pieces)
    expect(catcher.payloads).toEqual([text(2000)])
  })
})

describe('ICMPv6', () => {
  const echo = (dst: string, body: Uint8Array): Uint8Array =>
    ipv6({ src: P6, dst, next: 58, payload: icmpv6(P6, dst, 128, 0, 0x9876_0001, body) })

  it('IP6-22 answers an echo', () => {
    const [reply] = new IpScript().receive(echo(H6, text(1400)))
    expect(reply).toMatchObject({ src: H6, dst: P6 })
    expect(reply.payload[0]).toBe(129)
    expect(reply.payload.subarray(4)).toEqual(concat(be([4, 0x9876_0001]), text(1400)))
  })

  it('IP6-23 answers all nodes from an address of its own', () => {
    expect(new IpScript().receive(echo('ff02::1', text(8)))[0]).toMatchObject({ src: H6, dst: P6 })
  })

  it('does not answer a bad checksum', () => {
    const script = new IpScript()
    const packet = echo(H6, text(8))
    packet[50] ^= 1
    expect(script.receive(packet)).toEqual([])
    expect(script.count('icmpv6-bad-checksum')).toBe(1)
  })

  it('IP6-24 sends no errors about errors, to groups, or to nobody', () => {
    const script = new IpScript()
    const quote = ipv6({ src: H6, dst: P6, next: 253, payload: text(20) })
    for (const type of [1, 3, 4, 100]) {
      const error = icmpv6(P6, H6, type, 0, 0, quote)
      expect(script.receive(ipv6({ src: P6, dst: H6, next: 58, payload: error }))).toEqual([])
      // An unknown option would deserve a complaint, were it not in an error.
      const chain = concat(extension(58, be([1, 0x9e], [1, 4], [4, 0])), error)
      expect(script.receive(ipv6({ src: P6, dst: H6, next: 60, payload: chain }))).toEqual([])
    }
    expect(script.receive(ipv6({ src: P6, dst: 'ff02::1', next: 253, payload: text(20) }))).toEqual([])
    expect(script.receive(ipv6({ src: '::', dst: H6, next: 253, payload: text(20) }))).toEqual([])
  })

  it('IP6-25 keeps errors within 1280 bytes', () => {
    const packet = ipv6({ src: P6, dst: H6, next: 253, payload: text(1452) })
    const [error] = new IpScript().receive(packet)
    expect(error.payload.length + 40).toBe(1280)
    expect(error.payload.subarray(8)).toEqual(packet.subarray(0, 1280 - 48))
  })
})
