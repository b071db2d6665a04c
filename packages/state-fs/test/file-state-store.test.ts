import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SeededRandom, stateStoreCases } from '@zt/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FileStateStore, type FileStateStoreOptions } from '../src/index.js'

let root: string
const opened: FileStateStore[] = []
const bytes = (text: string) => new TextEncoder().encode(text)
const mode = async (path: string) => (await stat(path)).mode & 0o777

async function open(options?: FileStateStoreOptions, at = root): Promise<FileStateStore> {
  const store = await FileStateStore.open(at, options)
  opened.push(store)
  return store
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'zt-state-'))
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()))
  await rm(root, { recursive: true, force: true })
})

describe('a FileStateStore complies', () => {
  for (const { name, run } of stateStoreCases(() => open())) test(name, run)
})

describe('files', () => {
  test('are where ZeroTierOne has them', async () => {
    const store = await open()
    for (const key of [
      'identity.secret',
      'networks.d/8056c2e21c000001.conf',
      'controller.d/network/8056c2e21c000001.json',
    ]) {
      await store.write(key, bytes(key))
      expect(await readFile(join(root, key), 'utf8')).toBe(key)
    }
    await writeFile(join(root, 'identity.public'), 'theirs')
    expect(await store.read('identity.public')).toEqual(bytes('theirs'))
  })

  test('are private unless they are public, and directories are private', async () => {
    const store = await open(undefined, join(root, 'new'))
    await store.write('identity.secret', bytes('s'))
    await store.write('identity.public', bytes('p'))
    await store.write('networks.d/1.conf', bytes('n'))
    expect(await mode(store.root)).toBe(0o700)
    expect(await mode(join(store.root, 'networks.d'))).toBe(0o700)
    expect(await mode(join(store.root, 'identity.secret'))).toBe(0o600)
    expect(await mode(join(store.root, 'networks.d/1.conf'))).toBe(0o600)
    expect(await mode(join(store.root, 'identity.public'))).toBe(0o644)
  })

  test('a secret that others could read is private after it was read or written', async () => {
    const store = await open()
    const path = join(root, 'identity.secret')
    await writeFile(path, 's')
    await chmod(path, 0o644)
    await store.read('identity.secret')
    expect(await mode(path)).toBe(0o600)
    await chmod(path, 0o666)
    await store.write('identity.secret', bytes('t'))
    expect(await mode(path)).toBe(0o600)
  })

  test('leave nothing else behind, and what a crash left is removed at the next start', async () => {
    await mkdir(join(root, 'peers.d'))
    await writeFile(join(root, 'peers.d', '.zt-tmp-1-abc'), 'half')
    const store = await open()
    await store.write('peers.d/0123456789.peer', bytes('p'))
    expect(await readdir(join(root, 'peers.d'))).toEqual(['0123456789.peer'])
    await store.close()
    expect(await readdir(root)).toEqual(['peers.d'])
  })
})

describe('planet and roots are one', () => {
  test('either name reads what either wrote', async () => {
    const store = await open()
    await writeFile(join(root, 'roots'), 'old')
    expect(await store.read('planet')).toEqual(bytes('old'))
    await store.write('planet', bytes('new'))
    expect(await store.read('roots')).toEqual(bytes('new'))
    expect((await readdir(root)).filter((name) => !name.startsWith('zt'))).toEqual(['planet'])
  })

  test('deleting one leaves nothing that could come back', async () => {
    const store = await open()
    await writeFile(join(root, 'roots'), 'old')
    await writeFile(join(root, 'planet'), 'new')
    await store.delete('roots')
    expect(await store.read('planet')).toBeUndefined()
    expect(await store.read('roots')).toBeUndefined()
  })
})

