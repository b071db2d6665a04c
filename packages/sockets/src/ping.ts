import type { IpAddress } from '@zt/sansio'
import { systemError } from './errno.js'
import type { StackHost } from './stack-host.js'

/** How to ping. */
export interface PingOptions {
  readonly signal?: AbortSignal | undefined
  /** Default 5000. */
  readonly timeoutMs?: number | undefined
  /** Bytes of payload. Default 56. */
  readonly bytes?: number | undefined
  /** Speak from this address. */
  readonly local?: IpAddress | undefined
  readonly hopLimit?: number | undefined
}

/** An answer to a ping. */
export interface PingResult {
  /** Who answered. */
  readonly from: IpAddress
  /** The round trip. */
  readonly milliseconds: number
  /** Bytes of payload that came back. */
  readonly bytes: number
  /** Time to live, or hop limit, left in the answer. */
  readonly hopLimit: number
}

/** Send one ICMP echo request and wait for the answer. @throws ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EMSGSIZE; ECANCELED when the host closes; the signal's reason */
export async function ping(host: StackHost, target: IpAddress, options: PingOptions = {}): Promise<PingResult> {
  const { signal, timeoutMs, bytes, local, hopLimit } = options
  signal?.throwIfAborted()
  return new Promise((done, fail) => {
    // A host that closes forgets what the stack still waits for.
    const resource = { releaseNow: (): void => giveUp(systemError('ECANCELED', 'ping')) }
    const end = (): void => {
      host.delete(resource)
      signal?.removeEventListener('abort', onAbort)
    }
    const giveUp = (reason: Error): void => {
      end()
      cancel()
      fail(reason)
    }
    const onAbort = (): void => giveUp(signal?.reason as Error)
    const cancel = host.stack.ping(
      target,
      {
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        ...(bytes === undefined ? {} : { payload: new Uint8Array(bytes) }),
        ...(local === undefined ? {} : { local }),
        ...(hopLimit === undefined ? {} : { hopLimit }),
      },
      (result) => {
        end()
        if (result.ok)
          done({ from: result.from, milliseconds: result.rttMs, bytes: result.length, hopLimit: result.hopLimit })
        else fail(result.error)
      },
    )
    host.add(resource)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
