import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The other end of a measurement: a process of its own that runs one role and answers calls. */
export class Peer {
  readonly #child: ChildProcess
  readonly #inbox: unknown[] = []
  readonly #waiting: ((message: unknown) => void)[] = []

  constructor(role: string, ...args: string[]) {
    this.#child = fork(fileURLToPath(new URL('./child.js', import.meta.url)), [role, ...args], { stdio: 'inherit' })
    this.#child.on('message', (message) => {
      const waiter = this.#waiting.shift()
      if (waiter) waiter(message)
      else this.#inbox.push(message)
    })
    this.#child.on('exit', (code) => {
      if (code) throw new Error(`the ${role} process of the benchmark failed with code ${code}`)
    })
  }

  /** The next message from the role. */
  next<T>(): Promise<T> {
    if (this.#inbox.length > 0) return Promise.resolve(this.#inbox.shift() as T)
    return new Promise((resolve) => this.#waiting.push(resolve as (message: unknown) => void))
  }

  async ask<T>(message: unknown): Promise<T> {
    this.#child.send(message as object)
    return this.next<T>()
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#child.removeAllListeners('exit')
      this.#child.once('exit', () => resolve())
      this.#child.kill()
    })
  }
}
