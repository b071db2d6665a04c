import { defineConfig } from 'vitest/config'

/** The workspace is tested from source, so no build comes first. */
const conditions = ['@zt/source', 'node', 'import', 'default']
const fromSource = { resolve: { conditions }, ssr: { resolve: { conditions } } }

/** A kind of test, by the end of its file name; see docs/testing.md. */
function kind(name: string, suffix: string, folders: readonly string[], options = {}) {
  const include = folders.map((folder) => `${folder}/**/*${suffix}`)
  return { ...fromSource, test: { name, include, setupFiles: 'tooling/vitest/seed.ts', ...options } }
}

const folders = ['packages/*/test', 'apps/*/test', 'tooling']

export default defineConfig({
  test: {
    projects: [
      kind('unit', '.test.ts', folders, { exclude: ['**/node_modules/**', '**/*.{sim,vectors,interop,dist}.test.ts'] }),
      kind('vectors', '.vectors.test.ts', folders, { testTimeout: 60_000 }),
      kind('sim', '.sim.test.ts', folders, { testTimeout: 60_000 }),
      // What is built, as users get it: these need `pnpm build`, and resolve packages as Node does.
      { test: { name: 'dist', include: folders.map((folder) => `${folder}/**/*.dist.test.ts`), testTimeout: 60_000 } },
      kind('interop', '.interop.test.ts', ['interop'], { testTimeout: 300_000, hookTimeout: 300_000 }),
    ],
  },
})
