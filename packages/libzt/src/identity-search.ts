import { Worker } from 'node:worker_threads'
import type { SecretIdentity } from '@zt/protocol'
import { ZtError } from '@zt/sansio'

/** Told after every try of an identity search. About 15 tries are needed on average, and luck decides. */
export interface SearchProgress {
  readonly tries: number
}

/** How to search for an identity. */
export interface SearchOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: SearchProgress) => void
}

/** What the worker says. */
export type SearchMessage = { readonly tries: number } | { readonly identity: SecretIdentity }

/**
 * Make a fresh identity. The memory-hard search runs on a thread of its own: the event loop stays free.
 * @throws the signal's reason when aborted.
 */
export function generateIdentity({ signal, onProgress }: SearchOptions = {}): Promise<SecretIdentity> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error)
    const worker = new Worker(new URL('./identity-worker.js', import.meta.url))
    const end = (settle: () => void) => {
      signal?.removeEventListener('abort', abort)
      void worker.terminate().then(settle)
    }
    const abort = () => end(() => reject(signal!.reason as Error))
    signal?.addEventListener('abort', abort, { once: true })
    worker.on('message', (message: SearchMessage) => {
      if ('identity' in message) end(() => resolve(message.identity))
      else onProgress?.(message)
    })
    worker.on('error', (cause) =>
      end(() =>
        reject(new ZtError('ZT_IDENTITY_SEARCH', `the search for an identity failed: ${cause.message}`, { cause })),
      ),
    )
  })
}
