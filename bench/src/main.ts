import { measureDgram } from './dgram.js'
import { measureNet } from './net.js'
import { measureStack } from './stack.js'
import { measureZeroTier } from './zerotier.js'

const seconds = Number(process.argv.find((word) => word.startsWith('--seconds='))?.slice(10) ?? 5)
const json = process.argv.includes('--json')

const say = (text: string) => process.stderr.write(`${text}\n`)

say(
  `Node.js ${process.version}, ${process.platform}/${process.arch}; ${seconds} s for each throughput, everything in this one run`,
)
say('raw dgram on loopback …')
const dgram = await measureDgram(seconds * 1000)
say('net on loopback …')
const net = await measureNet(seconds * 1000)
say('our TCP, stack to stack in one process …')
const stack = await measureStack(seconds * 1000)
say('TCP over ZeroTier, two processes on loopback, root and controller in a third …')
const zerotier = await measureZeroTier(seconds * 1000)
say('raw dgram again, since machines drift …')
const again = await measureDgram(seconds * 1000)

const ceiling = (dgram.bytesPerSecond + again.bytesPerSecond) / 2
const roundTrip = (dgram.p50 + again.p50) / 2
const result = {
  node: process.version,
  dgram: {
    packetsPerSecond: (dgram.packetsPerSecond + again.packetsPerSecond) / 2,
    bytesPerSecond: ceiling,
    p50: roundTrip,
    p99: (dgram.p99 + again.p99) / 2,
  },
  net,
  stack,
  zerotier,
  ratios: {
    zerotierToDgramBytes: zerotier.bytesPerSecond / ceiling,
    zerotierToDgramRoundTrip: zerotier.p50 / roundTrip,
    zerotierToNetBytes: zerotier.bytesPerSecond / net.bytesPerSecond,
    stackToNetBytes: stack.bytesPerSecond / net.bytesPerSecond,
  },
}

if (json) process.stdout.write(`${JSON.stringify(result)}\n`)
else process.stdout.write(table())

function table(): string {
  const bits = (bytes: number) => `${((bytes * 8) / 1e6).toFixed(0)} Mbit/s`
  const micro = (milliseconds: number) => `${(milliseconds * 1000).toFixed(0)} us`
  const { ratios } = result
  const rows: [string, string, string][] = [
    [
      'raw dgram, datagrams',
      `${(result.dgram.packetsPerSecond / 1000).toFixed(0)} k/s`,
      '1432 and 1422 bytes, a 64-byte answer every second pair',
    ],
    ['raw dgram, throughput', bits(ceiling), 'the ceiling: 1.00'],
    ['raw dgram, round trip', `${micro(roundTrip)} / ${micro(result.dgram.p99)}`, 'p50 / p99, 64 bytes'],
    ['node:net, throughput', bits(net.bytesPerSecond), `${(net.bytesPerSecond / ceiling).toFixed(2)} of dgram`],
    ['node:net, round trip', `${micro(net.p50)} / ${micro(net.p99)}`, `${(net.p50 / roundTrip).toFixed(2)} x dgram`],
    [
      'our TCP in memory',
      bits(stack.bytesPerSecond),
      `${ratios.stackToNetBytes.toFixed(2)} of net; MTU 2800, both stacks on one core`,
    ],
    [
      'TCP over ZeroTier, throughput',
      bits(zerotier.bytesPerSecond),
      `${ratios.zerotierToDgramBytes.toFixed(2)} of dgram (aim: 0.30 or more)`,
    ],
    [
      'TCP over ZeroTier, round trip',
      `${micro(zerotier.p50)} / ${micro(zerotier.p99)}`,
      `${ratios.zerotierToDgramRoundTrip.toFixed(2)} x dgram (aim: 3 or less)`,
    ],
    ['start to online', `${zerotier.startToOnline.toFixed(0)} ms`, 'median of 5, identity given'],
    ['join to first byte', `${zerotier.joinToFirstByte.toFixed(0)} ms`, 'median of 5, fresh node (aim: under 500 ms)'],
    [
      'connects',
      `${zerotier.connectsPerSecond.toFixed(0)} /s`,
      `one after the other; node:net ${net.connectsPerSecond.toFixed(0)} /s`,
    ],
    [
      'memory per idle connection',
      `${(zerotier.bytesPerIdleConnection / 1024).toFixed(1)} KiB`,
      'with its Duplex, client side',
    ],
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value, remark]) => `${name.padEnd(width)}  ${value.padStart(18)}   ${remark}\n`).join('')
}
