/** Every command that goes over a network, in a world of its own on loopback. */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Lab, type Line, linesOf, only, type Running, TestWorld } from './lab.js'

let lab: Lab
let world: TestWorld
let network: string
/** The flags of nodes that call others, in turn: a controller answers one member once in a second. */
const callers: string[][] = []
let turn = 0
const alice = (timeout = '20') => [...callers[turn++ % callers.length]!, '--timeout', timeout]

beforeAll(async () => {
  lab = await Lab.open()
  world = await TestWorld.start(lab)
  network = await world.network('10.9.0', false)
  for (let i = 0; i < 4; i++) callers.push(flags((await lab.state()).state))
})
afterAll(() => lab[Symbol.asyncDispose]())

function flags(state: string): string[] {
  return ['--network', network, '--state', state, '--planet', world.planet, '--bind', '127.0.0.1']
}

/** Start a command that listens, on a node of its own. */
async function listening(...args: string[]): Promise<{ running: Running; addresses: string[]; facts: Line }> {
  const running = lab.start(...args, ...flags((await lab.state()).state), '--json')
  const facts = await running.event('listening')
  return { running, addresses: (facts.addresses ?? facts.urls) as string[], facts }
}

const kinds = ['IPv4', 'rfc4193', '6plane']
const bracketed = (address: string) => (address.includes(':') ? `[${address}]` : address)

describe('join', () => {
  const member = (state: string) => [
    '--state',
    state,
    '--planet',
    world.planet,
    '--bind',
    '127.0.0.1',
    '--timeout',
    '20',
  ]

  test('on a private network: denied is exit code 4 with the node to authorise, and then it is let in', async () => {
    const { id, state } = await lab.state()
    const secret = await world.network('10.9.1', true)
    const denied = await lab.run('join', secret, ...member(state), '--json')
    expect(denied.code).toBe(4)
    expect(denied.stderr).toContain(`have node ${id} authorised`)
    expect(only(denied)).toMatchObject({
      code: 'ZT_NETWORK_DENIED',
      exitCode: 4,
      hint: expect.stringContaining(id) as string,
    })

    await world.authorize(secret, id)
    const joined = await lab.run('join', secret, ...member(state), '--json')
    expect(joined.code).toBe(0)
    expect(only(joined)).toMatchObject({
      node: id,
      network: secret,
      name: 'lab',
      type: 'private',
      status: 'ready',
      mtu: 2800,
      addresses: [
        expect.stringMatching(/^10\.9\.1\.\d+\/24$/),
        expect.stringMatching(/^fd/),
        expect.stringMatching(/^fc/),
      ] as string[],
      routes: [{ target: '10.9.1.0/24', via: null }],
    })
    const spoken = await lab.run('join', secret, ...member(state))
    expect(spoken.stdout).toMatch(new RegExp(`^node       ${id}\nnetwork    ${secret} lab \\(private\\)\n`))
  })

  test('a network that is not there is exit code 6', async () => {
    const { state } = await lab.state()
    const { code, stderr } = await lab.run('join', `${world.id}000000`.replace(/.$/, '1'), ...member(state))
    expect([code, stderr]).toEqual([6, expect.stringContaining('there is no network')])
  })

  test('a controller that is silent is exit code 5', async () => {
    const { state } = await lab.state()
    const ended = await lab.run('join', '1a2440d163000001', ...member(state).slice(0, -1), '1', '--json')
    expect(only(ended)).toMatchObject({
      code: 'ZT_TIMEOUT',
      exitCode: 5,
      hint: expect.stringContaining('1a2440d163') as string,
    })
    expect(ended.code).toBe(5)
  })

  test('--stay tells of changes until it is stopped', async () => {
    const { id, state } = await lab.state()
    const stayed = await world.network('10.9.2', false)
    const running = lab.start('join', stayed, ...member(state), '--stay', '--json')
    await running.says('joined')
    await world.ask('POST', `/network/${stayed}`, { name: 'renamed' })
    while (!running.output.includes('renamed')) await once(running.stdout, 'data')
    const ended = await running.stop()
    expect(ended.code).toBe(0)
    expect(linesOf(ended)).toEqual([
      expect.objectContaining({ node: id, name: 'lab' }),
      expect.objectContaining({ node: id, name: 'renamed' }),
    ])
  })

  test('one node per state', async () => {
    const { state } = await lab.state()
    const running = lab.start('join', network, ...member(state), '--stay')
    await running.says('joined')
    const { code, stderr } = await lab.run('join', network, ...member(state))
    expect([code, stderr]).toEqual([1, expect.stringContaining('is in use by process')])
    expect((await running.stop('SIGTERM')).code).toBe(0)
  })
})

