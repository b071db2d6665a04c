import { Dictionary } from '../dictionary.js'
import {
  MAX_CAPABILITY_RULES,
  MAX_NETWORK_CAPABILITIES,
  MAX_NETWORK_RULES,
  MAX_NETWORK_TAGS,
  MAX_REQUEST_METADATA_LENGTH,
  PROTOCOL_VERSION,
} from '../limits.js'
import type { SoftwareVersion } from '../verbs/hello.js'

/** What a node says about itself when it asks for a network config. Unset texts are not sent. */
export interface RequestMetadata {
  /** Format of network configs it reads; below 6 is text. */
  readonly configVersion: number
  /** 1 is ZeroTier. */
  readonly vendor: number
  readonly protocolVersion: number
  readonly software: SoftwareVersion
  readonly maxRules: number
  readonly maxCapabilities: number
  readonly maxCapabilityRules: number
  readonly maxTags: number
  readonly flags: number
  /** 0 is none: such a node gets a single ACCEPT. */
  readonly rulesEngineRevision: number
  /** Operating system and architecture, such as `linux/x86_64`. */
  readonly os?: string
  /** For the controller: `token:…` authorises whoever knows the token. */
  readonly authentication?: string
}

/** What this implementation says, for a software version and perhaps a system. */
export function ownMetadata(software: SoftwareVersion, os?: string): RequestMetadata {
  return {
    configVersion: 7,
    vendor: 1,
    protocolVersion: PROTOCOL_VERSION,
    software,
    maxRules: MAX_NETWORK_RULES,
    maxCapabilities: MAX_NETWORK_CAPABILITIES,
    maxCapabilityRules: MAX_CAPABILITY_RULES,
    maxTags: MAX_NETWORK_TAGS,
    flags: 0,
    rulesEngineRevision: 1,
    ...(os !== undefined && { os }),
  }
}

/** Any bytes are metadata; what is missing is 0. */
export function decodeRequestMetadata(bytes: Uint8Array): RequestMetadata {
  const d = Dictionary.decode(bytes.subarray(0, MAX_REQUEST_METADATA_LENGTH))
  const [os, authentication] = [d.text('o'), d.text('a')]
  return {
    configVersion: d.number('v'),
    vendor: d.number('vend'),
    protocolVersion: d.number('pv'),
    software: { major: d.number('majv'), minor: d.number('minv'), revision: d.number('revv') },
    maxRules: d.number('mr'),
    maxCapabilities: d.number('mc'),
    maxCapabilityRules: d.number('mcr'),
    maxTags: d.number('mt'),
    flags: d.number('f'),
    rulesEngineRevision: d.number('revr'),
    ...(os !== undefined && { os }),
    ...(authentication !== undefined && { authentication }),
  }
}

/** Texts that do not fit are left out. */
export function encodeRequestMetadata(metadata: RequestMetadata): Uint8Array<ArrayBuffer> {
  const d = new Dictionary(MAX_REQUEST_METADATA_LENGTH - 1)
  d.setU64('v', metadata.configVersion)
  d.setU64('vend', metadata.vendor)
  d.setU64('pv', metadata.protocolVersion)
  d.setU64('majv', metadata.software.major)
  d.setU64('minv', metadata.software.minor)
  d.setU64('revv', metadata.software.revision)
  d.setU64('mr', metadata.maxRules)
  d.setU64('mc', metadata.maxCapabilities)
  d.setU64('mcr', metadata.maxCapabilityRules)
  d.setU64('mt', metadata.maxTags)
  d.setU64('f', metadata.flags)
  d.setU64('revr', metadata.rulesEngineRevision)
  if (metadata.os !== undefined) d.setText('o', metadata.os)
  if (metadata.authentication !== undefined) d.setText('a', metadata.authentication)
  return d.encode()
}
