/**
 * What a frame is judged against: our own side of a network, made anew from each configuration, and the other member.
 * The networks of the dataplane implement both.
 */
import type { Address } from '@zt/protocol'
import type { Holder, Ourselves } from './holder.js'
import type { RuleTable } from './rule-table.js'

export { NO_TAG } from './holder.js'

/**
 * The other member of a frame's conversation. Only credentials that are valid now may show: their timestamps are within
 * the network's window of our configuration's, and above every revocation threshold.
 */
export interface FilterMember extends Holder {
  /** The rules of its capabilities, in the order in which they are tried: ascending id. */
  readonly capabilities: readonly RuleTable[]
}

/** Our own side of one network. Our credentials count without any check of their age. */
export interface FilterPolicy extends Ourselves {
  /** Our node's address. */
  readonly self: Address
  /** The rules of the network itself. */
  readonly rules: RuleTable
  /** The rules of our capabilities, in the order in which they are tried: ascending id. */
  readonly capabilities: readonly RuleTable[]
}
