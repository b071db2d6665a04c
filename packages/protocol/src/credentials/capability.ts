import { type ByteReader, type ByteWriter, ZtError } from '@zt/sansio'
import type { Address } from '../address.js'
import type { SecretIdentity } from '../identity/identity.js'
import { MAX_CAPABILITY_RULES, MAX_CUSTODY_CHAIN } from '../limits.js'
import { type Rule, decodeRule, encodeRule } from '../netconf/rule.js'
import { type NetworkId, controllerOf } from '../network-id.js'
import {
  type IdentityLookup,
  type Verdict,
  checkSignature,
  decodeSignature,
  encodeSignature,
  signAs,
  signingForm,
  skipAdditionalFields,
} from './signing.js'

/** One step in a capability's way from the controller to its holder. */
export interface Custody {
  readonly to: Address
  readonly from: Address
  /** By `from`. */
  readonly signature: Uint8Array
}

/**
 * Additional rules that a member may use, given by the controller and perhaps passed on.
 *
 * | size | |
 * | --- | --- |
 * | 8 | network id |
 * | 8 | timestamp, ms |
 * | 4 | capability id |
 * | 2 | number of rules, at most 64 |
 * | … | rules |
 * | 1 | longest chain of custody, 1 to 7 |
 * | 5, 5, 99 each | to, from, signature with type and length |
 * | 5 | zero ends the chain |
 * | 2 | length of additional fields, which are skipped |
 *
 * What is signed holds neither the holder nor the chain: every step signs the same bytes.
 */
export interface Capability {
  readonly networkId: NetworkId
  readonly timestamp: number
  readonly id: number
  readonly rules: readonly Rule[]
  readonly maxCustodyChain: number
  readonly custody: readonly Custody[]
}

export function decodeCapability(r: ByteReader): Capability | undefined {
  const networkId = r.u64()
  const timestamp = r.time()
  const id = r.u32()
  const ruleCount = r.u16()
  if (ruleCount > MAX_CAPABILITY_RULES) return undefined
  const rules: Rule[] = []
  for (let i = 0; i < ruleCount && r.remaining > 0; i++) rules.push(decodeRule(r))
  const maxCustodyChain = r.u8()
  if (maxCustodyChain < 1 || maxCustodyChain > MAX_CUSTODY_CHAIN) return undefined
  const custody: Custody[] = []
  for (let to = r.u40(); to !== 0; to = r.u40()) {
    if (custody.length >= maxCustodyChain) return undefined
    custody.push({ to, from: r.u40(), signature: decodeSignature(r) })
  }
  skipAdditionalFields(r)
  return r.ok ? { networkId, timestamp, id, rules, maxCustodyChain, custody } : undefined
}

export function encodeCapability(w: ByteWriter, capability: Capability): void {
  encodeFields(w, capability)
  for (const { to, from, signature } of capability.custody) {
    w.u40(to).u40(from)
    encodeSignature(w, signature)
  }
  w.u40(0).u16(0)
}

/** Issue a capability to a member. */
export function signCapability(
  capability: Omit<Capability, 'custody'>,
  to: Address,
  controller: SecretIdentity,
): Capability {
  return passCapability({ ...capability, custody: [] }, to, controller)
}

/** Pass a capability on to another member. @throws ZT_ARG_INVALID when its chain of custody is full. */
export function passCapability(capability: Capability, to: Address, holder: SecretIdentity): Capability {
  if (capability.custody.length >= capability.maxCustodyChain) {
    throw new ZtError('ZT_ARG_INVALID', `a chain of custody of ${capability.maxCustodyChain} is full`)
  }
  const signature = signAs(holder, capabilitySigningForm(capability))
  return { ...capability, custody: [...capability.custody, { to, from: holder.address, signature }] }
}

/** Does every step, beginning with the controller's, follow from the one before? */
export function verifyCapability(capability: Capability, lookup: IdentityLookup): Verdict {
  if (capability.custody.length === 0) return 'invalid'
  const message = capabilitySigningForm(capability)
  let holder = controllerOf(capability.networkId)
  for (const { to, from, signature } of capability.custody) {
    if (from === 0 || from !== holder) return 'invalid'
    const verdict = checkSignature(from, message, signature, lookup)
    if (verdict !== 'valid') return verdict
    holder = to
  }
  return 'valid'
}

/** Who holds it now; 0 if nobody. */
export function capabilityIssuedTo(capability: Capability): Address {
  return capability.custody[capability.custody.length - 1]?.to ?? 0
}

/** The bytes that are signed at every step. */
export function capabilitySigningForm(capability: Omit<Capability, 'custody'>): Uint8Array {
  return signingForm((w) => encodeFields(w, capability))
}

function encodeFields(w: ByteWriter, capability: Omit<Capability, 'custody'>): void {
  w.u64(capability.networkId).time(capability.timestamp).u32(capability.id).u16(capability.rules.length)
  for (const rule of capability.rules) encodeRule(w, rule)
  w.u8(capability.maxCustodyChain)
}
