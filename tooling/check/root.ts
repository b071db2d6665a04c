import { fileURLToPath } from 'node:url'

/** The workspace root. */
export const root = fileURLToPath(new URL('../../', import.meta.url))
