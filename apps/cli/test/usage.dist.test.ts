/** Mistakes, help, and commands that need no network. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdir, stat } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Lab, only, spareIdentity } from './lab.js'

let lab: Lab
beforeAll(async () => {
  lab = await Lab.open()
})
afterAll(() => lab[Symbol.asyncDispose]())

const NWID = '8056c2e21c000001'
const on = ['--network', NWID]

describe('a mistake is exit code 2 with a sentence and what to do, before any work', () => {
  test.each<[string[], string]>([
    [['frobnicate'], 'there is no command "frobnicate"'],
    [['constructor'], 'there is no command "constructor"'],
    [['--state', 'x', 'join'], 'the command comes first, got "--state"'],
    [['identity'], 'zt identity needs another word'],
    [['bench', 'fast'], 'zt bench needs another word'],
    [['help', 'frobnicate'], 'there is no command "frobnicate"'],
    [['join'], 'zt join takes NWID, got 0 arguments'],
    [['join', NWID, NWID], 'zt join takes NWID, got 2 arguments'],
    [['join', '8056'], 'expected a network id of sixteen hexadecimal digits, got "8056"'],
    [['join', NWID, '--frobnicate'], '--frobnicate'],
    [['join', NWID, '--state'], '--state'],
    [['join', NWID, '--state', ''], 'state must name a directory'],
    [['join', NWID, '--port', '70000'], '--port must be a number from 0 to 65535'],
    [['join', NWID, '--bind', 'localhost'], 'expected an IP address, got "localhost"'],
    [['join', NWID, '--timeout', 'soon'], '--timeout must be a number of seconds'],
    [['join', NWID, '--suite', '2'], '--suite must be auto, 1 or 3'],
    [['listen', '80'], 'which network?'],
    [['listen', 'http', ...on], 'PORT must be a number from 1 to 65535, got "http"'],
    [['listen', '80', '--network', 'x'], 'expected a network id'],
    [['call', 'https://10.0.0.1/', ...on], 'expected a URL such as http://'],
    [['call', '10.0.0.1', ...on], 'expected a URL such as http://'],
    [['expose', '80', ...on], '--to is needed'],
    [['expose', '80', '--to', 'fd00::1:80', ...on], 'in brackets'],
    [['udp-send', '--data', 'x', ...on], '--to is needed'],
    [['udp-send', '--to', '10.0.0.1', '--data', 'x', ...on], '--to must be'],
    [['udp-send', '--to', '10.0.0.1:9', ...on], '--data is needed'],
    [['nc', '10.0.0.1', '0', ...on], 'PORT must be a number from 1'],
    [['ping', '10.0.0.300', ...on], 'expected an IP address, got "10.0.0.300"'],
    [['ping', '10.0.0.1', '--count', '0', ...on], '--count must be a number from 1 on'],
    [['bench', 'send', '10.0.0.1', '5001', ...on], '--bytes is needed'],
    [['bench', 'send', '10.0.0.1', '5001', '--bytes', 'many', ...on], '--bytes must be a number of bytes'],
    [['root'], '--state is needed'],
    [['root', '--state', '/nowhere', '--advertise', 'here'], 'expected IP/PORT such as'],
    [
      ['root', '--state', '/nowhere', '--advertise', '192.0.2.1/9993', '--port', '0'],
      '--port 0 lets the system choose',
    ],
    [['root', '--state', '/nowhere', '--advertise', '192.0.2.1', '--planet', 'x'], 'give one of them'],
    [['planet', 'create', '-o', 'x'], 'a planet needs at least one --root'],
    [['planet', 'create', '--root', 'x', '-o', 'x'], '--root must be IDENTITY.public@IP/PORT'],
  ])('zt %j', async (args, said) => {
    const { code, stdout, stderr } = await lab.run(...args)
    expect(stderr).toMatch(/^zt: /)
    expect(stderr).toContain(said)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })

  test('with --json it is an object too', async () => {
    const ended = await lab.run('join', '8056', '--json')
    expect(only(ended)).toMatchObject({ code: 'ZT_ARG_INVALID', exitCode: 2 })
    expect(ended.code).toBe(2)
  })
})

describe('help', () => {
  test.each([[[]], [['help']], [['--help']], [['-h']]])('zt %j lists the commands', async (args) => {
    const { code, stdout } = await lab.run(...args)
    expect(code).toBe(0)
    expect(stdout).toContain('Usage: zt COMMAND')
    expect(stdout).toContain('Exit codes: 0 ok')
  })

  test.each([
    [['help', 'join'], 'Usage: zt join NWID'],
    [['join', '--help'], 'Usage: zt join NWID'],
    [['bench', 'send', '-h'], 'Usage: zt bench send IP PORT'],
    [['help', 'identity'], 'Usage: zt identity validate'],
  ])('zt %j', async (args, said) => {
    const { code, stdout } = await lab.run(...args)
    expect([code, stdout]).toEqual([0, expect.stringContaining(said)])
  })

  test('the version', async () => {
    expect((await lab.run('--version')).stdout).toMatch(/^zt \d+\.\d+\.\d+ \(Node\.js v\d+/)
    expect(only(await lab.run('version', '--json'))).toMatchObject({ node: process.version })
  })
})

describe('identities', () => {
  const secret = spareIdentity(0)
  const shown = secret.split(':').slice(0, 3).join(':')

  test('are made once, for their owner alone', async () => {
    const made = await lab.run('identity', 'new', lab.file('made'), '--json')
    expect(made.code).toBe(0)
    expect((await stat(lab.file('made'))).mode & 0o777).toBe(0o600)
    const before = await lab.read('made')
    const again = await lab.run('identity', 'new', lab.file('made'))
    expect(again.code).toBe(2)
    expect(again.stderr).toContain('exists and is not overwritten')
    expect(again.stderr).not.toContain('searching')
    expect(await lab.read('made')).toEqual(before)
    const checked = await lab.run('identity', 'validate', lab.file('made'), '--json')
    expect(only(checked)).toEqual({ address: only(made).address, valid: true })
  })

  test('are shown without their secret, unless asked for', async () => {
    await lab.write('known', `${secret}\n`)
    expect((await lab.run('identity', 'show', lab.file('known'))).stdout).toBe(`${shown}\n`)
    expect((await lab.run('identity', 'show', secret)).stdout).toBe(`${shown}\n`)
    expect((await lab.run('identity', 'show', lab.file('known'), '--secret')).stdout).toBe(`${secret}\n`)
    const without = await lab.run('identity', 'show', shown, '--secret')
    expect([without.code, without.stdout]).toEqual([1, ''])
    expect(without.stderr).toContain('holds no secret key')
  })

  test.each([
    ['the address is wrong', secret.replace(/^./, secret.startsWith('1') ? '2' : '1'), 'does not belong to this key'],
    [
      'the secret is wrong',
      secret.replace(/.$/, secret.endsWith('1') ? '2' : '1'),
      'does not belong to its public key',
    ],
    ['it is cut', secret.slice(0, 60), 'expected an identity'],
  ])('are not valid if %s', async (_name, text, said) => {
    const { code, stderr } = await lab.run('identity', 'validate', text)
    expect(stderr).toContain(said)
    expect(code).toBe(1)
  })

  test('that are not there are named', async () => {
    const { code, stderr } = await lab.run('identity', 'show', lab.file('nowhere'))
    expect(stderr).toContain(`cannot read ${lab.file('nowhere')}: there is no such file`)
    expect(code).toBe(1)
  })
})

describe('planets', () => {
  test('are made of roots, signed with a key that is kept, and shown', async () => {
    await lab.write('root.public', spareIdentity(0).split(':').slice(0, 3).join(':'))
    const root = `${lab.file('root.public')}@192.0.2.1/9993,2001:db8::1/9993`
    const create = () =>
      lab.run('planet', 'create', '--root', root, '-o', lab.file('planet'), '--key', lab.file('key'), '--json')
    const made = only(await create())
    expect(made).toMatchObject({
      type: 'planet',
      roots: [{ address: spareIdentity(0).slice(0, 10), endpoints: ['192.0.2.1/9993', '2001:db8::1/9993'] }],
    })
    expect((await stat(lab.file('key'))).mode & 0o777).toBe(0o600)
    expect(only(await create()).signer).toBe(made.signer)
    expect(only(await lab.run('planet', 'show', lab.file('planet'), '--json'))).toMatchObject({
      id: made.id,
      roots: made.roots,
    })
    expect((await lab.run('planet', 'show', lab.file('planet'))).stdout).toContain(
      `root ${spareIdentity(0).slice(0, 10)} at 192.0.2.1/9993 2001:db8::1/9993`,
    )
  })

  test('with endpoints that nobody can reach are a mistake', async () => {
    const { code, stderr } = await lab.run(
      'planet',
      'create',
      '--root',
      `${spareIdentity(0)}@192.0.2.1/0`,
      '-o',
      lab.file('bad'),
    )
    expect([code, stderr]).toEqual([2, expect.stringContaining('is not where a root can be reached')])
  })

  test('a key that is none is named and left alone', async () => {
    await lab.write('nokey', 'garbage')
    const { code, stderr } = await lab.run(
      'planet',
      'create',
      '--root',
      `${spareIdentity(0)}@192.0.2.1/1`,
      '-o',
      lab.file('bad'),
      '--key',
      lab.file('nokey'),
    )
    expect([code, stderr]).toEqual([2, expect.stringContaining('nokey does not hold a signing key')])
    expect((await lab.read('nokey')).toString()).toBe('garbage')
  })

  test('that are damaged are named', async () => {
    await lab.write('garbage', 'garbage')
    const { code, stderr } = await lab.run('planet', 'show', lab.file('garbage'))
    expect([code, stderr]).toEqual([1, expect.stringContaining('garbage is not a world file')])
  })
})

describe('a damaged state is named with a remedy, and left as it is', () => {
  test.each<[string, string, string, string]>([
    ['identity.secret', spareIdentity(0).slice(0, 99), 'does not hold an identity', 'restore the file from a backup'],
    ['planet', 'garbage', 'is not a planet file', 'restore the file from a backup'],
    [`networks.d/${NWID}.conf`, 'garbage', 'does not hold the configuration', 'remove the file'],
  ])('%s', async (name, content, said, remedy) => {
    const { id, state } = await lab.state()
    await mkdir(`${state}/networks.d`)
    await lab.write(`${id}/${name}`, content)
    const { code, stderr } = await lab.run('join', NWID, '--state', state)
    expect(code).toBe(1)
    expect(stderr).toContain(`${state}/${name}`)
    expect(stderr).toContain(said)
    expect(stderr).toContain(remedy)
    expect((await lab.read(`${id}/${name}`)).toString()).toBe(content)
  })

  test('a planet that was named and is not there', async () => {
    const { state } = await lab.state()
    const { code, stderr } = await lab.run('join', NWID, '--state', state, '--planet', lab.file('nowhere'))
    expect([code, stderr]).toEqual([1, expect.stringContaining(`cannot read the planet ${lab.file('nowhere')}`)])
  })
})

describe('without a root that answers', () => {
  test('it is exit code 3, within --timeout, with the reason for each root', async () => {
    const silent = createSocket('udp4').bind(0, '127.0.0.1')
    await once(silent, 'listening')
    const endpoint = `127.0.0.1/${silent.address().port}`
    await lab.run('planet', 'create', '--root', `${spareIdentity(1)}@${endpoint}`, '-o', lab.file('dead'))
    const { id, state } = await lab.state()
    const ended = await lab.run(
      'join',
      NWID,
      '--state',
      state,
      '--planet',
      lab.file('dead'),
      '--timeout',
      '0.5',
      '--json',
    )
    silent.close()
    expect(ended.code).toBe(3)
    expect(only(ended)).toMatchObject({
      code: 'ZT_NODE_OFFLINE',
      exitCode: 3,
      error: expect.stringContaining(`at ${endpoint}: no reply to HELLO`) as string,
    })
    expect(ended.stderr).toContain(`joining ${NWID} as node ${id}`)
  })

  test('Ctrl-C in the middle of it ends it at once', async () => {
    const { state } = await lab.state()
    const running = lab.start('listen', '80', ...on, '--state', state, '--planet', lab.file('dead'))
    await running.says('joining')
    const { code, stderr } = await running.stop()
    expect([code, stderr]).toEqual([1, expect.stringContaining('zt: stopped')])
  })

  test('Ctrl-C while an identity is searched for ends that too', async () => {
    const running = lab.start('identity', 'new', lab.file('never'))
    await running.says('searching')
    const { code } = await running.stop()
    const exists = await lab.read('never').then(
      () => true,
      () => false,
    )
    expect([code, exists]).toEqual(code === 0 ? [0, true] : [1, false])
  })
})

test('a root that the planet does not list says what to do', async () => {
  const { state } = await lab.state()
  const { code, stderr } = await lab.run(
    'root',
    '--state',
    state,
    '--planet',
    lab.file('planet'),
    '--bind',
    '127.0.0.1',
  )
  expect([code, stderr]).toEqual([1, expect.stringContaining('does not list node')])
  expect(stderr).toContain('zt planet create')
})