describe('keys', () => {
  const bad = [
    '',
    '/',
    '/etc/passwd',
    '..',
    '../x',
    'a/../b',
    'a//b',
    'a/',
    './a',
    '.hidden',
    'a\\b',
    'a\0b',
    'A',
    'con',
    'aux.txt',
    'com1.conf',
    'a.',
    'ä',
    'a b',
    'a:b',
    'zt.lock',
    'a/b/c/d/e/f/g/h/i',
    'x'.repeat(128),
    `${'x/'.repeat(300)}x`,
  ]
  test.each(bad)('%j is refused', async (key) => {
    const store = await open()
    const error = { code: 'ZT_STATE_KEY_INVALID', hint: expect.stringContaining('lower-case') }
    await expect(store.read(key)).rejects.toMatchObject(error)
    await expect(store.write(key, bytes('x'))).rejects.toMatchObject(error)
    await expect(store.delete(key)).rejects.toMatchObject(error)
    await expect(store.list(key)).rejects.toMatchObject(error)
  })

  test('whatever a key is made of, nothing outside the directory is touched', async () => {
    const store = await open(undefined, join(root, 'inner'))
    const random = new SeededRandom('keys')
    const pieces = [
      '..',
      '.',
      '/',
      '//',
      '\\',
      'a',
      'b.c',
      '\0',
      '~',
      '%2e',
      'C:',
      'con',
      'zt.lock',
      ' ',
      '\n',
      'é',
      '-',
      '_',
    ]
    for (let i = 0; i < 500; i++) {
      const key = Array.from({ length: 1 + random.below(6) }, () => random.pick(pieces)).join('')
      const outcome = await store.write(key, bytes('x')).catch((error: unknown) => error)
      if (outcome) expect((outcome as { code: string }).code).toMatch(/^ZT_STATE_(KEY_INVALID|NOT_A_FILE|IO)$/)
      else expect(await store.read(key)).toEqual(bytes('x'))
    }
    expect(await readdir(root)).toEqual(['inner'])
  })

  test('names that are not keys are not listed', async () => {
    const store = await open()
    await store.write('peers.d/a', bytes('x'))
    await writeFile(join(root, 'peers.d', 'README.TXT'), 'x')
    await writeFile(join(root, 'peers.d', '.hidden'), 'x')
    expect(await store.list('peers.d')).toEqual(['peers.d/a'])
  })
})

describe('symbolic links', () => {
  let outside: string
  beforeEach(async () => {
    outside = await mkdtemp(join(tmpdir(), 'zt-outside-'))
    await writeFile(join(outside, 'a'), 'outside')
  })
  afterEach(() => rm(outside, { recursive: true, force: true }))

  test('to a file are refused, and what they lead to is untouched', async () => {
    const store = await open()
    await symlink(join(outside, 'a'), join(root, 'planet'))
    const error = {
      code: 'ZT_STATE_SYMLINK',
      path: join(store.root, 'planet'),
      hint: expect.stringContaining('replace'),
    }
    await expect(store.read('planet')).rejects.toMatchObject(error)
    await expect(store.write('planet', bytes('x'))).rejects.toMatchObject(error)
    expect(await readFile(join(outside, 'a'), 'utf8')).toBe('outside')
  })

  test('to a directory are refused', async () => {
    const store = await open()
    await symlink(outside, join(root, 'peers.d'))
    const error = { code: 'ZT_STATE_SYMLINK', path: join(store.root, 'peers.d') }
    await expect(store.read('peers.d/a')).rejects.toMatchObject(error)
    await expect(store.write('peers.d/a', bytes('x'))).rejects.toMatchObject(error)
    await expect(store.delete('peers.d/a')).rejects.toMatchObject(error)
    await expect(store.list('peers.d')).rejects.toMatchObject(error)
    expect(await readdir(outside)).toEqual(['a'])
  })

  test('are not listed', async () => {
    const store = await open()
    await store.write('peers.d/b', bytes('x'))
    await symlink(join(outside, 'a'), join(root, 'peers.d', 'a'))
    expect(await store.list('peers.d')).toEqual(['peers.d/b'])
  })

  test('to the root itself are the choice of the user', async () => {
    await symlink(root, join(outside, 'link'))
    const store = await open(undefined, join(outside, 'link'))
    await store.write('planet', bytes('x'))
    expect(await readFile(join(root, 'planet'), 'utf8')).toBe('x')
  })
})

