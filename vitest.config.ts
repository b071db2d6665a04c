import { defineConfig } from 'vitest/config'

/** The workspace is tested from source: no build comes first. */
const source = { resolve: { conditions: ['@zt/source', 'node', 'import', 'default'] }, ssr: { resolve: { conditions: ['@zt/source', 'node', 'import', 'default'] } } }

export default defineConfig({
  test: {
    projects: [
      { ...source, test: { name: 'unit', include: ['packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts', 'tooling/**/*.test.ts'], exclude: ['**/node_modules/**', '**/*.sim.test.ts', '**/*.vectors.test.ts', '**/*.interop.test.ts'] } },
      { ...source, test: { name: 'vectors', include: ['packages/*/test/**/*.vectors.test.ts'] } },
      { ...source, test: { name: 'sim', include: ['packages/*/test/**/*.sim.test.ts'], testTimeout: 60_000 } },
      { ...source, test: { name: 'interop', include: ['interop/**/*.interop.test.ts'], testTimeout: 300_000 } },
    ],
  },
})
