/**
 * ZeroTier's combined key pair: X25519 for agreement and Ed25519 for signatures, side by side and independent.
 *
 *     public, 64 bytes:  X25519 public key (32) | Ed25519 public key (32)
 *     secret, 64 bytes:  X25519 scalar, unclamped (32) | Ed25519 seed (32)
 *
 * @see ZeroTierOne node/C25519.cpp
 */
import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { BoundedMap, type RandomSource, ZtError, equalBytes, latin1 } from '@zt/sansio'
import { sha512 } from './hash.js'

/** Length of a combined public key. */
export const PUBLIC_KEY_LENGTH = 64
/** Length of a combined secret key. */
export const SECRET_KEY_LENGTH = 64
/** Length of a signature: Ed25519 signature (64) | first 32 bytes of the message's SHA-512. */
export const SIGNATURE_LENGTH = 96
/** Length of the key that two nodes agree on. */
export const AGREEMENT_LENGTH = 48

/** Both halves of both keys. */
export interface KeyPair {
  /** 64 bytes. */
  readonly publicKey: Uint8Array
  /** 64 bytes. */
  readonly secretKey: Uint8Array
}

/** A fresh key pair. It has no address yet: that takes a search (see `memoryHardHash`). */
export function generateKeyPair(random: RandomSource): KeyPair {
  const secretKey = random.fill(new Uint8Array(SECRET_KEY_LENGTH))
  return { publicKey: publicKeyOf(secretKey), secretKey }
}

/** The 64-byte public key that belongs to a 64-byte secret key. @throws ZT_ARG_INVALID for another length. */
export function publicKeyOf(secretKey: Uint8Array): Uint8Array<ArrayBuffer> {
  expectLength('secretKey', secretKey, SECRET_KEY_LENGTH)
  const publicKey = new Uint8Array(PUBLIC_KEY_LENGTH)
  publicKey.set(x25519.getPublicKey(secretKey.subarray(0, 32)), 0)
  publicKey.set(ed25519.getPublicKey(secretKey.subarray(32)), 32)
  return publicKey
}

/**
 * The key that two nodes share: SHA-512 of the X25519 output, extended by hashing the digest again when more than 64
 * bytes are asked for. The same for both sides, and for as long as both identities live.
 *
 * A public key of low order gives the key of the all-zero output instead of a refusal, as upstream does: whoever uses
 * such a key gives away their own secrets only.
 *
 * @param length bytes wanted; every use in the protocol wants 48.
 * @throws ZT_ARG_INVALID if a key is not 64 bytes.
 */
export function agree(
  secretKey: Uint8Array,
  publicKey: Uint8Array,
  length = AGREEMENT_LENGTH,
): Uint8Array<ArrayBuffer> {
  expectLength('secretKey', secretKey, SECRET_KEY_LENGTH)
  expectLength('publicKey', publicKey, PUBLIC_KEY_LENGTH)
  const raw = x25519Raw(secretKey.subarray(0, 32), publicKey.subarray(0, 32))
  const key = new Uint8Array(length)
  let digest = sha512(raw)
  raw.fill(0)
  for (let at = 0; ; digest = sha512(digest)) {
    key.set(digest.subarray(0, length - at), at)
    at += digest.length
    if (at >= length) break
  }
  digest.fill(0)
  return key
}

/** Plain X25519 (RFC 7748) of a 32-byte scalar and a 32-byte u coordinate; all zero for a point of low order. */
export function x25519Raw(scalar: Uint8Array, point: Uint8Array): Uint8Array<ArrayBuffer> {
  expectLength('scalar', scalar, 32)
  expectLength('point', point, 32)
  try {
    return x25519.scalarMult(scalar, point)
  } catch {
    // With both lengths right, the one thing the library refuses is a point of low order.
    return new Uint8Array(32)
  }
}

/** Sign a message: 96 bytes, deterministic. @throws ZT_ARG_INVALID if the key is not 64 bytes. */
export function sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array<ArrayBuffer> {
  expectLength('secretKey', secretKey, SECRET_KEY_LENGTH)
  const signature = new Uint8Array(SIGNATURE_LENGTH)
  const prehash = sha512(message).subarray(0, 32)
  signature.set(ed25519.sign(prehash, secretKey.subarray(32)), 0)
  signature.set(prehash, 64)
  return signature
}

/**
 * Does this 96-byte signature over the message belong to this 64-byte public key? False for bytes of any other length or
 * shape: it never throws.
 *
 * As upstream does, the point that the signature claims is worked out and compared byte by byte (no cofactor). Deviation:
 * `s` must be below the group order, as RFC 8032 section 5.1.7 wants. Upstream accepts larger values too; no honest
 * signer makes them.
 */
export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== PUBLIC_KEY_LENGTH || signature.length !== SIGNATURE_LENGTH) return false
  const prehash = sha512(message).subarray(0, 32)
  if (!equalBytes(prehash, signature.subarray(64))) return false
  try {
    const signer = publicKey.subarray(32)
    const r = signature.subarray(0, 32)
    const s = littleEndian(signature.subarray(32, 64))
    const challenge = new Uint8Array(96)
    challenge.set(r)
    challenge.set(signer, 32)
    challenge.set(prehash, 64)
    const k = Point.Fn.create(littleEndian(sha512(challenge)))
    const claimed = Point.BASE.multiplyUnsafe(s).add(signers.minus(signer).multiplyUnsafe(k))
    return equalBytes(claimed.toBytes(), r)
  } catch {
    return false // not a point of the curve, or s is not below the order
  }
}

const { Point } = ed25519

/**
 * The public keys that were met lately, as points. A network's controller signs whatever its members show, so the same key
 * is met again and again: after a few times it gets a table, with which a check takes half as long.
 */
class Signers {
  readonly #met = new BoundedMap<string, { readonly point: InstanceType<typeof Point>; times: number }>(SIGNERS)

  /** The point of a public key, negated. @throws if it is no point of the curve, or one that fits every signature. */
  minus(publicKey: Uint8Array): InstanceType<typeof Point> {
    const name = latin1(publicKey)
    let signer = this.#met.get(name)
    if (!signer) {
      const point = Point.fromBytes(publicKey)
      if (point.isSmallOrder()) throw new ZtError('ZT_ARG_INVALID', 'a signing key of small order')
      signer = { point: point.negate(), times: 0 }
      this.#met.set(name, signer)
    }
    if (++signer.times === TIMES_BEFORE_TABLE) signer.point.precompute(TABLE_WINDOW)
    return signer.point
  }
}

/** Keys remembered; a table takes about 0.2 MB. */
const SIGNERS = 16
const TIMES_BEFORE_TABLE = 3
const TABLE_WINDOW = 5

const signers = new Signers()

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!)
  return value
}

function expectLength(name: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length)
    throw new ZtError('ZT_ARG_INVALID', `expected ${name} of ${length} bytes, got ${bytes.length}`)
}
