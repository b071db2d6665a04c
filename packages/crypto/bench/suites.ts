/**
 * What sealing and opening a packet costs, and the address hash. `pnpm --filter @zt/crypto bench`.
 *
 * The engines are measured in turns within one run, and the best of the turns counts: trust the ratios.
 */
import { performance } from 'node:perf_hooks'
import { salsa20 } from '@noble/ciphers/salsa.js'
import { poly1305 as noblePoly1305 } from '@noble/ciphers/_poly1305.js'
import {
  AesGmacSiv,
  createSalsaPoly,
  HASHCASH_MEMORY_WORDS,
  memoryHardHash,
  type SalsaPoly,
  SessionKeys,
} from '../src/index.js'

const NONCE = 0
const MAC = 19
const TEXT = 27
const TURNS = 7

interface Contender {
  readonly name: string
  readonly seal: (length: number) => void
  readonly open?: (length: number) => boolean
}

const key = new Uint8Array(32).fill(7)

/** Sealing twice gives the text back, so sealing can go on for ever; opening works on what `seal` left, without decrypting. */
function inPlace(engine: SalsaPoly, name: string, bytes: Uint8Array): Contender {
  return {
    name,
    seal: (length) => engine.seal(key, bytes, NONCE, TEXT, length, true, MAC),
    open: (length) => {
      engine.seal(key, bytes, NONCE, TEXT, length, true, MAC)
      return engine.open(key, bytes, NONCE, TEXT, length, true, MAC)
    },
  }
}

const wasm = createSalsaPoly()
const siv = new AesGmacSiv()
const session = new SessionKeys(new Uint8Array(48).fill(3))
const packet = new Uint8Array(16_384)
const aad = new Uint8Array(11)

const contenders: readonly Contender[] = [
  inPlace(wasm, `${wasm.name}, arena`, wasm.memory),
  inPlace(wasm, `${wasm.name}, foreign`, new Uint8Array(16_384)),
  inPlace(createSalsaPoly({ prefer: 'js' }), 'js', new Uint8Array(16_384)),
  {
    // The library has 20 rounds only.
    name: 'noble (20 rounds)',
    seal: (length) => {
      const text = new Uint8Array(64 + length)
      text.set(packet.subarray(TEXT, TEXT + length), 64)
      const stream = salsa20(key, packet.subarray(0, 8), text)
      packet.set(noblePoly1305(stream.subarray(64), stream.subarray(0, 32)).subarray(0, 8), MAC)
      packet.set(stream.subarray(64), TEXT)
    },
  },
  { name: 'AES-GMAC-SIV, portable', seal: (length) => siv.seal(session, aad, packet, NONCE, TEXT, length, MAC) },
]

/** Microseconds a call, the best of a few turns of some milliseconds. */
function measure(call: () => unknown): () => number {
  let best = Number.POSITIVE_INFINITY
  let calls = 16
  return () => {
    for (;;) {
      const start = performance.now()
      for (let i = 0; i < calls; i++) call()
      const elapsed = performance.now() - start
      if (elapsed < 10) {
        calls *= 2
        continue
      }
      best = Math.min(best, (1000 * elapsed) / calls)
      return best
    }
  }
}

for (const length of [64, 256, 1400, 2800]) {
  const rows = contenders.map(({ name, seal, open }) => ({
    name,
    seal: measure(() => seal(length)),
    both: open === undefined ? undefined : measure(() => open(length)),
  }))
  for (let turn = 1; turn < TURNS; turn++) {
    for (const row of rows) {
      row.seal()
      row.both?.()
    }
  }
  const unit = rows[0]!.seal()
  for (const { name, seal, both } of rows) {
    const us = seal()
    const opened = both === undefined ? '' : `  open ${(both() - us).toFixed(2)} us`
    console.log(
      `${String(length).padStart(5)} B  ${name.padEnd(24)} seal ${us.toFixed(2).padStart(6)} us  x${(us / unit).toFixed(1)}${opened}`,
    )
  }
}

const memory = new Int32Array(HASHCASH_MEMORY_WORDS)
const hash = measure(() => memoryHardHash(packet.subarray(0, 64), memory))
for (let turn = 0; turn < 3; turn++) hash()
console.log(`memory-hard hash ${(hash() / 1000).toFixed(1)} ms`)
