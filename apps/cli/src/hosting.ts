import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Controller } from '@zt/controller'
import { ZtError } from '@zt/sansio'
import type { Invocation } from './command.js'
import { controllerApi, freshToken } from './controller-api.js'
import { portNumber, required, text } from './flags.js'

/** What roots and controllers are must outlive the process. @throws ZT_ARG_MISSING without `--state`. */
export function requireState({ values }: Invocation): string {
  return required(values, 'state', 'the directory that identity, planet and networks are kept in')
}

/** The controller's HTTP interface on 127.0.0.1, until disposed of. */
export async function openControllerApi(
  { values }: Invocation,
  state: string,
  controller: Controller,
  udpPort: number,
): Promise<AsyncDisposable & { readonly url: string }> {
  const given = text(values, 'api-port')
  const server = controllerApi(controller, await tokenOf(state))
  server.listen(given === undefined ? udpPort : portNumber(given, '--api-port', true), '127.0.0.1')
  await once(server, 'listening').catch((cause: NodeJS.ErrnoException) => {
    const hint = 'choose another TCP port for the HTTP interface with --api-port, 0 for any'
    throw cause.code === 'EADDRINUSE' ? new ZtError('EADDRINUSE', cause.message, { cause, hint }) : cause
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/controller`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** The token in `authtoken.secret`, made on the first run. */
async function tokenOf(state: string): Promise<string> {
  const file = join(state, 'authtoken.secret')
  try {
    const token = (await readFile(file, 'utf8')).trim()
    if (token !== '') return token
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const token = freshToken()
  await writeFile(file, token, { mode: 0o600 })
  return token
}