describe('listen and call', () => {
  let server: Awaited<ReturnType<typeof listening>>
  beforeAll(async () => {
    server = await listening('listen', '8080')
  })
  const url = (kind: number, path: string) => new URL(path, server.addresses[kind]).href

  test.each(kinds.map((kind, i) => [kind, i] as const))('over %s', async (_kind, i) => {
    const { code, stdout } = await lab.run('call', url(i, '/'), ...alice())
    expect(JSON.parse(stdout)).toMatchObject({ node: server.facts.node, hello: 'from a user-space TCP/IP stack' })
    expect(code).toBe(0)
    expect(await server.running.event('request')).toMatchObject({
      method: 'GET',
      url: '/',
      from: (JSON.parse(stdout) as Line).from,
    })
  })

  test('a body, from the command line and from a file', async () => {
    const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex')
    const said = await lab.run('call', url(0, '/'), '--data', 'hello', '--json', ...alice())
    expect(only(said)).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } })
    expect(JSON.parse(only(said).body as string)).toMatchObject({ received: 5, sha256: sha256('hello') })
    const content = randomBytes(2_000_000)
    await lab.write('upload', content)
    const sent = await lab.run('call', url(1, '/'), '--data', `@${lab.file('upload')}`, '--method', 'PUT', ...alice())
    expect(JSON.parse(sent.stdout)).toMatchObject({ received: content.length, sha256: sha256(content) })
    const nothing = await lab.run('call', url(0, '/'), '--data', `@${lab.file('nowhere')}`, ...alice())
    expect([nothing.code, nothing.stderr]).toEqual([1, expect.stringContaining('there is no such file')])
  })

  test('a long answer, whole, and without a word on stderr from the server', async () => {
    const { code, stdout } = await lab.run('call', url(0, '/bytes/3000000'), ...alice())
    expect([code, stdout.length > 0]).toEqual([0, true])
    expect(await server.running.event('request')).toBeDefined()
  })

  test('a reader that goes away ends the command in peace', async () => {
    const running = lab.start('call', url(0, '/bytes/50000000'), ...alice())
    await once(running.stdout, 'data')
    running.stdout.destroy()
    const { code, stderr } = await running.ended
    expect(stderr).not.toContain('zt: ')
    expect(code).toBe(0)
  })

  test('where nobody listens the call fails', async () => {
    const { code, stderr } = await lab.run('call', url(0, '/').replace('8080', '8081'), ...alice())
    expect([code, stderr]).toEqual([1, expect.stringContaining('ECONNREFUSED')])
  })

  test('SIGINT ends the server in order, and it never complained', async () => {
    const { code, stderr } = await server.running.stop()
    expect(code).toBe(0)
    expect(stderr).not.toMatch(/warning/i)
  })
})

test('expose and nc: a local service, reached from inside', async () => {
  const service = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)).listen(0, '127.0.0.1')
  await once(service, 'listening')
  const local = `127.0.0.1:${(service.address() as AddressInfo).port}`
  const { running, addresses } = await listening('expose', '7', '--to', local)
  const content = randomBytes(500_000).toString('hex')
  for (const address of addresses.slice(0, 2)) {
    const nc = lab.start('nc', address, '7', ...alice())
    nc.stdin.end(content)
    const { code, stdout } = await nc.ended
    expect(stdout === content).toBe(true)
    expect(code).toBe(0)
    expect(await running.event('connection')).toMatchObject({ to: local })
  }
  // A service that is gone closes the connection, and the forwarding goes on.
  await new Promise((resolve) => service.close(resolve))
  expect((await lab.run('nc', addresses[0]!, '7', ...alice())).stdout).toBe('')
  const ended = await running.stop()
  expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining('ECONNREFUSED')])
})

test('nc: Ctrl-C ends it, and so does the other side, although stdin is open', async () => {
  const { running, addresses } = await listening('bench', 'recv', '5002')
  const nc = lab.start('nc', addresses[0]!, '5002', ...alice())
  await nc.says('connected')
  expect((await nc.stop()).stderr).toContain('zt: stopped')
  const other = lab.start('nc', addresses[0]!, '5002', ...alice())
  await other.says('connected')
  other.stdin.write('\x01some bytes')
  await running.stop()
  expect(await other.ended).toMatchObject({ stdout: '' })
})

test('udp-listen and udp-send', async () => {
  const { running, addresses } = await listening('udp-listen', '9999')
  for (const [i, address] of addresses.entries()) {
    const answer = await lab.run(
      'udp-send',
      '--to',
      `${bracketed(address)}:9999`,
      '--data',
      'ping',
      '--wait',
      ...alice(),
    )
    expect([answer.code, answer.stdout, kinds[i]]).toEqual([0, 'pong\n', kinds[i]])
    expect(await running.event('datagram')).toMatchObject({ data: 'ping' })
  }
  const sent = await lab.run('udp-send', '--to', `${addresses[0]}:9999`, '--data', 'only this', '--json', ...alice())
  expect([sent.code, only(sent)]).toEqual([0, { sent: 9, to: `${addresses[0]}/9999` }])
  let heard = await running.event('datagram')
  while (heard.data === 'ping') heard = await running.event('datagram') // sent again before the answer came
  expect(heard.data).toBe('only this')
  const silent = await lab.run(
    'udp-send',
    '--to',
    `${addresses[0]}:9999`,
    '--data',
    'no answer',
    '--wait',
    ...alice('3'),
  )
  expect([silent.code, silent.stderr]).toEqual([5, expect.stringContaining('not done within 3 seconds')])
  expect((await running.stop()).code).toBe(0)
})

