/**
 * Salsa20/12 with Poly1305 in WebAssembly SIMD: the source of src/salsa-poly/wasm-module.ts, in AssemblyScript.
 * `pnpm --filter @zt/crypto build:wasm` compiles it; a test checks that the committed bytes are what it gives.
 *
 * Everything works on addresses in one memory that the host provides. The module keeps its working memory at the bottom,
 * allocates nothing, and never writes outside it and the ranges it is given. No branch and no address depends on a secret.
 */

// The bottom of the memory, in bytes. The host puts keys, nonces and tags of foreign buffers in the first three.
export const KEY: i32 = 0 // 32
export const NONCE: i32 = 32 // 8
export const TAG: i32 = 40 // 8
/** Where text of foreign buffers goes: 64 KiB and one pass of keystream. */
export const TEXT: i32 = 4096
/** Where the host's arena begins. */
export const ARENA: i32 = 131072
const MAC: usize = 48 // 16: the authenticator as computed
const STATE: usize = 64 // 16 words, each four times: one per lane
const STREAM: usize = 320 // 256: one pass of keystream
const R: usize = 576 // 5 limbs of 26 bits, u64: the multiplier r
const H: usize = 616 // the same: the sum so far
const POWER: usize = 656 // the same: a power of r
const MAC_KEY: usize = 704 // 32: r and s, the start of keystream block 0
const BY_R4: usize = 736 // 9 vectors: limbs 0 to 4 of r^4, and five times limbs 1 to 4
const BY_LANE: usize = 880 // 9 vectors: the same of r^4, r^3, r^2 and r, one per lane
const LIMB: u64 = 0x3ffffff

/** Under this many bytes, setting up the powers of r costs more than four lanes gain. */
const SIMD_FROM: u32 = 256

/** See SalsaPoly.seal. The 8-byte tag goes to `tag`. */
export function seal(key: usize, nonce: usize, at: usize, length: u32, encrypt: bool, tag: usize): void {
  start(key, nonce)
  if (encrypt) crypt(at, length)
  authenticate(at, length)
  store<u64>(tag, load<u64>(MAC))
}

/** See SalsaPoly.open. */
export function open(key: usize, nonce: usize, at: usize, length: u32, decrypt: bool, tag: usize): bool {
  start(key, nonce)
  authenticate(at, length)
  // One comparison of whole words: the same time wherever they differ.
  if (load<u64>(tag) != load<u64>(MAC)) return false
  if (decrypt) crypt(at, length)
  return true
}

/** Set the state, and produce blocks 0 to 3: MAC_KEY, and at STREAM + 64 the first 192 bytes of keystream. */
function start(key: usize, nonce: usize): void {
  word(0, 0x61707865)
  word(5, 0x3320646e)
  word(10, 0x79622d32)
  word(15, 0x6b206574)
  for (let i: u32 = 0; i < 4; i++) {
    word(1 + i, load<i32>(key + 4 * i))
    word(11 + i, load<i32>(key + 16 + 4 * i))
  }
  word(6, load<i32>(nonce))
  word(7, load<i32>(nonce, 4))
  v128.store(STATE, i32x4(0, 1, 2, 3), 128)
  word(9, 0)
  pass(0, STREAM, false)
  v128.store(MAC_KEY, v128.load(STREAM))
  v128.store(MAC_KEY, v128.load(STREAM, 16), 16)
}

function word(index: u32, value: i32): void {
  v128.store(STATE + 16 * index, i32x4.splat(value))
}

/** XOR keystream from block 1 on over the text. */
function crypt(at: usize, length: u32): void {
  const first: u32 = min(length, 192)
  xor(at, STREAM + 64, first)
  let block: u32 = 4
  let from: usize = at + first
  let rest: u32 = length - first
  for (; rest >= 256; rest -= 256, from += 256, block += 4) pass(block, from, true)
  if (rest == 0) return
  pass(block, STREAM, false)
  xor(from, STREAM, rest)
}

