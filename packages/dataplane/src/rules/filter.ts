/**
 * The rules engine of a network: which frames may pass, and who is sent a copy. Both sides of a conversation judge each
 * frame, and it passes only if both accept it; what no rule matches is dropped.
 *
 * The network's own table decides first. Only if it has no answer are capabilities tried: ours for what we send, the
 * sender's for what we receive. Nothing is allocated per frame.
 *
 * Source: ZeroTierOne node/Network.cpp, filterOutgoingPacket and filterIncomingPacket.
 */
import type { Address } from '@zt/protocol'
import type { RandomSource } from '@zt/sansio'
import { FilterFrame } from './filter-frame.js'
import { HARD_NO, LENIENT_YES, type MatchContext, YES } from './match.js'
import { type FilterMember, type FilterPolicy, NO_TAG } from './policy.js'
import { Action, type RuleTable, type Step } from './rule-table.js'

/** What one rule table says about a frame. */
export const Verdict = {
  NoMatch: 0,
  Drop: 1,
  /** Send the frame to somebody else instead. */
  Redirect: 2,
  Accept: 3,
  /** Accept although we are not the addressee: we are the target of a TEE, WATCH or REDIRECT. */
  SuperAccept: 4,
} as const
export type Verdict = (typeof Verdict)[keyof typeof Verdict]

/** What the whole policy says about a frame from another member. */
export const Admission = {
  Drop: 0,
  Accept: 1,
  /** Accept without asking whether the MACs and the ZeroTier addresses agree. */
  SuperAccept: 2,
} as const
export type Admission = (typeof Admission)[keyof typeof Admission]

/** Flags of the EXT_FRAME that carries a copy or a redirected frame. */
export const ForwardFlags = {
  TeeOut: 0x02,
  RedirectOut: 0x04,
  WatchOut: 0x16,
  TeeIn: 0x08,
  RedirectIn: 0x0a,
  WatchIn: 0x1c,
} as const

/** Send the first `length` bytes of the frame's payload in an EXT_FRAME with these flags to `to`. */
export interface Forward {
  readonly to: Address
  readonly flags: number
  readonly length: number
}

/** A copy by a capability, one by the network's table, and a redirection. */
const MAX_FORWARDS = 3

const NOBODY: Address = 0

const nothingAsked: FilterPolicy = {
  self: NOBODY,
  rules: { steps: [], acceptsAll: false },
  unknownMatches: false,
  capabilities: [],
  tag: () => NO_TAG,
  ownsIp: () => false,
  ownsMac: () => false,
  isEmulated: () => false,
}

/**
 * Judges frames, one at a time: fill `frame`, ask, then send what is in the first `forwardCount` entries of `forwards`.
 * One instance serves all networks of a node.
 */
export class FrameFilter implements MatchContext {
  readonly frame = new FilterFrame()
  readonly random: RandomSource
  /** Preallocated; overwritten by the next question. */
  readonly forwards: readonly Forward[]
  forwardCount = 0

  // The question being answered: what matchers look at.
  policy: FilterPolicy
  member: FilterMember | undefined = undefined
  isInbound = false
  ztSource: Address = NOBODY
  /** Changed by REDIRECT. */
  ztDestination: Address = NOBODY
  isTarget = false

  // Whom the table evaluated last sends a copy, if anybody, and how many bytes of the payload.
  private copyTo: Address = NOBODY
  private copyLength = 0
  private copyIsWatch = false

  constructor(random: RandomSource) {
    this.random = random
    this.policy = nothingAsked
    this.forwards = Array.from({ length: MAX_FORWARDS }, () => ({ to: NOBODY, flags: 0, length: 0 }))
  }

  /**
   * May we send `frame` to the member `destination`? For a frame to many or through a bridge `destination` is 0 and
   * `member` undefined; each recipient is then asked about with `outgoingReplica`.
   *
   * `false` can come with a forward: the frame was redirected.
   */
  outgoing(policy: FilterPolicy, member: FilterMember | undefined, destination: Address): boolean {
    this.forwardCount = 0
    if (policy.rules.acceptsAll) return true
    return this.judgeOutgoing(policy, member, destination, true)
  }

  /** The same for one recipient of a frame already judged as a whole: no second copies for TEE and WATCH. */
  outgoingReplica(policy: FilterPolicy, member: FilterMember | undefined, destination: Address): boolean {
    this.forwardCount = 0
    if (policy.rules.acceptsAll) return true
    return this.judgeOutgoing(policy, member, destination, false)
  }

  /** May `frame`, which the member `source` sent to us, come in? */
  incoming(policy: FilterPolicy, member: FilterMember | undefined, source: Address): Admission {
    this.forwardCount = 0
    if (policy.rules.acceptsAll) return Admission.Accept
    this.ask(policy, member, true, source, policy.self)
    let verdict = this.evaluate(policy.rules)
    const copyTo = this.copyTo
    const copyLength = this.copyLength
    const copyFlags = this.copyIsWatch ? ForwardFlags.WatchIn : ForwardFlags.TeeIn
    if (verdict === Verdict.NoMatch && member !== undefined) {
      verdict = this.evaluateAll(member.capabilities)
      if (this.copyTo !== NOBODY) {
        this.forward(this.copyTo, this.copyIsWatch ? ForwardFlags.WatchIn : ForwardFlags.TeeIn, this.copyLength)
      }
    }
    if (verdict <= Verdict.Drop) return Admission.Drop
    if (copyTo !== NOBODY) this.forward(copyTo, copyFlags, copyLength)
    if (this.ztDestination !== policy.self && this.ztDestination !== NOBODY) {
      this.forward(this.ztDestination, ForwardFlags.RedirectIn, this.frame.length)
      return Admission.Drop
    }
    return verdict === Verdict.SuperAccept ? Admission.SuperAccept : Admission.Accept
  }

