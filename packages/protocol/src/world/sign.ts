import { type KeyPair, sign, verify } from '@zt/crypto'
import { ByteWriter } from '@zt/sansio'
import { MAX_WORLD_LENGTH } from '../limits.js'
import { type UnsignedWorld, type World, WorldType, encodeWorldHead, encodeWorldRoots } from './world.js'

/** The bytes that are signed: `7f` eight times, the world without its signature, `f7` eight times. */
export function worldSigningForm(world: UnsignedWorld): Uint8Array {
  const w = new ByteWriter(512, MAX_WORLD_LENGTH + 16).u64(0x7f7f_7f7f_7f7f_7f7fn)
  encodeWorldHead(w, world)
  encodeWorldRoots(w, world)
  return w.u64(0xf7f7_f7f7_f7f7_f7f7n).finish()
}

/** A world signed with a key of 64 bytes: the one that its previous version announced, or any if there is none. */
export function signWorld(world: UnsignedWorld, signer: Pick<KeyPair, 'secretKey'>): World {
  return { ...world, signature: sign(signer.secretKey, worldSigningForm(world)) }
}

/** Is the world signed with this public key? */
export function isWorldSignedBy(world: World, publicKey: Uint8Array): boolean {
  return verify(publicKey, worldSigningForm(world), world.signature)
}

/**
 * May `next` take the place of `current`? Where there is none, anything may. Otherwise it must be the same world,
 * newer, and signed with the key that the current one announces.
 */
export function verifyWorldUpdate(current: World | undefined, next: World): boolean {
  if (!current || current.id === 0n || current.type === WorldType.Null) return true
  if (current.id !== next.id || current.type !== next.type || next.timestamp <= current.timestamp) return false
  return isWorldSignedBy(next, current.updatesMustBeSignedBy)
}
