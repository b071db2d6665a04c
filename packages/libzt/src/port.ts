import { createDatagramPort, type NodeDatagramPort } from '@zt/io-node'
import { isZtError, type StateStore } from '@zt/sansio'
import type { StartOptions } from './options.js'

/** Where the port in use is kept, as ZeroTierOne does. */
const KEY = 'zerotier-one.port'

/**
 * Bind the UDP sockets. Without a port asked for, the one of the last run is taken if it is free: peers hold on to the
 * endpoint that they know, and genuine ones answer to no other port of the same address for some 20 seconds.
 */
export async function openPort({ port, bind }: StartOptions, store: StateStore): Promise<NodeDatagramPort> {
  const where = bind ? { bind } : {}
  const opened = port === undefined ? await openLast(where, store) : await createDatagramPort({ port, ...where })
  const bound = opened.sockets[0]?.local.port
  try {
    if (bound !== undefined) await store.write(KEY, new TextEncoder().encode(String(bound)))
    return opened
  } catch (error) {
    await opened.close()
    throw error
  }
}

async function openLast(where: { readonly bind?: readonly string[] }, store: StateStore): Promise<NodeDatagramPort> {
  const kept = await store.read(KEY)
  const last = kept && kept.length <= 5 ? Number(new TextDecoder().decode(kept)) : 0
  if (Number.isInteger(last) && last > 0 && last <= 65535) {
    try {
      return await createDatagramPort({ port: last, ...where })
    } catch (error) {
      if (!isZtError(error, 'EADDRINUSE')) throw error
    }
  }
  return createDatagramPort({ port: 0, ...where })
}
