/** The eleven states of RFC 9293 section 3.3.2. Numbers, so that a state is compared and stored as a small integer. */
export const State = {
  CLOSED: 0,
  LISTEN: 1,
  SYN_SENT: 2,
  SYN_RCVD: 3,
  ESTABLISHED: 4,
  FIN_WAIT_1: 5,
  FIN_WAIT_2: 6,
  CLOSE_WAIT: 7,
  CLOSING: 8,
  LAST_ACK: 9,
  TIME_WAIT: 10,
} as const
export type State = (typeof State)[keyof typeof State]

/** The state by the name that RFC 9293 gives it. */
export type TcpState = keyof typeof State

const names = Object.keys(State) as TcpState[]

/** `4` → `'ESTABLISHED'` */
export function nameOfState(state: State): TcpState {
  return names[state]!
}

/**
 * The legal moves. `transition` refuses all others, so a wrong one is found where it is made.
 *
 * ```text
 * CLOSED ── connect ─▶ SYN_SENT ── SYN,ACK ─▶ ESTABLISHED ── close ─▶ FIN_WAIT_1 ── ACK ─▶ FIN_WAIT_2 ── FIN ─▶ TIME_WAIT
 *                         │ SYN                  │ FIN                   │ FIN ─▶ CLOSING ── ACK ──────────────▲
 * (half-open row) ──▶ SYN_RCVD ─ ACK ─▲      CLOSE_WAIT ── close ─▶ LAST_ACK ── ACK ─▶ CLOSED
 * ```
 *
 * LISTEN and the passive SYN_RCVD live in tables of their own (`open/`): no connection exists before the third ACK.
 */
const moves: Readonly<Record<State, readonly State[]>> = {
  [State.CLOSED]: [State.SYN_SENT, State.SYN_RCVD],
  [State.LISTEN]: [],
  [State.SYN_SENT]: [State.SYN_RCVD, State.ESTABLISHED, State.CLOSED],
  [State.SYN_RCVD]: [State.ESTABLISHED, State.FIN_WAIT_1, State.CLOSE_WAIT, State.CLOSED],
  [State.ESTABLISHED]: [State.FIN_WAIT_1, State.CLOSE_WAIT, State.CLOSED],
  [State.FIN_WAIT_1]: [State.FIN_WAIT_2, State.CLOSING, State.TIME_WAIT, State.CLOSED],
  [State.FIN_WAIT_2]: [State.TIME_WAIT, State.CLOSED],
  [State.CLOSE_WAIT]: [State.LAST_ACK, State.CLOSED],
  [State.CLOSING]: [State.TIME_WAIT, State.CLOSED],
  [State.LAST_ACK]: [State.CLOSED],
  [State.TIME_WAIT]: [State.CLOSED],
}

/** May a connection go from one to the other? */
export function isLegalMove(from: State, to: State): boolean {
  return moves[from].includes(to)
}

/** SYNs have been exchanged: sequence numbers of both sides are known. */
export function isSynchronized(state: State): boolean {
  return state >= State.ESTABLISHED
}

/** May the peer still send us text, that is, has it not sent its FIN? */
export function canReceive(state: State): boolean {
  return state === State.ESTABLISHED || state === State.FIN_WAIT_1 || state === State.FIN_WAIT_2
}
