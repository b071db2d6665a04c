/**
 * ControllerStore: keeps a controller's records in a state store. Records are written one after the other in the order
 * of their changes, each whole or not at all, so what is found after a crash is a state that the controller was in, short
 * of its last changes.
 */
import { type Clock, type Duration, type StateStore, ZtError } from '@zt/sansio'
import type { Controller } from './controller.js'
import { parseRecordKey, type RecordChange, RECORDS } from './records.js'

/** How to keep records. */
export interface ControllerStoreOptions {
  readonly clock: Clock
  /** How long to gather changes before writing them, ms. Default 100. */
  readonly delayMs?: Duration
  /** Told of each failure to write; it is tried again. Default: silence. */
  readonly onError?: (error: ZtError) => void
}

const RETRY_MS = 5000

/** Made by `ControllerStore.open`; works until `close`. */
export class ControllerStore {
  readonly #controller: Controller
  readonly #store: StateStore
  readonly #clock: Clock
  readonly #delay: Duration
  readonly #onError: (error: ZtError) => void
  /** Taken from the controller, but not written yet. */
  #pending: RecordChange | undefined
  #cancel: (() => void) | undefined
  /** The last of the writes, which are done one after the other. */
  #last: Promise<void> = Promise.resolve()
  #isClosed = false

  private constructor(controller: Controller, store: StateStore, options: ControllerStoreOptions) {
    this.#controller = controller
    this.#store = store
    this.#clock = options.clock
    this.#delay = options.delayMs ?? 100
    this.#onError = options.onError ?? (() => {})
  }

  /**
   * Load what is stored into a fresh controller, and store what changes from then on.
   *
   * @throws ZT_STATE_CORRUPT naming the record and the remedy, and whatever the store throws. Nothing is overwritten.
   */
  static async open(
    controller: Controller,
    store: StateStore,
    options: ControllerStoreOptions,
  ): Promise<ControllerStore> {
    const keys = (await store.list(RECORDS)).filter((key) => parseRecordKey(key) !== undefined)
    const isMember = (key: string): boolean => parseRecordKey(key)?.address !== undefined
    for (const key of [...keys.filter((each) => !isMember(each)), ...keys.filter(isMember)]) {
      const value = await store.read(key)
      if (value) controller.load(key, value)
    }
    const self = new ControllerStore(controller, store, options)
    controller.onRecord = () => self.#schedule(self.#delay)
    self.#schedule(self.#delay)
    return self
  }

  /** Write what has changed, now. @throws whatever the store throws; the change is not lost. */
  flush(): Promise<void> {
    this.#cancel?.()
    this.#cancel = undefined
    const written = this.#last.then(() => this.#write())
    this.#last = written.catch(() => {})
    return written
  }

  /** Write what has changed, and nothing after that. */
  close(): Promise<void> {
    this.#isClosed = true
    this.#controller.onRecord = () => {}
    return this.flush()
  }

  async #write(): Promise<void> {
    while ((this.#pending ??= this.#controller.pollRecord())) {
      const { key, value } = this.#pending
      if (value) await this.#store.write(key, value)
      else await this.#store.delete(key)
      this.#pending = undefined
    }
  }

  #schedule(delay: Duration): void {
    if (this.#isClosed) return
    this.#cancel ??= this.#clock.at(this.#clock.now() + delay, () => {
      this.#cancel = undefined
      this.flush().catch((cause: unknown) => {
        this.#onError(
          new ZtError('ZT_STATE_IO', 'the controller could not keep its records; it will try again', { cause }),
        )
        this.#schedule(RETRY_MS)
      })
    })
  }
}
