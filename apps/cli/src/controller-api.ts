import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Controller } from '@zt/controller'
import {
  type Address,
  formatAddress,
  formatNetworkId,
  type NetworkId,
  parseAddress,
  parseNetworkId,
} from '@zt/protocol'
import { isZtError, ZtError } from '@zt/sansio'

const MAX_BODY = 1 << 20

/**
 * The controller's local HTTP interface, with the paths, the JSON and the `X-ZT1-Auth` header of ZeroTierOne's, so that
 * what was written for that one works here: `/controller`, `/controller/network[/NWID[/member[/ADDRESS]]]`.
 */
export function controllerApi(controller: Controller, token: string): Server {
  return createServer((request, response) => {
    void answer(controller, token, request).then(
      ({ status, body }) => send(response, status, body),
      (error: unknown) => {
        const code = isZtError(error) ? error.code : 'ZT_BUG'
        const status = code.endsWith('_UNKNOWN') ? 404 : code === 'ZT_BUG' ? 500 : 400
        send(response, status, { error: (error as Error).message, code })
      },
    )
  })
}

/** A token as ZeroTierOne makes them: 24 letters and digits. */
export function freshToken(): string {
  return randomBytes(36)
    .toString('base64')
    .replace(/[^a-z0-9]/gi, '')
    .slice(0, 24)
    .toLowerCase()
    .padEnd(24, '0')
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

const notFound: Answer = { status: 404, body: {} }

async function answer(controller: Controller, token: string, request: IncomingMessage): Promise<Answer> {
  const target = request.url ?? '/'
  if (!URL.canParse(target, 'http://localhost')) return notFound
  const url = new URL(target, 'http://localhost')
  if (!isAllowed(token, request, url))
    return { status: 401, body: { error: 'the X-ZT1-Auth header does not hold the content of authtoken.secret' } }
  const [root, networks, id, members, address, ...more] = url.pathname.split('/').filter((part) => part !== '')
  if (root !== 'controller' || more.length > 0) return notFound
  const now = Date.now()
  if (networks === undefined) return { status: 200, body: { controller: true, apiVersion: 4, clock: now } }
  if (networks !== 'network') return notFound
  if (id === undefined) return { status: 200, body: controller.networks().map((network) => network.id) }
  const body = async () => parse(await read(request))
  if (members === undefined) return network(controller, now, request.method, id, body)
  if (members !== 'member') return notFound
  const networkId = parseNetworkId(id)
  if (address === undefined)
    return {
      status: 200,
      body: Object.fromEntries(controller.members(networkId).map((member) => [member.id, member.revision])),
    }
  return member(controller, now, request.method, networkId, parseAddress(address), body)
}

async function network(
  controller: Controller,
  now: number,
  method: string | undefined,
  id: string,
  body: () => Promise<object>,
): Promise<Answer> {
  // Six underscores ask for a network id that is free.
  if (/^[0-9a-f]{10}_{6}$/i.test(id)) {
    if (id.slice(0, 10).toLowerCase() !== formatAddress(controller.address)) return notFound
    return { status: 200, body: controller.createNetwork(now, await body()) }
  }
  const networkId = parseNetworkId(id)
  const known = controller.network(networkId)
  switch (method) {
    case 'GET':
      return known ? { status: 200, body: known } : notFound
    case 'POST':
    case 'PUT':
      return {
        status: 200,
        body: known
          ? controller.updateNetwork(now, networkId, await body())
          : controller.createNetwork(now, await body(), networkId),
      }
    case 'DELETE':
      return controller.deleteNetwork(now, networkId) ? { status: 200, body: known } : notFound
    default:
      return { status: 405, body: { error: `cannot ${method} a network` } }
  }
}

async function member(
  controller: Controller,
  now: number,
  method: string | undefined,
  networkId: NetworkId,
  address: Address,
  body: () => Promise<object>,
): Promise<Answer> {
  const known = controller.member(networkId, address)
  switch (method) {
    case 'GET':
      return known ? { status: 200, body: known } : notFound
    case 'POST':
    case 'PUT':
      return { status: 200, body: controller.updateMember(now, networkId, address, await body()) }
    case 'DELETE':
      return controller.deleteMember(now, networkId, address) ? { status: 200, body: known } : notFound
    default:
      return { status: 405, body: { error: `cannot ${method} a member of ${formatNetworkId(networkId)}` } }
  }
}

function isAllowed(token: string, request: IncomingMessage, url: URL): boolean {
  const given = Buffer.from(String(request.headers['x-zt1-auth'] ?? url.searchParams.get('auth') ?? ''))
  const wanted = Buffer.from(token)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

async function read(request: IncomingMessage): Promise<string> {
  const tooLong = () => new ZtError('ZT_ARG_INVALID', `the body may have ${MAX_BODY} bytes at most`)
  if (Number(request.headers['content-length']) > MAX_BODY) throw tooLong()
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length > MAX_BODY) throw tooLong()
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

function parse(body: string): object {
  if (body.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // said below, with what came
  }
  throw new ZtError('ZT_ARG_INVALID', `expected a JSON object, got ${JSON.stringify(body.slice(0, 60))}`)
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body)}\n`)
}
