import type { Output } from '../output.js'

/** Who is speaking in the demo: each has a column of its own. */
export type Actor = 'world' | 'root' | 'controller' | 'alice' | 'bob' | 'carol'

const colours: Readonly<Record<Actor, number>> = { world: 37, root: 35, controller: 33, alice: 36, bob: 32, carol: 34 }

/** One thing that had to hold, and whether it did. */
export interface Check {
  readonly name: string
  readonly held: boolean
  readonly detail: string
}

/** The demo's story as it happens: a line a moment, for people or as JSON. */
export class Timeline {
  readonly checks: Check[] = []
  readonly #output: Output
  readonly #start = performance.now()
  readonly #colour: boolean

  constructor(output: Output) {
    this.#output = output
    this.#colour = !output.json && process.stdout.isTTY === true && !process.env.NO_COLOR
  }

  /** Milliseconds since the demo began. */
  get elapsed(): number {
    return performance.now() - this.#start
  }

  /** Something happened. `facts` are for programs, `text` is for people. */
  tell(actor: Actor, text: string, facts: object = {}): void {
    const at = Math.round(this.elapsed)
    this.#output.result({ at, actor, text, ...facts }, this.#line(at, actor, text))
  }

  /** Something had to hold. The demo goes on if it did not, and fails at its end. */
  check(actor: Actor, name: string, held: boolean, detail: string): void {
    this.checks.push({ name, held, detail })
    const at = Math.round(this.elapsed)
    const mark = held ? this.#paint(32, '✓') : this.#paint(31, '✗')
    this.#output.result({ at, actor, check: name, held, detail }, this.#line(at, actor, `${mark} ${name}: ${detail}`))
  }

  /** A line between chapters. */
  chapter(title: string): void {
    if (!this.#output.json) this.#output.result({}, `\n${this.#paint(1, title)}`)
  }

  /** The closing words. True if everything held. */
  finish(): boolean {
    const failed = this.checks.filter((check) => !check.held)
    const seconds = (this.elapsed / 1000).toFixed(1)
    const held = failed.length === 0
    const text = held
      ? `All ${this.checks.length} checks held, in ${seconds} s.`
      : `${failed.length} of ${this.checks.length} checks failed: ${failed.map(({ name }) => name).join(', ')}`
    this.#output.result(
      { result: held ? 'ok' : 'failed', seconds: Number(seconds), checks: this.checks },
      `\n${this.#paint(held ? 32 : 31, text)}`,
    )
    return held
  }

  #line(at: number, actor: Actor, text: string): string {
    return `${(at / 1000).toFixed(3).padStart(8)} s  ${this.#paint(colours[actor], actor.padEnd(10))}  ${text}`
  }

  #paint(colour: number, text: string): string {
    return this.#colour ? `\x1b[${colour}m${text}\x1b[0m` : text
  }
}