test('bench: throughput, round trips, ping', async () => {
  const { running, addresses } = await listening('bench', 'recv', '5001')
  const [v4, v6] = addresses as [string, string]
  const sent = only(await lab.run('bench', 'send', v4, '5001', '--bytes', '4M', '--json', ...alice()))
  expect(sent).toMatchObject({ bytes: 4 << 20, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string })
  expect(await running.event('received')).toMatchObject({ bytes: 4 << 20, sha256: sent.sha256 })
  expect(only(await lab.run('bench', 'ping', v6, '5001', '--count', '50', '--json', ...alice()))).toMatchObject({
    count: 50,
    p50: expect.any(Number) as number,
  })

  for (const address of [v4, v6]) {
    const pings = await lab.run('ping', address, '--count', '2', '--json', ...alice())
    expect(pings.code).toBe(0)
    expect(linesOf(pings)).toEqual(
      [1, 2].map((sequence) => expect.objectContaining({ target: address, sequence, bytes: 56 }) as Line),
    )
  }
  const endless = lab.start('ping', v4, '--count', '100000', ...alice())
  await once(endless.stdout, 'data')
  expect((await endless.stop()).code).toBe(0)
  const unanswered = await lab.run('ping', '10.9.0.253', '--count', '1', ...alice('3'), '--json')
  expect(unanswered.code).toBe(5)

  // A sender that breaks off is told, and is not the end.
  const broken = lab.start('bench', 'send', v4, '5001', '--bytes', '10G', ...alice())
  await broken.says('joined')
  await broken.stop('SIGKILL')
  expect(only(await lab.run('bench', 'send', v4, '5001', '--bytes', '1k', '--json', ...alice()))).toMatchObject({
    bytes: 1024,
  })
  expect((await running.stop()).code).toBe(0)
})

test('two networks at once, and what was counted', async () => {
  const other = await world.network('10.9.7', false)
  const { running, facts } = await listening('udp-listen', '9', '--network', other, '--network', other)
  const second = await running.event('listening')
  expect(new Set([facts.network, second.network])).toEqual(new Set([network, other]))
  await running.stop()
  const [joined, counted] = linesOf(await lab.run('join', network, ...alice().slice(2), '--counters', '--json'))
  expect(joined).toMatchObject({ network })
  expect(counted).toMatchObject({ event: 'counters', counters: { 'out-suite-0': expect.any(Number) as number } })
})

test('a controller of its own, which comes back with its networks', async () => {
  const { id, state } = await lab.state()
  const args = [
    'controller',
    '--state',
    state,
    '--planet',
    world.planet,
    '--bind',
    '127.0.0.1',
    '--api-port',
    '0',
    '--json',
  ]
  const first = lab.start(...args)
  const facts = await first.event('controller')
  expect(facts).toMatchObject({ node: id, networks: [] })
  const token = (await lab.read(`${id}/authtoken.secret`)).toString()
  const made = await fetch(`${facts.api as string}/network/${id}______`, {
    method: 'POST',
    headers: { 'X-ZT1-Auth': token },
    body: '{"private":false}',
  })
  const { id: networkId } = (await made.json()) as { id: string }
  expect((await first.stop()).code).toBe(0)
  const second = lab.start(...args)
  expect(await second.event('controller')).toMatchObject({ port: facts.port, networks: [networkId] })
  expect((await lab.run('join', networkId, ...alice().slice(2))).code).toBe(0)
  expect((await second.stop('SIGTERM')).code).toBe(0)
})

describe('a root', () => {
  test('comes back on its port with its planet, and says that --advertise is of no use any more', async () => {
    const { id, state } = await lab.state()
    const run = async (...more: string[]) => {
      const running = lab.start('root', '--state', state, '--bind', '127.0.0.1', '--json', ...more)
      const facts = await running.event('root')
      const ended = await running.stop()
      expect(ended.code).toBe(0)
      return { facts, stderr: ended.stderr }
    }
    const first = await run('--advertise', '127.0.0.1/0')
    expect(first.facts).toMatchObject({ node: id, endpoints: [`127.0.0.1/${first.facts.port as number}`] })
    expect((await run()).facts).toEqual(first.facts)
    expect(await run('--advertise', '127.0.0.1')).toMatchObject({
      facts: first.facts,
      stderr: expect.stringContaining('--advertise is ignored') as string,
    })
    expect((await run('--port', '0')).stderr).toMatch(/bound to UDP port \d+, advertised at 127\.0\.0\.1\//)
  })

  test('needs a TCP port for its controller that is free', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { state } = await lab.state()
    const { code, stderr } = await lab.run(
      'root',
      '--controller',
      '--state',
      state,
      '--bind',
      '127.0.0.1',
      '--advertise',
      '127.0.0.1',
      '--api-port',
      String((taken.address() as AddressInfo).port),
    )
    taken.close()
    expect([code, stderr]).toEqual([1, expect.stringContaining('--api-port')])
  })
})

test('the world itself ends in order', async () => {
  const { code, stderr } = await world.process.stop()
  expect([code, stderr]).toEqual([0, ''])
})
