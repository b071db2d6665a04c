/** Blocks of send buffers, shared by all connections of a stack. Blocks never leave it, so they can be used again. */
export class BlockPool {
  readonly #free: Uint8Array[] = []
  /** Blocks lent out. */
  lent = 0

  take(): Uint8Array {
    this.lent++
    return this.#free.pop() ?? new Uint8Array(BLOCK)
  }

  give(block: Uint8Array): void {
    this.lent--
    if (this.#free.length < FREE_MAX) this.#free.push(block)
  }
}

/** Bytes of a block. A power of two. */
export const BLOCK = 16_384
/** Free blocks that are kept: 4 MiB. */
const FREE_MAX = 256
const SHIFT = 14

/**
 * The bytes from SND.UNA on that the application wrote: in flight first, then unsent. They are copied in once and out
 * for every transmission; segment boundaries are not kept, so a retransmission may be cut in another way.
 */
export class SendBuffer {
  readonly #pool: BlockPool
  #blocks: Uint8Array[] = []
  /** Where the first byte is in the first block. */
  #head = 0
  /** Bytes held. */
  length = 0

  constructor(pool: BlockPool) {
    this.#pool = pool
  }

  append(bytes: Uint8Array, offset: number, length: number): void {
    let at = this.#head + this.length
    this.length += length
    while (length > 0) {
      const within = at & (BLOCK - 1)
      if (within === 0 && at >> SHIFT === this.#blocks.length) this.#blocks.push(this.#pool.take())
      const n = Math.min(length, BLOCK - within)
      copy(bytes, offset, this.#blocks[at >> SHIFT]!, within, n)
      at += n
      offset += n
      length -= n
    }
  }

  /** Copy `length` bytes that begin `from` bytes after the first one. */
  copyTo(target: Uint8Array, at: number, from: number, length: number): void {
    let position = this.#head + from
    while (length > 0) {
      const within = position & (BLOCK - 1)
      const n = Math.min(length, BLOCK - within)
      copy(this.#blocks[position >> SHIFT]!, within, target, at, n)
      position += n
      at += n
      length -= n
    }
  }

  /** Forget the first `length` bytes: they were acknowledged. */
  drop(length: number): void {
    this.length -= length
    if (this.length === 0) return this.clear()
    this.#head += length
    while (this.#head >= BLOCK) {
      this.#pool.give(this.#blocks.shift()!)
      this.#head -= BLOCK
    }
  }

  clear(): void {
    for (const block of this.#blocks) this.#pool.give(block)
    this.#blocks = []
    this.#head = 0
    this.length = 0
  }
}

function copy(from: Uint8Array, at: number, to: Uint8Array, toAt: number, length: number): void {
  if (length > SHORT) {
    to.set(from.subarray(at, at + length), toAt)
    return
  }
  for (let i = 0; i < length; i++) to[toAt + i] = from[at + i]!
}

/** Up to this many bytes a loop is cheaper than making a view. */
const SHORT = 64
