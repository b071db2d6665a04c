/**
 * Member: another member of one network, with the credentials it has shown. They are filed under whom they were issued
 * to, whoever delivered them, and only after their signature was checked (ZeroTierOne node/Membership.cpp).
 */
import {
  type Address,
  type Capability,
  type CertificateOfMembership,
  type CertificateOfOwnership,
  CredentialType,
  type IdentityLookup,
  MAX_NETWORK_CAPABILITIES,
  MAX_NETWORK_TAGS,
  MAX_OWNERSHIPS,
  type NetworkId,
  type Revocation,
  type Tag,
  ThingType,
  type Verdict,
  comIssuedTo,
  comNetworkId,
  comTimestamp,
  verifyCapability,
  verifyCom,
  verifyOwnership,
  verifyRevocation,
  verifyTag,
} from '@zt/protocol'
import { BoundedMap, type Instant, type Mac, equalBytes } from '@zt/sansio'
import type { PeerLink } from '../peers/peer-link.js'
import { type FilterMember, NO_TAG } from '../rules/policy.js'
import type { RuleTable } from '../rules/rule-table.js'
import { compileRules } from '../rules/compile.js'

/** What became of a credential. `deferred`: its signer must be known first. */
export type Added = 'accepted' | 'redundant' | 'rejected' | 'deferred'

/** What credentials are measured against: the configuration of the network that they belong to. */
export interface CredentialWindow {
  readonly networkId: NetworkId
  /** When our configuration was issued, by the controller's clock, in milliseconds. */
  readonly configTimestamp: number
  /** How much a credential's date may differ from that. */
  readonly credentialWindowMs: number
  /** Grows by one with each configuration. */
  readonly epoch: number
}

const MOST_REVOCATIONS = 256
const LONG_AGO: Instant = Number.NEGATIVE_INFINITY

type Credential = Tag | Capability | CertificateOfOwnership

const UNSIGNED = new Uint8Array(0)
const REVOCABLE: readonly number[] = [
  CredentialType.Com,
  CredentialType.Capability,
  CredentialType.Tag,
  CredentialType.Ownership,
]

/** Another member. Its tables are bounded by what controllers may issue. */
export class Member implements FilterMember {
  readonly address: Address
  readonly mac: Mac
  /** The peer, once it is known. */
  link: PeerLink | undefined = undefined
  com: CertificateOfMembership | undefined = undefined
  /** When our credentials were last sent to it. */
  lastPush: Instant = LONG_AGO
  /** When our groups may next be announced to it. */
  nextLike: Instant = LONG_AGO
  /** When it was last told that its membership is missing. */
  lastRefusal: Instant = LONG_AGO
  /** May it talk on the network? Worked out when `gateEpoch` is not the port's epoch. */
  isAdmitted = false
  gateEpoch = -1

  private readonly window: CredentialWindow
  private comThreshold = 0
  private readonly thresholds = new BoundedMap<string, number>(MOST_REVOCATIONS)
  private readonly tags = new BoundedMap<number, Tag>(MAX_NETWORK_TAGS)
  private readonly capabilitiesById = new BoundedMap<number, Capability>(MAX_NETWORK_CAPABILITIES)
  private readonly ownerships = new BoundedMap<number, CertificateOfOwnership>(MAX_OWNERSHIPS)
  private tables: readonly RuleTable[] = []
  private tablesEpoch = -1

  constructor(address: Address, mac: Mac, window: CredentialWindow) {
    this.address = address
    this.mac = mac
    this.window = window
  }

  /** Has it a certificate of membership that was not revoked? Whether it agrees with ours is the gate's question. */
  get hasLivingCom(): boolean {
    return this.com !== undefined && comTimestamp(this.com) > this.comThreshold
  }

  addCom(com: CertificateOfMembership, lookup: IdentityLookup): Added {
    if (comNetworkId(com) !== this.window.networkId || comIssuedTo(com) !== this.address) return 'rejected'
    const timestamp = comTimestamp(com)
    if (timestamp <= this.comThreshold) return 'rejected'
    const known = this.com
    if (known && timestamp < comTimestamp(known)) return 'rejected'
    if (known && timestamp === comTimestamp(known) && equalBytes(known.signature, com.signature)) return 'redundant'
    const added = ofVerdict(verifyCom(com, lookup))
    if (added === 'accepted') {
      this.com = com
      this.changed()
    }
    return added
  }

  addTag(tag: Tag, lookup: IdentityLookup): Added {
    return this.add(this.tags, CredentialType.Tag, tag, () => verifyTag(tag, lookup))
  }