/** XOR `length` bytes at `by` over those at `at`. */
function xor(at: usize, by: usize, length: u32): void {
  for (; length >= 16; length -= 16, at += 16, by += 16) v128.store(at, v128.xor(v128.load(at), v128.load(by)))
  if (length & 8) {
    store<u64>(at, load<u64>(at) ^ load<u64>(by))
    at += 8
    by += 8
  }
  if (length & 4) {
    store<u32>(at, load<u32>(at) ^ load<u32>(by))
    at += 4
    by += 4
  }
  for (length &= 3; length > 0; length--, at++, by++) store<u8>(at, load<u8>(at) ^ load<u8>(by))
}

function rotl(x: v128, n: i32): v128 {
  return v128.or(i32x4.shl(x, n), i32x4.shr_u(x, 32 - n))
}

/** Four words of four blocks, transposed to 16 bytes of each block. */
@inline
function emit(a: v128, b: v128, c: v128, d: v128, to: usize, mix: bool): void {
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5)
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5)
  const ef = v128.shuffle<i32>(a, b, 2, 6, 3, 7)
  const gh = v128.shuffle<i32>(c, d, 2, 6, 3, 7)
  put(v128.shuffle<i64>(ab, cd, 0, 2), to, mix)
  put(v128.shuffle<i64>(ab, cd, 1, 3), to + 64, mix)
  put(v128.shuffle<i64>(ef, gh, 0, 2), to + 128, mix)
  put(v128.shuffle<i64>(ef, gh, 1, 3), to + 192, mix)
}

function put(stream: v128, to: usize, mix: bool): void {
  v128.store(to, mix ? v128.xor(v128.load(to), stream) : stream)
}

/**
 * Four blocks of keystream, from `block` on: XORed over the 256 bytes at `to` if `mix`, else written there. Register w
 * holds word w of all four, so the rounds need no shuffles; the counters differ by lane.
 */