  /** What one table alone says about `frame`, sent to or coming from `other`. For inspection and tests. */
  judgeTable(
    rules: RuleTable,
    direction: 'in' | 'out',
    policy: FilterPolicy,
    member: FilterMember | undefined,
    other: Address,
  ): Verdict {
    if (direction === 'in') this.ask(policy, member, true, other, policy.self)
    else this.ask(policy, member, false, policy.self, other)
    return this.evaluate(rules)
  }

  private judgeOutgoing(
    policy: FilterPolicy,
    member: FilterMember | undefined,
    destination: Address,
    hasCopies: boolean,
  ): boolean {
    this.ask(policy, member, false, policy.self, destination)
    let verdict = this.evaluate(policy.rules)
    const copyTo = this.copyTo
    const copyLength = this.copyLength
    const copyFlags = this.copyIsWatch ? ForwardFlags.WatchOut : ForwardFlags.TeeOut
    if (verdict === Verdict.NoMatch) {
      verdict = this.evaluateAll(policy.capabilities)
      if (hasCopies && this.copyTo !== NOBODY) {
        this.forward(this.copyTo, this.copyIsWatch ? ForwardFlags.WatchOut : ForwardFlags.TeeOut, this.copyLength)
      }
    }
    if (verdict <= Verdict.Drop) return false
    if (hasCopies && copyTo !== NOBODY) this.forward(copyTo, copyFlags, copyLength)
    if (this.ztDestination === destination || this.ztDestination === NOBODY) return true
    this.forward(this.ztDestination, ForwardFlags.RedirectOut, this.frame.length)
    return false
  }

  private ask(
    policy: FilterPolicy,
    member: FilterMember | undefined,
    isInbound: boolean,
    source: Address,
    destination: Address,
  ): void {
    this.policy = policy
    this.member = member
    this.isInbound = isInbound
    this.ztSource = source
    this.ztDestination = destination
  }

  /** The first capability that accepts decides. A DROP in one only ends that one. */
  private evaluateAll(capabilities: readonly RuleTable[]): Verdict {
    const destination = this.ztDestination
    for (const rules of capabilities) {
      this.ztDestination = destination
      const verdict = this.evaluate(rules)
      if (verdict > Verdict.Drop) return verdict
    }
    this.copyTo = NOBODY
    return Verdict.NoMatch
  }

  /**
   * Run one table: sets of matches, each ended by its action. A set holds at first, so that an action without matches
   * is always taken; then it is ANDed or ORed with each match in turn.
   */
  private evaluate({ steps }: RuleTable): Verdict {
    this.isTarget = false
    this.copyTo = NOBODY
    let holds = true
    let isNextDropForgiven = false
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]!
      if (step.action === Action.Match) {
        if (!holds && !step.or) continue
        const outcome = step.match(step, this)
        if (outcome === LENIENT_YES) isNextDropForgiven = true
        const matches = outcome >= HARD_NO ? outcome > HARD_NO : (outcome === YES) !== step.not
        holds = step.or ? holds || matches : matches
        continue
      }
      if (!holds) {
        if (this.isInbound && isForward(step) && step.a === this.policy.self) this.isTarget = true
        holds = true
        continue
      }
      switch (step.action) {
        case Action.Drop:
          if (!isNextDropForgiven) return Verdict.Drop
          isNextDropForgiven = false
          break
        case Action.Accept:
          return this.isTarget ? Verdict.SuperAccept : Verdict.Accept
        case Action.Priority:
          return Verdict.Accept
        case Action.Break:
          return Verdict.NoMatch
        case Action.Tee:
        case Action.Watch:
        case Action.Redirect:
          if (step.a === this.ztSource) break
          if (step.a === this.policy.self) {
            if (this.isInbound) return Verdict.SuperAccept
          } else if (step.a !== this.ztDestination) {
            if (step.action === Action.Redirect) {
              this.ztDestination = step.a
              return Verdict.Redirect
            }
            this.copyTo = step.a
            this.copyLength = step.b === 0 ? this.frame.length : Math.min(step.b, this.frame.length)
            this.copyIsWatch = step.action === Action.Watch
          }
          break
        case Action.Nothing:
      }
    }
    return Verdict.NoMatch
  }

  private forward(to: Address, flags: number, length: number): void {
    const slot = this.forwards[this.forwardCount++] as { -readonly [K in keyof Forward]: Forward[K] }
    slot.to = to
    slot.flags = flags
    slot.length = length
  }
}

function isForward({ action }: Step): boolean {
  return action === Action.Tee || action === Action.Watch || action === Action.Redirect
}