  addCapability(capability: Capability, lookup: IdentityLookup): Added {
    return this.add(this.capabilitiesById, CredentialType.Capability, capability, () =>
      verifyCapability(capability, lookup),
    )
  }

  addOwnership(ownership: CertificateOfOwnership, lookup: IdentityLookup): Added {
    return this.add(this.ownerships, CredentialType.Ownership, ownership, () => verifyOwnership(ownership, lookup))
  }

  /** A revocation of a tag, capability or ownership voids the membership of the same date too, as in ZeroTierOne. */
  addRevocation(revocation: Revocation, lookup: IdentityLookup): Added {
    const { type, credentialId, threshold } = revocation
    const added = ofVerdict(verifyRevocation(revocation, lookup))
    if (added !== 'accepted') return added
    if (!REVOCABLE.includes(type)) return 'rejected'
    const isCom = type === CredentialType.Com
    if (threshold <= (isCom ? this.comThreshold : this.thresholdOf(type, credentialId))) return 'redundant'
    if (!isCom) this.thresholds.set(`${type}.${credentialId}`, threshold)
    this.comThreshold = Math.max(this.comThreshold, threshold)
    this.changed()
    return added
  }

  private add<C extends Credential>(
    table: BoundedMap<number, C>,
    type: number,
    credential: C,
    verify: () => Verdict,
  ): Added {
    const known = table.get(credential.id)
    if (known && known.timestamp > credential.timestamp) return 'rejected'
    if (known?.timestamp === credential.timestamp && equalBytes(proofOf(known), proofOf(credential))) return 'redundant'
    if (this.thresholdOf(type, credential.id) >= credential.timestamp) return 'rejected'
    const added = ofVerdict(verify())
    if (added === 'accepted') {
      table.set(credential.id, credential)
      this.changed()
    }
    return added
  }

  private thresholdOf(type: number, id: number): number {
    return this.thresholds.get(`${type}.${id}`) ?? 0
  }

  private changed(): void {
    this.gateEpoch = -1
    this.tablesEpoch = -1
  }

  private isValid(type: number, credential: Credential): boolean {
    return (
      Math.abs(credential.timestamp - this.window.configTimestamp) <= this.window.credentialWindowMs &&
      credential.timestamp > this.thresholdOf(type, credential.id)
    )
  }

  // What the rules engine asks. Credentials out of their time stay in the tables, and do not show.

  tag(id: number): number {
    const tag = this.tags.get(id)
    return tag && this.isValid(CredentialType.Tag, tag) ? tag.value : NO_TAG
  }

  get capabilities(): readonly RuleTable[] {
    if (this.tablesEpoch !== this.window.epoch) {
      this.tablesEpoch = this.window.epoch
      this.tables = [...this.capabilitiesById.values()]
        .filter((capability) => this.isValid(CredentialType.Capability, capability))
        .sort((a, b) => a.id - b.id)
        .map((capability) => compileRules(capability.rules))
    }
    return this.tables
  }

  ownsIp(bytes: Uint8Array, at: number, size: number): boolean {
    const type = size === 4 ? ThingType.Ipv4 : ThingType.Ipv6
    return this.owns(type, size, (i) => bytes[at + i]!)
  }

  ownsMac(mac: Mac): boolean {
    return this.owns(ThingType.Mac, 6, (i) => Math.floor(mac / 256 ** (5 - i)) & 0xff)
  }

  private owns(type: number, size: number, byteAt: (index: number) => number): boolean {
    for (const ownership of this.ownerships.values()) {
      if (this.isValid(CredentialType.Ownership, ownership) && ownsThing(ownership, type, size, byteAt)) return true
    }
    return false
  }
}

/** Does a certificate of ownership list the thing of this type whose first `size` bytes are these? */
export function ownsThing(
  ownership: CertificateOfOwnership,
  type: number,
  size: number,
  byteAt: (index: number) => number,
): boolean {
  return ownership.things.some((thing) => {
    if (thing.type !== type) return false
    for (let i = 0; i < size; i++) if (thing.value[i] !== byteAt(i)) return false
    return true
  })
}

/** What shows that the controller issued it; of a capability, that it was passed on to its holder. */
function proofOf(credential: Credential): Uint8Array {
  if ('signature' in credential) return credential.signature
  return credential.custody.at(-1)?.signature ?? UNSIGNED
}

function ofVerdict(verdict: Verdict): Added {
  return verdict === 'valid' ? 'accepted' : verdict === 'unknown-signer' ? 'deferred' : 'rejected'
}