describe('what cannot be', () => {
  test('a file that is too large fails at once, however it claims its size', async () => {
    const store = await open({ maxValueBytes: 1000 })
    await writeFile(join(root, 'planet'), '')
    await truncate(join(root, 'planet'), 2 ** 36)
    const error = {
      code: 'ZT_STATE_TOO_LARGE',
      path: join(store.root, 'planet'),
      hint: expect.stringContaining('move it away'),
    }
    await expect(store.read('planet')).rejects.toMatchObject(error)
    await expect(store.write('planet', new Uint8Array(1001))).rejects.toMatchObject(error)
    await store.write('planet', new Uint8Array(1000))
    expect(await store.read('planet')).toHaveLength(1000)
  })

  test('a directory in place of a file is an error that names it', async () => {
    const store = await open()
    await mkdir(join(root, 'planet'))
    const error = { code: 'ZT_STATE_NOT_A_FILE', path: join(store.root, 'planet') }
    await expect(store.read('planet')).rejects.toMatchObject(error)
    await expect(store.write('planet', bytes('x'))).rejects.toMatchObject(error)
  })

  test('a FIFO does not make a read wait', async () => {
    const store = await open()
    execFileSync('mkfifo', [join(root, 'planet')])
    await expect(store.read('planet')).rejects.toMatchObject({ code: 'ZT_STATE_NOT_A_FILE' })
  })

  test('a file in place of a directory is an error that names it', async () => {
    const store = await open()
    await writeFile(join(root, 'peers.d'), 'x')
    expect(await store.read('peers.d/a')).toBeUndefined()
    await expect(store.write('peers.d/a', bytes('x'))).rejects.toMatchObject({
      code: 'ZT_STATE_IO',
      path: join(store.root, 'peers.d'),
      hint: expect.stringContaining('move it away'),
    })
  })

  test('a root that is a file', async () => {
    await writeFile(join(root, 'file'), 'x')
    await expect(FileStateStore.open(join(root, 'file'))).rejects.toMatchObject({
      code: 'ZT_STATE_IO',
      path: join(root, 'file'),
    })
  })

  test('a failed write keeps the old value and later writes work', async () => {
    const store = await open({ maxValueBytes: 10 })
    await store.write('key', bytes('old'))
    const outcomes = await Promise.allSettled([
      store.write('key', new Uint8Array(11)),
      store.write('other', bytes('x')),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect(await store.read('key')).toEqual(bytes('old'))
    await store.write('key', bytes('new'))
    expect(await store.read('key')).toEqual(bytes('new'))
  })
})

describe('the lock', () => {
  test('keeps a second store out until the first is closed', async () => {
    const store = await open()
    await expect(FileStateStore.open(root)).rejects.toMatchObject({
      code: 'ZT_STATE_LOCKED',
      pid: process.pid,
      hint: expect.stringContaining('stop that process'),
    })
    await store.close()
    await open()
  })

  test('does not keep those out who only look', async () => {
    const store = await open()
    await store.write('planet', bytes('x'))
    expect(await (await open({ lock: false })).read('planet')).toEqual(bytes('x'))
  })

  test('of a process that lives is respected', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] })
    await once(child, 'spawn')
    await writeFile(join(root, 'zt.lock'), `${child.pid} - 00\n`)
    await expect(FileStateStore.open(root)).rejects.toMatchObject({ code: 'ZT_STATE_LOCKED', pid: child.pid })
    child.kill('SIGKILL')
    await once(child, 'exit')
    await open()
  })

  test.each([
    ['empty', ''],
    ['nonsense', 'hello world'],
    ['left by an earlier life with our process id', `${process.pid} 1 00\n`],
    ['left by a process id that another program has now', `${process.ppid} 1 00\n`],
  ])('is taken over when it is %s', async (_, content) => {
    await writeFile(join(root, 'zt.lock'), content)
    const store = await open()
    await store.close()
    expect(await readdir(root)).toEqual([])
  })

  test('is won by exactly one of many', async () => {
    await writeFile(join(root, 'zt.lock'), `${process.pid} 1 00\n`)
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => open()))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})

test('after closing, writing is refused and what was begun is on disk', async () => {
  const store = await open()
  const writing = store.write('planet', bytes('x'))
  await store.close()
  await writing
  expect(await readFile(join(root, 'planet'), 'utf8')).toBe('x')
  await expect(store.write('planet', bytes('y'))).rejects.toMatchObject({ code: 'ZT_STATE_CLOSED' })
})
