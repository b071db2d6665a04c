import type { Controller } from '@zt/controller'
import type { NodeSettings } from '@zt/node'
import type { SecretIdentity, World } from '@zt/protocol'
import { IpAddress, type StateStore, ZtError } from '@zt/sansio'

/** How a node is started. Everything is optional: without anything it is a fresh node on the public planet. */
export interface StartOptions {
  /** A directory laid out as ZeroTierOne's home, or a store of your own. Default: nothing outlives the process. */
  readonly state?: string | StateStore
  /**
   * An identity, as an object or as the text of `identity.secret`. It is not kept in `state`, which must not hold another.
   * Default: the one in `state`, else a fresh one, which is kept there.
   */
  readonly identity?: string | SecretIdentity
  /**
   * The world to use: an object, its bytes, or a file with them. Or, for a root that names itself, a function that makes
   * it once the identity and the UDP port of this node are known: called if there is no `planet` in `state`, and what it
   * makes is kept there. Default: `planet` in `state`, else the public planet.
   */
  readonly planet?: World | Uint8Array | string | ((identity: SecretIdentity, port: number) => World)
  /** UDP port, 0 for any. Default: the one of the last run in `state` if it is free, else any. */
  readonly port?: number
  /** Local addresses to use. Default: all that suit. */
  readonly bind?: readonly string[]
  /** Allow paths on loopback addresses. Default: when the planet has no other endpoints. */
  readonly allowLoopback?: boolean
  /** A network controller to run on this node. What it keeps is kept in `state`. */
  readonly controller?: Controller | ((identity: SecretIdentity) => Controller)
  /** Settings of the engine, for those who know. */
  readonly settings?: Partial<NodeSettings>
  /** Gives up starting. */
  readonly signal?: AbortSignal
  /** What is going on while starting takes long. */
  readonly onProgress?: (progress: { readonly message: string }) => void
}

/** How long to wait, and for what. */
export interface JoinOptions {
  /** Stops waiting. The network is left again if it was not joined before. */
  readonly signal?: AbortSignal | undefined
  /** Default 60,000 ms; `Infinity` waits for ever. */
  readonly timeoutMs?: number | undefined
  /** Wait for the controller's administrator instead of failing when access is denied. Default: fail. */
  readonly waitForAccess?: boolean
}

/** @throws ZT_ARG_INVALID for what cannot be meant. */
export function checkStartOptions(options: StartOptions): void {
  const { state, port, bind } = options
  if (state === '') throw new ZtError('ZT_ARG_INVALID', 'state must name a directory, got an empty string')
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65535)) {
    throw new ZtError('ZT_ARG_INVALID', `port must be an integer from 0 to 65535, got ${port}`)
  }
  if (bind?.length === 0)
    throw new ZtError('ZT_ARG_INVALID', 'bind must name an address at least, or be left out for all')
  for (const address of bind ?? []) IpAddress.parse(address)
}

/** @throws ZT_ARG_INVALID */
export function checkTimeout(timeoutMs: number | undefined): void {
  if (timeoutMs !== undefined && !(timeoutMs > 0))
    throw new ZtError('ZT_ARG_INVALID', `timeoutMs must be a positive number, got ${timeoutMs}`)
}
