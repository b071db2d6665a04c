import { readFileSync } from 'node:fs'

/** What one package may do. */
export interface PackageLaw {
  /** Height in the architecture: imports go to lower levels only. */
  readonly level: number
  readonly column: 'ground' | 'zerotier' | 'tcpip' | 'edge' | 'roof' | 'workshop' | 'app'
  /** What it is for, in one line. The same sentence is the `description` in its package.json. */
  readonly charter: string
  /** Workspace imports: a whole package (`@zt/ipstack`) or one subpath of it (`@zt/ipstack/wire`). */
  readonly may: readonly string[]
  /** Runtime dependencies from npm. */
  readonly npm: readonly string[]
  /** Node built-ins, without `node:`. */
  readonly builtins: readonly string[]
}

/** Something that must never be reached, not even through others, and why. `to` may be `node:*`. */
export interface Refusal {
  readonly from: string
  readonly to: string
  readonly why: string
}

/** The content of `layers.json`. */
export interface Law {
  readonly packages: Readonly<Record<string, PackageLaw>>
  readonly refusals: readonly Refusal[]
}

export function readLaw(): Law {
  return JSON.parse(readFileSync(new URL('layers.json', import.meta.url), 'utf8')) as Law
}

/** `@zt/ipstack/wire` → `@zt/ipstack`; `@noble/hashes/sha2.js` → `@noble/hashes`; `ws/wrapper.mjs` → `ws`. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** Every package that is reached from `name` by the law, itself excluded. */
export function closureOf(law: Law, name: string, seen = new Set<string>()): Set<string> {
  for (const target of law.packages[name]?.may ?? []) {
    const next = packageOf(target)
    if (seen.has(next)) continue
    seen.add(next)
    closureOf(law, next, seen)
  }
  return seen
}
