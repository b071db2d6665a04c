/** The controller's HTTP interface, in the words of ZeroTierOne's. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type AddressInfo } from 'node:net'
import type { Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { Controller } from '@zt/controller'
import { SystemRandom } from '@zt/io-node'
import { isSecretIdentity, parseIdentity } from '@zt/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { controllerApi, freshToken } from '../src/controller-api.js'

const [secret] = JSON.parse(readFileSync(new URL('../../../fixtures/identities.json', import.meta.url), 'utf8')) as [
  string,
]
const identity = parseIdentity(secret)
const self = secret.slice(0, 10)
const TOKEN = 'abcdefghijklmnopqrstuvwx'
const MEMBER = '1a2440d163'

let server: Server
let base: string
let controller: Controller

beforeEach(async () => {
  if (!isSecretIdentity(identity)) throw new Error('the fixtures are secret identities')
  controller = new Controller({ identity, random: new SystemRandom() })
  server = controllerApi(controller, TOKEN).listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

async function ask(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = { 'X-ZT1-Auth': TOKEN },
) {
  const response = await fetch(`${base}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  expect(response.headers.get('content-type')).toBe('application/json')
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

describe('the token', () => {
  test.each([
    ['none', '/controller', {}],
    ['another', '/controller', { 'X-ZT1-Auth': TOKEN.toUpperCase() }],
    ['a part', '/controller', { 'X-ZT1-Auth': TOKEN.slice(1) }],
    ['another in the URL', '/controller?auth=x', {}],
  ])('is needed: %s will not do', async (_name, path, headers: Record<string, string>) => {
    expect(await ask('GET', path, undefined, headers)).toMatchObject({ status: 401 })
    expect((await ask('POST', `/controller/network/${self}______`, {}, headers)).status).toBe(401)
    expect(controller.networks()).toEqual([])
  })

  test('may be in the URL', async () => {
    expect((await ask('GET', `/controller?auth=${TOKEN}`, undefined, {})).status).toBe(200)
  })

  test('is fresh each time, and fits a header', () => {
    const tokens = Array.from({ length: 20 }, freshToken)
    expect(new Set(tokens).size).toBe(20)
    for (const token of tokens) expect(token).toMatch(/^[a-z0-9]{24}$/)
  })
})

describe('networks', () => {
  test('are created under a free id, read, changed, listed and deleted', async () => {
    expect((await ask('GET', '/controller')).body).toMatchObject({ controller: true })
    const made = await ask('POST', `/controller/network/${self}______`, { name: 'mine', private: true })
    expect(made).toMatchObject({
      status: 200,
      body: { name: 'mine', private: true, id: expect.stringMatching(`^${self}[0-9a-f]{6}$`) as string },
    })
    const path = `/controller/network/${String(made.body.id)}`
    expect((await ask('GET', path)).body).toEqual(made.body)
    expect((await ask('POST', path, { name: 'renamed' })).body).toMatchObject({ name: 'renamed', private: true })
    expect((await ask('PUT', path, { mtu: 1400 })).body).toMatchObject({ name: 'renamed', mtu: 1400 })
    expect((await ask('GET', '/controller/network')).body).toEqual([made.body.id])
    expect((await ask('DELETE', path)).status).toBe(200)
    expect((await ask('GET', path)).status).toBe(404)
    expect((await ask('DELETE', path)).status).toBe(404)
    expect((await ask('GET', '/controller/network')).body).toEqual([])
  })

  test('are created under an id of one’s own', async () => {
    expect((await ask('POST', `/controller/network/${self}000001`)).body).toMatchObject({ id: `${self}000001` })
  })

  test('of another controller are not ours to make', async () => {
    expect((await ask('POST', '/controller/network/8056c2e21c______', {})).status).toBe(404)
    expect(await ask('POST', '/controller/network/8056c2e21c000001', {})).toMatchObject({
      status: 400,
      body: { code: 'ZT_ARG_INVALID' },
    })
  })

  test.each(['{', '[]', '"x"', 'null', '1', '{"mtu":"large"}', '{"ipAssignmentPools":[{"ipRangeStart":"x"}]}'])(
    'take no %s',
    async (body) => {
      expect(await ask('POST', `/controller/network/${self}______`, body)).toMatchObject({
        status: 400,
        body: { code: 'ZT_ARG_INVALID' },
      })
      expect(controller.networks()).toEqual([])
    },
  )

  test('with a bad id are a mistake', async () => {
    expect(await ask('GET', '/controller/network/8056')).toMatchObject({
      status: 400,
      body: { code: 'ZT_ARG_INVALID' },
    })
  })

  test('a body may not be larger than any network', async () => {
    expect(await ask('POST', `/controller/network/${self}______`, `{"name":"${'x'.repeat(1 << 20)}"}`)).toMatchObject({
      status: 400,
    })
  })

  test('know no other methods', async () => {
    expect((await ask('PATCH', `/controller/network/${self}000001`)).status).toBe(405)
  })
})

describe('members', () => {
  beforeEach(async () => {
    await ask('POST', `/controller/network/${self}000001`, {})
  })
  const path = `/controller/network/${self}000001/member`

  test('are authorised before they ask, read, listed and deleted', async () => {
    expect((await ask('GET', `${path}/${MEMBER}`)).status).toBe(404)
    expect((await ask('POST', `${path}/${MEMBER}`, { authorized: true })).body).toMatchObject({
      id: MEMBER,
      authorized: true,
    })
    expect((await ask('GET', `${path}/${MEMBER}`)).body).toMatchObject({ authorized: true })
    expect((await ask('GET', path)).body).toEqual({ [MEMBER]: expect.any(Number) as number })
    expect((await ask('POST', `${path}/${MEMBER}`, { authorized: false })).body).toMatchObject({ authorized: false })
    expect((await ask('DELETE', `${path}/${MEMBER}`)).status).toBe(200)
    expect((await ask('DELETE', `${path}/${MEMBER}`)).status).toBe(404)
    expect((await ask('GET', path)).body).toEqual({})
  })

  test('of a network that is not there are not found', async () => {
    const nowhere = `/controller/network/${self}000002/member`
    for (const [method, where] of [
      ['GET', nowhere],
      ['POST', `${nowhere}/${MEMBER}`],
      ['DELETE', `${nowhere}/${MEMBER}`],
    ] as const) {
      expect((await ask(method, where, method === 'POST' ? {} : undefined)).status).toBe(404)
    }
  })

  test.each(['123', '0000000000', 'ff00000000', 'xxxxxxxxxx'])('with the address %s are a mistake', async (address) => {
    expect((await ask('POST', `${path}/${address}`, {})).status).toBe(400)
  })

  test('know no other methods', async () => {
    expect((await ask('PATCH', `${path}/${MEMBER}`)).status).toBe(405)
  })
})

test.each([
  '/',
  '/status',
  '/controller/x',
  `/controller/network/${self}000001/x`,
  `/controller/network/${self}000001/member/${MEMBER}/x`,
])('%s is not found', async (path) => {
  expect((await ask('GET', path)).status).toBe(404)
})

test('a target that is no URL is not found either', async () => {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.end(`GET http://[ HTTP/1.1\r\nHost: x\r\nX-ZT1-Auth: ${TOKEN}\r\nConnection: close\r\n\r\n`)
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 40[04] /)
})
