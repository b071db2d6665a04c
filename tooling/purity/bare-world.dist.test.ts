/**
 * The promise "runs without Node", kept by running without Node: what is built is bundled for no platform, where naming a
 * built-in is an error, and evaluated in a world that has ECMAScript and nothing else. No timers, no console, no text
 * encoder, no `crypto`.
 */
import { build } from 'esbuild'
import { fileURLToPath } from 'node:url'
import vm from 'node:vm'
import { beforeAll, describe, expect, test } from 'vitest'
import { readLaw } from '../layers/law.js'

const pure = Object.entries(readLaw().packages)
  .filter(([, { builtins }]) => builtins.length === 0)
  .map(([name]) => name)

/** What each errand must say. */
const expected: Readonly<Record<string, unknown>> = {
  '@zt/sansio': ['fd00::1', true],
  '@zt/crypto': ['ddaf35a193617aba', true],
  '@zt/protocol': [true, '8056c2e21c000001', 4],
  '@zt/ipstack': [0xbaff, ['10.0.0.2', 4]],
  '@zt/tcp': ['hello', 'ESTABLISHED'],
  '@zt/udp': ['ping'],
  '@zt/multipath': ['198.51.100.1/9993', false],
  '@zt/dataplane': true,
  '@zt/controller': 16,
  '@zt/node': true,
  '@zt/root': true,
  '@zt/testkit': ['198.51.100.1/1 ab'],
}

let world: vm.Context

beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('errands.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'bare',
    platform: 'neutral',
    target: 'es2022',
    logLevel: 'error',
  })
  world = vm.createContext(Object.create(null))
  vm.runInContext('delete globalThis.console', world) // V8 gives every context one
  vm.runInContext(outputFiles[0].text, world)
})

test.each([
  'process',
  'Buffer',
  'require',
  'setTimeout',
  'queueMicrotask',
  'performance',
  'console',
  'crypto',
  'TextEncoder',
  'URL',
  'fetch',
])('the bare world has no %s', (name) => {
  expect(vm.runInContext(`typeof ${name}`, world)).toBe('undefined')
})

describe('in the bare world', () => {
  test('there is an errand for every package that needs no Node', () => {
    expect(Object.keys(expected).sort()).toEqual([...pure].sort())
  })

  test.each(pure)('%s works', (name) => {
    const said = vm.runInContext(`JSON.stringify(bare.errands[${JSON.stringify(name)}]())`, world) as string
    expect(JSON.parse(said)).toEqual(expected[name])
  })
})