function pass(block: u32, to: usize, mix: bool): void {
  let x0 = v128.load(STATE, 0)
  let x1 = v128.load(STATE, 16)
  let x2 = v128.load(STATE, 32)
  let x3 = v128.load(STATE, 48)
  let x4 = v128.load(STATE, 64)
  let x5 = v128.load(STATE, 80)
  let x6 = v128.load(STATE, 96)
  let x7 = v128.load(STATE, 112)
  let x8 = i32x4.add(v128.load(STATE, 128), i32x4.splat(block))
  let x9 = v128.load(STATE, 144)
  let x10 = v128.load(STATE, 160)
  let x11 = v128.load(STATE, 176)
  let x12 = v128.load(STATE, 192)
  let x13 = v128.load(STATE, 208)
  let x14 = v128.load(STATE, 224)
  let x15 = v128.load(STATE, 240)
  for (let i = 0; i < 6; i++) {
    // columns
    x4 = v128.xor(x4, rotl(i32x4.add(x0, x12), 7))
    x9 = v128.xor(x9, rotl(i32x4.add(x5, x1), 7))
    x14 = v128.xor(x14, rotl(i32x4.add(x10, x6), 7))
    x3 = v128.xor(x3, rotl(i32x4.add(x15, x11), 7))
    x8 = v128.xor(x8, rotl(i32x4.add(x4, x0), 9))
    x13 = v128.xor(x13, rotl(i32x4.add(x9, x5), 9))
    x2 = v128.xor(x2, rotl(i32x4.add(x14, x10), 9))
    x7 = v128.xor(x7, rotl(i32x4.add(x3, x15), 9))
    x12 = v128.xor(x12, rotl(i32x4.add(x8, x4), 13))
    x1 = v128.xor(x1, rotl(i32x4.add(x13, x9), 13))
    x6 = v128.xor(x6, rotl(i32x4.add(x2, x14), 13))
    x11 = v128.xor(x11, rotl(i32x4.add(x7, x3), 13))
    x0 = v128.xor(x0, rotl(i32x4.add(x12, x8), 18))
    x5 = v128.xor(x5, rotl(i32x4.add(x1, x13), 18))
    x10 = v128.xor(x10, rotl(i32x4.add(x6, x2), 18))
    x15 = v128.xor(x15, rotl(i32x4.add(x11, x7), 18))
    // rows
    x1 = v128.xor(x1, rotl(i32x4.add(x0, x3), 7))
    x6 = v128.xor(x6, rotl(i32x4.add(x5, x4), 7))
    x11 = v128.xor(x11, rotl(i32x4.add(x10, x9), 7))
    x12 = v128.xor(x12, rotl(i32x4.add(x15, x14), 7))
    x2 = v128.xor(x2, rotl(i32x4.add(x1, x0), 9))
    x7 = v128.xor(x7, rotl(i32x4.add(x6, x5), 9))
    x8 = v128.xor(x8, rotl(i32x4.add(x11, x10), 9))
    x13 = v128.xor(x13, rotl(i32x4.add(x12, x15), 9))
    x3 = v128.xor(x3, rotl(i32x4.add(x2, x1), 13))
    x4 = v128.xor(x4, rotl(i32x4.add(x7, x6), 13))
    x9 = v128.xor(x9, rotl(i32x4.add(x8, x11), 13))
    x14 = v128.xor(x14, rotl(i32x4.add(x13, x12), 13))
    x0 = v128.xor(x0, rotl(i32x4.add(x3, x2), 18))
    x5 = v128.xor(x5, rotl(i32x4.add(x4, x7), 18))
    x10 = v128.xor(x10, rotl(i32x4.add(x9, x8), 18))
    x15 = v128.xor(x15, rotl(i32x4.add(x14, x13), 18))
  }
  x0 = i32x4.add(x0, v128.load(STATE, 0))
  x1 = i32x4.add(x1, v128.load(STATE, 16))
  x2 = i32x4.add(x2, v128.load(STATE, 32))
  x3 = i32x4.add(x3, v128.load(STATE, 48))
  x4 = i32x4.add(x4, v128.load(STATE, 64))
  x5 = i32x4.add(x5, v128.load(STATE, 80))
  x6 = i32x4.add(x6, v128.load(STATE, 96))
  x7 = i32x4.add(x7, v128.load(STATE, 112))
  x8 = i32x4.add(x8, i32x4.add(v128.load(STATE, 128), i32x4.splat(block)))
  x9 = i32x4.add(x9, v128.load(STATE, 144))
  x10 = i32x4.add(x10, v128.load(STATE, 160))
  x11 = i32x4.add(x11, v128.load(STATE, 176))
  x12 = i32x4.add(x12, v128.load(STATE, 192))
  x13 = i32x4.add(x13, v128.load(STATE, 208))
  x14 = i32x4.add(x14, v128.load(STATE, 224))
  x15 = i32x4.add(x15, v128.load(STATE, 240))
  if (mix) {
    emit(x0, x1, x2, x3, to + 0, true)
    emit(x4, x5, x6, x7, to + 16, true)
    emit(x8, x9, x10, x11, to + 32, true)
    emit(x12, x13, x14, x15, to + 48, true)
  } else {
    emit(x0, x1, x2, x3, to + 0, false)
    emit(x4, x5, x6, x7, to + 16, false)
    emit(x8, x9, x10, x11, to + 32, false)
    emit(x12, x13, x14, x15, to + 48, false)
  }
}

/** The authenticator of the text under MAC_KEY, into MAC. */
function authenticate(at: usize, length: u32): void {
  clamp()
  for (let i: usize = 0; i < 40; i += 8) store<u64>(H + i, 0)
  if (length >= SIMD_FROM) {
    powers()
    const steps = length >> 6
    absorb4(at, steps)
    at += steps << 6
    length &= 63
  }
  for (; length >= 16; length -= 16, at += 16) absorb(load<u64>(at), load<u64>(at, 8), 1 << 24)
  if (length > 0) {
    // The last block: the rest of the text, a byte 1, zeros.
    store<u64>(MAC, 0)
    store<u64>(MAC, 0, 8)
    for (let i: u32 = 0; i < length; i++) store<u8>(MAC + i, load<u8>(at + i))
    store<u8>(MAC + length, 1)
    absorb(load<u64>(MAC), load<u64>(MAC, 8), 0)
  }
  finish()
}

