/**
 * From the two ends of a conversation to a number: an open-addressing hash table of integers, so that finding the
 * owner of a segment allocates nothing. Addresses are four signed words each (IPv4 in its mapped form), ports one.
 *
 * The hash is seeded: strangers choose the keys, and must not be able to choose collisions.
 */
export class TupleTable {
  /** Per slot: remote words, local words, ports, value. An empty slot has value `FREE`, a deleted one `GONE`. */
  #slots: Int32Array
  #mask: number
  #used = 0
  #occupied = 0
  readonly #seed: number

  constructor(seed: number, capacity = 64) {
    this.#seed = seed | 0
    this.#mask = capacity - 1
    this.#slots = new Int32Array(capacity * STRIDE)
  }

  /** How many tuples it holds. */
  get size(): number {
    return this.#used
  }

  /** The value of a tuple, or -1. `ports` is `portsWord(remote, local)`. */
  find(
    r0: number,
    r1: number,
    r2: number,
    r3: number,
    l0: number,
    l1: number,
    l2: number,
    l3: number,
    ports: number,
  ): number {
    const at = this.#locate(r0, r1, r2, r3, l0, l1, l2, l3, ports)
    return at < 0 ? -1 : this.#slots[at + VALUE]! - FIRST
  }

  /** Set the value (zero or more) of a tuple. */
  set(tuple: Tuple, value: number): void {
    const at = this.#locateTuple(tuple)
    if (at >= 0) {
      this.#slots[at + VALUE] = value + FIRST
      return
    }
    if (4 * (this.#occupied + 1) > 3 * (this.#mask + 1)) this.#rebuild()
    this.#insert(tuple, value + FIRST)
  }

  delete(tuple: Tuple): void {
    const at = this.#locateTuple(tuple)
    if (at < 0) return
    this.#slots[at + VALUE] = GONE
    this.#used--
  }

  #locateTuple(t: Tuple): number {
    return this.#locate(t.r0, t.r1, t.r2, t.r3, t.l0, t.l1, t.l2, t.l3, t.ports)
  }

  #locate(
    r0: number,
    r1: number,
    r2: number,
    r3: number,
    l0: number,
    l1: number,
    l2: number,
    l3: number,
    ports: number,
  ): number {
    const slots = this.#slots
    const mask = this.#mask
    for (let i = this.#hash(r0, r1, r2, r3, l3, ports) & mask; ; i = (i + 1) & mask) {
      const at = i * STRIDE
      const value = slots[at + VALUE]!
      if (value === FREE) return -1
      if (
        value !== GONE &&
        slots[at + 8] === ports &&
        slots[at + 3] === r3 &&
        slots[at + 7] === l3 &&
        slots[at + 2] === r2 &&
        slots[at + 1] === r1 &&
        slots[at] === r0 &&
        slots[at + 6] === l2 &&
        slots[at + 5] === l1 &&
        slots[at + 4] === l0
      ) {
        return at
      }
    }
  }

  #insert(t: Tuple, stored: number): void {
    const slots = this.#slots
    let i = this.#hash(t.r0, t.r1, t.r2, t.r3, t.l3, t.ports) & this.#mask
    while (slots[i * STRIDE + VALUE]! >= FIRST) i = (i + 1) & this.#mask
    const at = i * STRIDE
    if (slots[at + VALUE] === FREE) this.#occupied++
    this.#used++
    slots[at] = t.r0
    slots[at + 1] = t.r1
    slots[at + 2] = t.r2
    slots[at + 3] = t.r3
    slots[at + 4] = t.l0
    slots[at + 5] = t.l1
    slots[at + 6] = t.l2
    slots[at + 7] = t.l3
    slots[at + 8] = t.ports
    slots[at + VALUE] = stored
  }

  /** Drop the deleted slots, and double when that alone would not help for long. */
  #rebuild(): void {
    const old = this.#slots
    let capacity = this.#mask + 1
    while (2 * (this.#used + 1) > capacity) capacity *= 2
    this.#slots = new Int32Array(capacity * STRIDE)
    this.#mask = capacity - 1
    this.#used = 0
    this.#occupied = 0
    for (let at = 0; at < old.length; at += STRIDE) {
      if (old[at + VALUE]! < FIRST) continue
      const tuple = {
        r0: old[at]!,
        r1: old[at + 1]!,
        r2: old[at + 2]!,
        r3: old[at + 3]!,
        l0: old[at + 4]!,
        l1: old[at + 5]!,
        l2: old[at + 6]!,
        l3: old[at + 7]!,
        ports: old[at + 8]!,
      }
      this.#insert(tuple, old[at + VALUE]!)
    }
  }

  #hash(r0: number, r1: number, r2: number, r3: number, l3: number, ports: number): number {
    let h = this.#seed
    h = Math.imul(h ^ r3, 0x85eb_ca6b)
    h = Math.imul(h ^ (h >>> 15) ^ ports, 0xc2b2_ae35)
    h = Math.imul(h ^ (h >>> 13) ^ r2, 0x27d4_eb2f)
    h = Math.imul(h ^ (h >>> 16) ^ r1 ^ l3, 0x1656_67b1)
    h = Math.imul(h ^ (h >>> 15) ^ r0, 0x85eb_ca6b)
    return h ^ (h >>> 14)
  }
}

/** The two ends of a conversation. */
export interface Tuple {
  readonly r0: number
  readonly r1: number
  readonly r2: number
  readonly r3: number
  readonly l0: number
  readonly l1: number
  readonly l2: number
  readonly l3: number
  /** Remote port in the high half, local port in the low half: as in the header of an arriving segment. */
  readonly ports: number
}

const STRIDE = 10
const VALUE = 9
const FREE = 0
const GONE = 1
/** Values are stored above the two marks. */
const FIRST = 2
