import { constants } from 'node:fs'
import { open, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Replace a file so that after a crash at any moment there is either the old or the new content, whole: write a
 * temporary file beside it, flush it, rename it over, flush the directory. The promise is fulfilled when it is durable.
 */
export async function atomicWrite(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const temporary = join(dirname(path), `${TEMPORARY_PREFIX}${process.pid}-${randomBytes(6).toString('hex')}`)
  try {
    const file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode)
    try {
      await file.writeFile(bytes)
      await file.chmod(mode) // the process's umask may have taken bits away from what is public
      await file.sync()
    } finally {
      await file.close()
    }
    await renameOver(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  }
  await syncDirectory(dirname(path))
}

/** Make the names in a directory durable. Windows cannot and need not. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** Is this what a crash may have left behind? */
export function isTemporary(name: string): boolean {
  return name.startsWith(TEMPORARY_PREFIX)
}

/** On Windows scanners and indexers hold files for moments at a time; elsewhere a failure is final. */
async function renameOver(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(from, to)
      return
    } catch (error) {
      const isBusy = /^(EPERM|EACCES|EBUSY)$/.test((error as NodeJS.ErrnoException).code ?? '')
      if (process.platform !== 'win32' || !isBusy || attempt === RENAME_ATTEMPTS) throw error
      await delay(10 * attempt)
    }
  }
}

const TEMPORARY_PREFIX = '.zt-tmp-'
const RENAME_ATTEMPTS = 10