/** R = the first half of MAC_KEY with 22 bits cleared (RFC 8439 section 2.5.1), as limbs. */
function clamp(): void {
  const low = load<u64>(MAC_KEY) & 0x0ffffffc0fffffff
  const high = load<u64>(MAC_KEY, 8) & 0x0ffffffc0ffffffc
  store<u64>(R, low & LIMB)
  store<u64>(R, (low >> 26) & LIMB, 8)
  store<u64>(R, ((low >> 52) | (high << 12)) & LIMB, 16)
  store<u64>(R, (high >> 14) & LIMB, 24)
  store<u64>(R, high >> 40, 32)
}

/** H = (H + block) * R. `top` is bit 128 of the block, in the place of limb 4. */
function absorb(low: u64, high: u64, top: u64): void {
  store<u64>(H, load<u64>(H) + (low & LIMB))
  store<u64>(H, load<u64>(H, 8) + ((low >> 26) & LIMB), 8)
  store<u64>(H, load<u64>(H, 16) + (((low >> 52) | (high << 12)) & LIMB), 16)
  store<u64>(H, load<u64>(H, 24) + ((high >> 14) & LIMB), 24)
  store<u64>(H, load<u64>(H, 32) + ((high >> 40) | top), 32)
  multiply(H)
}

/** The five limbs at `x` times R, modulo 2^130 - 5, with carries done but for a few bits. */
function multiply(x: usize): void {
  const r0 = load<u64>(R)
  const r1 = load<u64>(R, 8)
  const r2 = load<u64>(R, 16)
  const r3 = load<u64>(R, 24)
  const r4 = load<u64>(R, 32)
  const s1 = 5 * r1
  const s2 = 5 * r2
  const s3 = 5 * r3
  const s4 = 5 * r4
  const x0 = load<u64>(x)
  const x1 = load<u64>(x, 8)
  const x2 = load<u64>(x, 16)
  const x3 = load<u64>(x, 24)
  const x4 = load<u64>(x, 32)
  let d0 = x0 * r0 + x1 * s4 + x2 * s3 + x3 * s2 + x4 * s1
  let d1 = x0 * r1 + x1 * r0 + x2 * s4 + x3 * s3 + x4 * s2
  let d2 = x0 * r2 + x1 * r1 + x2 * r0 + x3 * s4 + x4 * s3
  let d3 = x0 * r3 + x1 * r2 + x2 * r1 + x3 * r0 + x4 * s4
  let d4 = x0 * r4 + x1 * r3 + x2 * r2 + x3 * r1 + x4 * r0
  d1 += d0 >> 26
  d4 += d3 >> 26
  d2 += d1 >> 26
  d0 = (d0 & LIMB) + 5 * (d4 >> 26)
  d3 = (d3 & LIMB) + (d2 >> 26)
  d1 = (d1 & LIMB) + (d0 >> 26)
  d4 = (d4 & LIMB) + (d3 >> 26)
  store<u64>(x, d0 & LIMB)
  store<u64>(x, d1, 8)
  store<u64>(x, d2 & LIMB, 16)
  store<u64>(x, d3 & LIMB, 24)
  store<u64>(x, d4, 32)
}

/** Fill BY_R4 and BY_LANE. */
function powers(): void {
  for (let i: usize = 0; i < 40; i += 8) store<u64>(POWER + i, load<u64>(R + i))
  lane(12)
  multiply(POWER)
  lane(8)
  multiply(POWER)
  lane(4)
  multiply(POWER)
  lane(0)
  for (let i: usize = 0; i < 144; i += 16) v128.store(BY_R4 + i, v128.load32_splat(BY_LANE + i))
}

/** The power at hand into one lane of BY_LANE; `offset` is 4 * lane. */
function lane(offset: usize): void {
  for (let i: usize = 0; i < 5; i++) {
    const limb = load<u32>(POWER + 8 * i)
    store<u32>(BY_LANE + offset + 16 * i, limb)
    if (i > 0) store<u32>(BY_LANE + offset + 64 + 16 * i, 5 * limb)
  }
}

/**
 * Absorb `steps` times four blocks. Lane j sums block j of every four, multiplied by r^4 from step to step; the last step
 * multiplies the lanes by r^4, r^3, r^2 and r, and their sum is H.
 */
