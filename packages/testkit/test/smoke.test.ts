import { Endpoint } from '@zt/sansio'
import { expect, test } from 'vitest'
import { etherPair, SimNetwork, VirtualClock } from '../src/index.js'

test('two hosts', () => {
  const clock = new VirtualClock()
  const net = new SimNetwork({ clock })
  const a = net.host('a', '1.1.1.1').open()
  const nat = net.nat('n', '2.2.2.2')
  const b = nat.host('b', '192.168.0.1').open()
  const got: string[] = []
  a.receiver = { handleDatagram: (s, from, bytes) => { got.push(`${from} ${bytes.length}`); a.send(s, from, bytes, 0, 2) } }
  b.receiver = { handleDatagram: (_s, from, bytes) => { got.push(`b ${from} ${bytes.length}`) } }
  expect(b.send(1, new Endpoint(net.host('c', '3.3.3.3').addresses[0]!, 1), new Uint8Array(3), 0, 3)).toBe(true)
  b.send(1, Endpoint.parse(`1.1.1.1/${a.sockets[0]!.local.port}`), new Uint8Array(3), 0, 3)
  clock.advance(100)
  expect(got).toEqual(['2.2.2.2/49152 3', 'b 1.1.1.1/49152 2'])
  const [x, y] = etherPair({ clock })
  y.onReceive = (s, d, t, bytes, o, l) => got.push(`${s} ${d} ${t} ${l} ${bytes[o]}`)
  x.send(y.mac, 0x800, Uint8Array.of(9, 8, 7), 1, 2)
  clock.advance(0)
  expect(got.at(-1)).toBe(`${x.mac} ${y.mac} 2048 2 8`)
})
