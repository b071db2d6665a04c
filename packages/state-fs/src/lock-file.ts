/**
 * One process per state directory: two nodes with one identity would fight over their peers' paths, and overwrite each
 * other's files.
 *
 * The lock is a file that names the process. It is made by linking a finished file to the name, so it is never seen half
 * written. A lock whose process is gone is stale and is taken over; where /proc tells when a process started, a reused
 * process id is not mistaken for the holder. The limit: processes that cannot see each other (two containers with one
 * volume, two machines with one network file system) cannot tell whether the other lives.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, readFile, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isZtError, ZtError } from '@zt/sansio'
import { LOCK_NAME } from './key-path.js'
import { stateError } from './state-error.js'

/** Take the lock of a directory. Returns how to give it back. @throws ZT_STATE_LOCKED, ZT_STATE_IO */
export async function lockDirectory(root: string): Promise<() => Promise<void>> {
  const path = join(root, LOCK_NAME)
  await refuseZeroTierOne(root)
  const token = `${process.pid} ${startOf(process.pid) ?? '-'} ${randomBytes(8).toString('hex')}\n`
  const mine = join(root, `.zt-lock-${process.pid}-${randomBytes(6).toString('hex')}`)
  held.add(token)
  try {
    await writeFile(mine, token, { flag: 'wx', mode: 0o600 })
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await claim(mine, path)) return () => release(path, token)
      const holder = await readFile(path, 'latin1').catch(() => undefined)
      if (holder === undefined) continue
      const pid = livingHolder(holder)
      if (pid !== undefined) throw lockedError(root, path, pid)
      if (!(await removeStale(path, mine))) await delay(RETRY_MS)
    }
    throw lockedError(root, path, undefined)
  } catch (error) {
    held.delete(token)
    throw isZtError(error) ? error : stateError(error, 'lock', path)
  } finally {
    await unlink(mine).catch(() => {})
  }
}

const ATTEMPTS = 40
const RETRY_MS = 5
/** Far longer than looking at a file takes. */
const BREAKING_TIMEOUT_MS = 10_000

/** Locks held by this process: a lock with our process id that is not one of these is left from an earlier life. */
const held = new Set<string>()

async function claim(mine: string, path: string): Promise<boolean> {
  try {
    await link(mine, path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error
    // No hard links here (FAT, some network file systems): exclusive creation is as good, but for a half-written moment.
    return writeFile(path, await readFile(mine), { flag: 'wx', mode: 0o600 }).then(
      () => true,
      (failure: NodeJS.ErrnoException) => {
        if (failure.code === 'EEXIST') return false
        throw failure
      },
    )
  }
}

async function release(path: string, token: string): Promise<void> {
  held.delete(token)
  if ((await readFile(path, 'latin1').catch(() => undefined)) === token) await unlink(path).catch(() => {})
}

/**
 * Remove a stale lock, unless another process is at it (false). Only whoever holds the second lock may remove the first, and
 * looks again before doing so: otherwise the one who is slower would remove the fresh lock of the one who was quicker.
 */
async function removeStale(path: string, mine: string): Promise<boolean> {
  const breaking = `${path}-breaking`
  if (!(await claim(mine, breaking))) {
    const { mtimeMs } = await stat(breaking).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }))
    if (Date.now() - mtimeMs > BREAKING_TIMEOUT_MS) await unlink(breaking).catch(() => {}) // it crashed just here
    return false
  }
  try {
    const holder = await readFile(path, 'latin1').catch(() => undefined)
    if (holder !== undefined && livingHolder(holder) === undefined) await unlink(path)
    return true
  } finally {
    await unlink(breaking).catch(() => {})
  }
}

/** The process that holds the lock, or `undefined` if the lock is stale or no lock of ours. */
function livingHolder(holder: string): number | undefined {
  const [pidText, start] = holder.trimEnd().split(' ')
  const pid = Number(pidText)
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
  if (held.has(holder)) return pid
  const startNow = startOf(pid)
  if (startNow !== undefined && start !== '-') return startNow === start ? pid : undefined
  return pid !== process.pid && isAlive(pid) ? pid : undefined
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When a process started, in the system's ticks, or `undefined` if it is gone or the system does not say. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] // the name before it may contain anything
  } catch {
    return undefined
  }
}

/** The official service leaves its process id in its home. */
async function refuseZeroTierOne(root: string): Promise<void> {
  const path = join(root, 'zerotier-one.pid')
  const pid = Number(await readFile(path, 'latin1').catch(() => ''))
  if (!Number.isSafeInteger(pid) || pid <= 0) return
  const name = await readFile(`/proc/${pid}/comm`, 'latin1').catch(() => '')
  if (name.startsWith('zerotier')) throw lockedError(root, path, pid)
}

function lockedError(root: string, path: string, pid: number | undefined): ZtError {
  const who = pid === undefined ? 'another process' : pid === process.pid ? 'this process' : `process ${pid}`
  return new ZtError('ZT_STATE_LOCKED', `the state directory ${root} is in use by ${who} (${path})`, {
    path,
    ...(pid === undefined ? {} : { pid }),
    hint: 'stop that process first, or use another state directory: one identity must not run twice',
  })
}