function absorb4(at: usize, steps: u32): void {
  const mask32 = i32x4.splat(0x3ffffff)
  const mask = i64x2.splat(0x3ffffff)
  const top = i32x4.splat(1 << 24)
  let h0 = i32x4.splat(0)
  let h1 = i32x4.splat(0)
  let h2 = i32x4.splat(0)
  let h3 = i32x4.splat(0)
  let h4 = i32x4.splat(0)
  for (let by: usize = BY_R4; steps > 0; steps--, at += 64) {
    if (steps == 1) by = BY_LANE
    const a = v128.load(at)
    const b = v128.load(at, 16)
    const c = v128.load(at, 32)
    const d = v128.load(at, 48)
    const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5)
    const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5)
    const ef = v128.shuffle<i32>(a, b, 2, 6, 3, 7)
    const gh = v128.shuffle<i32>(c, d, 2, 6, 3, 7)
    const w0 = v128.shuffle<i64>(ab, cd, 0, 2)
    const w1 = v128.shuffle<i64>(ab, cd, 1, 3)
    const w2 = v128.shuffle<i64>(ef, gh, 0, 2)
    const w3 = v128.shuffle<i64>(ef, gh, 1, 3)
    h0 = i32x4.add(h0, v128.and(w0, mask32))
    h1 = i32x4.add(h1, v128.and(v128.or(i32x4.shr_u(w0, 26), i32x4.shl(w1, 6)), mask32))
    h2 = i32x4.add(h2, v128.and(v128.or(i32x4.shr_u(w1, 20), i32x4.shl(w2, 12)), mask32))
    h3 = i32x4.add(h3, v128.and(v128.or(i32x4.shr_u(w2, 14), i32x4.shl(w3, 18)), mask32))
    h4 = i32x4.add(h4, v128.or(i32x4.shr_u(w3, 8), top))

    const r0 = v128.load(by)
    const r1 = v128.load(by, 16)
    const r2 = v128.load(by, 32)
    const r3 = v128.load(by, 48)
    const r4 = v128.load(by, 64)
    const s1 = v128.load(by, 80)
    const s2 = v128.load(by, 96)
    const s3 = v128.load(by, 112)
    const s4 = v128.load(by, 128)
    // d: blocks 0 and 1; e: blocks 2 and 3.
    let d0 = low5(h0, r0, h1, s4, h2, s3, h3, s2, h4, s1)
    let d1 = low5(h0, r1, h1, r0, h2, s4, h3, s3, h4, s2)
    let d2 = low5(h0, r2, h1, r1, h2, r0, h3, s4, h4, s3)
    let d3 = low5(h0, r3, h1, r2, h2, r1, h3, r0, h4, s4)
    let d4 = low5(h0, r4, h1, r3, h2, r2, h3, r1, h4, r0)
    let e0 = high5(h0, r0, h1, s4, h2, s3, h3, s2, h4, s1)
    let e1 = high5(h0, r1, h1, r0, h2, s4, h3, s3, h4, s2)
    let e2 = high5(h0, r2, h1, r1, h2, r0, h3, s4, h4, s3)
    let e3 = high5(h0, r3, h1, r2, h2, r1, h3, r0, h4, s4)
    let e4 = high5(h0, r4, h1, r3, h2, r2, h3, r1, h4, r0)

    d1 = i64x2.add(d1, i64x2.shr_u(d0, 26))
    e1 = i64x2.add(e1, i64x2.shr_u(e0, 26))
    d4 = i64x2.add(d4, i64x2.shr_u(d3, 26))
    e4 = i64x2.add(e4, i64x2.shr_u(e3, 26))
    d2 = i64x2.add(d2, i64x2.shr_u(d1, 26))
    e2 = i64x2.add(e2, i64x2.shr_u(e1, 26))
    d0 = i64x2.add(v128.and(d0, mask), times5(i64x2.shr_u(d4, 26)))
    e0 = i64x2.add(v128.and(e0, mask), times5(i64x2.shr_u(e4, 26)))
    d3 = i64x2.add(v128.and(d3, mask), i64x2.shr_u(d2, 26))
    e3 = i64x2.add(v128.and(e3, mask), i64x2.shr_u(e2, 26))
    d1 = i64x2.add(v128.and(d1, mask), i64x2.shr_u(d0, 26))
    e1 = i64x2.add(v128.and(e1, mask), i64x2.shr_u(e0, 26))
    d4 = i64x2.add(v128.and(d4, mask), i64x2.shr_u(d3, 26))
    e4 = i64x2.add(v128.and(e4, mask), i64x2.shr_u(e3, 26))
    h0 = v128.and(v128.shuffle<i32>(d0, e0, 0, 2, 4, 6), mask32)
    h1 = v128.shuffle<i32>(d1, e1, 0, 2, 4, 6)
    h2 = v128.and(v128.shuffle<i32>(d2, e2, 0, 2, 4, 6), mask32)
    h3 = v128.and(v128.shuffle<i32>(d3, e3, 0, 2, 4, 6), mask32)
    h4 = v128.shuffle<i32>(d4, e4, 0, 2, 4, 6)
  }
  store<u64>(H, sum(h0))
  store<u64>(H, sum(h1), 8)
  store<u64>(H, sum(h2), 16)
  store<u64>(H, sum(h3), 24)
  store<u64>(H, sum(h4), 32)
}

