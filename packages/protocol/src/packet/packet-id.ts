import type { RandomSource } from '@zt/sansio'

const POOL_BYTES = 8192

/** Fresh packet ids: eight unpredictable bytes each, drawn by the thousand. */
export class PacketIds {
  private readonly random: RandomSource
  private readonly pool = new Uint8Array(POOL_BYTES)
  private used = POOL_BYTES

  constructor(random: RandomSource) {
    this.random = random
  }

  /** Write a packet id to `bytes[at, at + 8)`. */
  write(bytes: Uint8Array, at: number): void {
    if (this.used === POOL_BYTES) {
      this.random.fill(this.pool)
      this.used = 0
    }
    const { pool, used } = this
    for (let i = 0; i < 8; i++) bytes[at + i] = pool[used + i]
    this.used = used + 8
  }
}
