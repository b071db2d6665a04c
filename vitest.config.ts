import { fileURLToPath } from 'node:url'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

/** The workspace is tested from source, so no build comes first. */
const conditions = ['@zt/source', 'node', 'import', 'default']

const seeded = fileURLToPath(new URL('tooling/vitest/fast-check.ts', import.meta.url))
const seededFastCheck = {
  name: 'seeded-fast-check',
  enforce: 'pre' as const,
  resolveId: (id: string, importer?: string) => (id === 'fast-check' && importer !== seeded ? seeded : undefined),
}

/** A kind of test, by the end of its file name; see docs/testing.md. */
function kind(name: string, suffix: string, folders: readonly string[], options = {}): TestProjectInlineConfiguration {
  const include = folders.map((folder) => `${folder}/**/*${suffix}`)
  const exclude = ['**/node_modules/**', '**/dist/**']
  return {
    plugins: [seededFastCheck],
    resolve: { conditions },
    ssr: { resolve: { conditions } },
    test: { name, include, exclude, ...options },
  }
}

const folders = ['packages/*/test', 'apps/*/test', 'tooling']
const otherKinds = '**/*.{sim,vectors,dist,interop}.test.ts'

export default defineConfig({
  test: {
    projects: [
      kind('unit', '.test.ts', folders, { exclude: ['**/node_modules/**', otherKinds] }),
      kind('vectors', '.vectors.test.ts', folders, { testTimeout: 60_000 }),
      kind('sim', '.sim.test.ts', folders, { testTimeout: 60_000 }),
      // What is built, as users get it: these need `pnpm build`, and resolve packages as Node does.
      { test: { name: 'dist', include: folders.map((folder) => `${folder}/**/*.dist.test.ts`), testTimeout: 60_000 } },
      kind('interop', '.interop.test.ts', ['interop'], { testTimeout: 300_000, hookTimeout: 300_000 }),
    ],
  },
})
