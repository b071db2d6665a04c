/**
 * fast-check as every test sees it: drawing the same cases every time, so that a change and not the dice decides what
 * passes. `ZT_SEED=n` draws others.
 */
import fc from 'fast-check'

export * from 'fast-check'
export { default } from 'fast-check'

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env['ZT_SEED'] ?? 1) })
