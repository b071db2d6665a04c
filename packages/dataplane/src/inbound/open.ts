/**
 * Whose packet is it, and is it authentic? Then decrypt and inflate it where it is (ZeroTierOne
 * node/IncomingPacket.cpp, tryDecode).
 */
import { Cipher, Verb, cipherOf, verbOf } from '@zt/protocol'
import type { Dataplane } from '../dataplane.js'
import { type Outcome, Received } from './outcome.js'

/** `opened`, or whom to turn to: HELLO in the clear brings its own identity, and strangers must be asked for. */
export function open(d: Dataplane): Outcome {
  const { packet } = d
  if (packet.isOpen) return packet.link ? Received.opened : Received.stranger
  const { bytes, at, link } = packet
  const cipher = cipherOf(bytes, at)
  if (cipher === Cipher.None && verbOf(bytes, at) === Verb.Hello) return Received.hello
  if (cipher === Cipher.TrustedPath) return d.done('packet-trusted-path')
  if (link === undefined) return Received.stranger
  if (!d.armor.dearmor(bytes, at, packet.length, link.keys)) return d.done('packet-not-authentic')
  d.opened[cipher]++
  return accept(d)
}

/** The packet was found authentic, here or by the handler of HELLO: inflate it and read its verb. */
export function accept(d: Dataplane): Outcome {
  const { packet } = d
  const length = d.compression.decompress(packet.bytes, packet.at, packet.length)
  if (length < 0) return d.done('packet-malformed-compression')
  packet.end = packet.at + length
  packet.verb = verbOf(packet.bytes, packet.at)
  packet.isOpen = true
  return Received.opened
}
