import { checkRange } from './range.js'
import type { SalsaPoly } from './salsa-poly.js'
import { SALSA_POLY_WASM } from './wasm-module.js'
import { type WebAssemblyMemory, webAssembly } from './web-assembly.js'

const PAGE = 65_536

/** What wasm/salsa-poly.ts exports: addresses as globals, and the two routines over addresses. */
interface Exports {
  readonly KEY: { readonly value: number }
  readonly NONCE: { readonly value: number }
  readonly TAG: { readonly value: number }
  readonly TEXT: { readonly value: number }
  readonly ARENA: { readonly value: number }
  seal(key: number, nonce: number, at: number, length: number, encrypt: number, tag: number): void
  open(key: number, nonce: number, at: number, length: number, decrypt: number, tag: number): number
}

/** Compiled at first use, then shared by all instances. */
let compiled: object | undefined

/** The engine in WebAssembly SIMD, or undefined where that does not run. */
export function createWasmSalsaPoly(arenaBytes: number): SalsaPoly | undefined {
  const api = webAssembly()
  if (api === undefined) return undefined
  if (compiled === undefined) {
    const binary = decodeBase64(SALSA_POLY_WASM)
    if (!api.validate(binary)) return undefined
    compiled = new api.Module(binary)
  }
  // Initial = maximum: growing would detach every view of the memory.
  const pages = ARENA_PAGES + Math.ceil(arenaBytes / PAGE)
  let memory: WebAssemblyMemory
  try {
    memory = new api.Memory({ initial: pages, maximum: pages })
  } catch {
    // Engines reserve gigabytes of addresses behind every memory, which a limit on addresses refuses.
    return undefined
  }
  const { exports } = new api.Instance(compiled, { env: { memory } })
  return new WasmSalsaPoly(exports as Exports, memory, arenaBytes)
}

/** Pages below the arena. */
const ARENA_PAGES = 2

class WasmSalsaPoly implements SalsaPoly {
  readonly name = 'wasm-simd'
  readonly memory: Uint8Array
  readonly key: Uint8Array
  private readonly module: Exports
  private readonly buffer: ArrayBuffer
  private readonly bottom: Uint8Array
  private readonly arenaAt: number
  private readonly keyAt: number
  private readonly nonceAt: number
  private readonly tagAt: number
  private readonly textAt: number

  constructor(module: Exports, memory: WebAssemblyMemory, arenaBytes: number) {
    this.module = module
    this.buffer = memory.buffer
    this.arenaAt = module.ARENA.value
    this.keyAt = module.KEY.value
    this.nonceAt = module.NONCE.value
    this.tagAt = module.TAG.value
    this.textAt = module.TEXT.value
    this.bottom = new Uint8Array(this.buffer, 0, this.arenaAt)
    this.key = new Uint8Array(this.buffer, this.keyAt, 32)
    this.memory = new Uint8Array(this.buffer, this.arenaAt, arenaBytes)
  }

  seal(
    key: Uint8Array,
    bytes: Uint8Array,
    nonceAt: number,
    at: number,
    length: number,
    encrypt: boolean,
    tagAt: number,
  ): void {
    checkRange(key, bytes, nonceAt, at, length, tagAt)
    if (key !== this.key) this.key.set(key)
    if (bytes === this.memory || bytes.buffer === this.buffer) {
      const base = bytes.byteOffset
      this.module.seal(this.keyAt, base + nonceAt, base + at, length, encrypt ? 1 : 0, base + tagAt)
      return
    }
    this.copyIn(bytes, nonceAt, at, length)
    this.module.seal(this.keyAt, this.nonceAt, this.textAt, length, encrypt ? 1 : 0, this.tagAt)
    if (encrypt) this.copyOut(bytes, at, length)
    for (let i = 0; i < 8; i++) bytes[tagAt + i] = this.bottom[this.tagAt + i]!
  }

  open(
    key: Uint8Array,
    bytes: Uint8Array,
    nonceAt: number,
    at: number,
    length: number,
    decrypt: boolean,
    tagAt: number,
  ): boolean {
    checkRange(key, bytes, nonceAt, at, length, tagAt)
    if (key !== this.key) this.key.set(key)
    if (bytes === this.memory || bytes.buffer === this.buffer) {
      const base = bytes.byteOffset
      return this.module.open(this.keyAt, base + nonceAt, base + at, length, decrypt ? 1 : 0, base + tagAt) !== 0
    }
    this.copyIn(bytes, nonceAt, at, length)
    for (let i = 0; i < 8; i++) this.bottom[this.tagAt + i] = bytes[tagAt + i]!
    if (this.module.open(this.keyAt, this.nonceAt, this.textAt, length, decrypt ? 1 : 0, this.tagAt) === 0) return false
    if (decrypt) this.copyOut(bytes, at, length)
    return true
  }

  private copyIn(bytes: Uint8Array, nonceAt: number, at: number, length: number): void {
    for (let i = 0; i < 8; i++) this.bottom[this.nonceAt + i] = bytes[nonceAt + i]!
    this.bottom.set(bytes.subarray(at, at + length), this.textAt)
  }

  private copyOut(bytes: Uint8Array, at: number, length: number): void {
    bytes.set(this.bottom.subarray(this.textAt, this.textAt + length), at)
  }
}

/** Bytes of canonical base64: there is no decoder in the language. */
function decodeBase64(text: string): Uint8Array {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  const digits = text.replace(/=+$/, '')
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4))
  let bits = 0
  for (let i = 0, at = 0; i < digits.length; i++) {
    bits = (bits << 6) | alphabet.indexOf(digits[i]!)
    if (i % 4 !== 0) bytes[at++] = bits >>> (6 - 2 * (i % 4))
  }
  return bytes
}