/** a * b + c * d + e * f + g * h + i * j of lanes 0 and 1, in 64 bits. */
function low5(a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128, i: v128, j: v128): v128 {
  return i64x2.add(
    i64x2.add(
      i64x2.add(i64x2.extmul_low_i32x4_u(a, b), i64x2.extmul_low_i32x4_u(c, d)),
      i64x2.add(i64x2.extmul_low_i32x4_u(e, f), i64x2.extmul_low_i32x4_u(g, h)),
    ),
    i64x2.extmul_low_i32x4_u(i, j),
  )
}

/** The same of lanes 2 and 3. */
function high5(a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128, i: v128, j: v128): v128 {
  return i64x2.add(
    i64x2.add(
      i64x2.add(i64x2.extmul_high_i32x4_u(a, b), i64x2.extmul_high_i32x4_u(c, d)),
      i64x2.add(i64x2.extmul_high_i32x4_u(e, f), i64x2.extmul_high_i32x4_u(g, h)),
    ),
    i64x2.extmul_high_i32x4_u(i, j),
  )
}

function times5(x: v128): v128 {
  return i64x2.add(x, i64x2.shl(x, 2))
}

/** The sum of four lanes, each below 2^28. */
function sum(x: v128): u64 {
  const pairs = i32x4.add(x, v128.shuffle<i32>(x, x, 2, 3, 0, 1))
  return <u64>(<u32>i32x4.extract_lane(pairs, 0) + <u32>i32x4.extract_lane(pairs, 1))
}

/** MAC = (H mod 2^130 - 5) + s, modulo 2^128; s is the second half of MAC_KEY. */
function finish(): void {
  let h0 = load<u64>(H)
  let h1 = load<u64>(H, 8)
  let h2 = load<u64>(H, 16)
  let h3 = load<u64>(H, 24)
  let h4 = load<u64>(H, 32)
  // One round of carries makes every limb whole but the first, which may keep some tens of units.
  h1 += h0 >> 26
  h2 += h1 >> 26
  h3 += h2 >> 26
  h4 += h3 >> 26
  h0 = (h0 & LIMB) + 5 * (h4 >> 26)
  h1 &= LIMB
  h2 &= LIMB
  h3 &= LIMB
  h4 &= LIMB
  // If adding 5 carries out of bit 130, the number was at least 2^130 - 5: the sum, less 2^130, is the remainder.
  const g1 = h1 + ((h0 + 5) >> 26)
  const g2 = h2 + (g1 >> 26)
  const g3 = h3 + (g2 >> 26)
  const g4 = h4 + (g3 >> 26)
  h0 += 5 * (g4 >> 26)
  h1 += h0 >> 26
  h2 += h1 >> 26
  h3 += h2 >> 26
  h4 += h3 >> 26
  h0 &= LIMB
  h1 &= LIMB
  h2 &= LIMB
  h3 &= LIMB
  const low = h0 | (h1 << 26) | (h2 << 52)
  const high = (h2 >> 12) | (h3 << 14) | (h4 << 40)
  const tag = low + load<u64>(MAC_KEY, 16)
  store<u64>(MAC, tag)
  store<u64>(MAC, high + load<u64>(MAC_KEY, 24) + u64(tag < low), 8)
}
