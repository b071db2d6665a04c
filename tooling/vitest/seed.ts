/**
 * Property tests draw the same cases every time, so that a change and not the dice decides what passes. `ZT_SEED=n` draws
 * others. This writes where fast-check keeps its global settings (seed.test.ts sees that it does), because importing
 * fast-check here would load it into every test file.
 */
const settings = Symbol.for('fast-check/GlobalParameters')

Object.assign(globalThis, { [settings]: { seed: Number(process.env['ZT_SEED'] ?? 1) } })
