import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, readdir, realpath, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { isZtError, type StateStore, ZtError } from '@zt/sansio'
import { atomicWrite, isTemporary, syncDirectory } from './atomic-write.js'
import { isPlainName, keySegments } from './key-path.js'
import { lockDirectory } from './lock-file.js'
import { stateError, symlinkError } from './state-error.js'

/** How a state directory is opened. */
export interface FileStateStoreOptions {
  /** Keep other processes out while it is open. Default true; `false` is for those who only look. */
  readonly lock?: boolean
  /** The largest value, in bytes, that is read or written. Default 16 MiB. */
  readonly maxValueBytes?: number
}

/**
 * A `StateStore` on a directory. Keys are paths in it, so it reads and writes ZeroTierOne's own home: `identity.secret`,
 * `identity.public`, `planet`, `moons.d/*`, `networks.d/*.conf`, `peers.d/*.peer`, `controller.d/**`.
 *
 *     await using store = await FileStateStore.open('/var/lib/zt')
 *     await store.write('networks.d/8056c2e21c000001.conf', bytes)
 *
 * Writes are atomic and durable. Files are private except those that hold only public things; directories are private.
 * Symbolic links below the root are refused. `roots` is another name of `planet`.
 */
export class FileStateStore implements StateStore {
  /** The directory: absolute, and with links leading to it resolved. */
  readonly root: string
  readonly #maxBytes: number
  readonly #unlock: () => Promise<void>
  /** The last change of each file that is being changed: changes of one file happen one after the other. */
  readonly #changes = new Map<string, Promise<void>>()
  #isClosed = false

  private constructor(root: string, maxBytes: number, unlock: () => Promise<void>) {
    this.root = root
    this.#maxBytes = maxBytes
    this.#unlock = unlock
  }

  /**
   * Open a directory; it is made, for this user only, if it is missing.
   *
   * @throws ZT_STATE_LOCKED if another process uses it; ZT_STATE_IO if it cannot be made or used.
   */
  static async open(path: string, options: FileStateStoreOptions = {}): Promise<FileStateStore> {
    const absolute = resolve(path)
    let root: string
    try {
      await mkdir(absolute, { recursive: true, mode: 0o700 })
      root = await realpath(absolute)
    } catch (error) {
      throw stateError(error, 'write', absolute)
    }
    if (options.lock === false)
      return new FileStateStore(root, options.maxValueBytes ?? MAX_VALUE_BYTES, async () => {})
    const unlock = await lockDirectory(root)
    const store = new FileStateStore(root, options.maxValueBytes ?? MAX_VALUE_BYTES, unlock)
    await store.#sweep(root, 0)
    return store
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    for (const path of this.#paths(key)) {
      if (!(await this.#isReachable(path, 'read'))) continue
      const bytes = await this.#readFile(path)
      if (bytes) return bytes
    }
    return undefined
  }

  write(key: string, value: Uint8Array): Promise<void> {
    const bytes = value.slice() // the caller may change its own while we wait for the disk
    return this.#change(key, async ([path, ...aliases]) => {
      if (bytes.length > this.#maxBytes) throw tooLarge(path, this.#maxBytes)
      await this.#makeDirectories(path)
      await refuseOddTarget(path)
      try {
        await atomicWrite(path, bytes, isPublic(key) ? 0o644 : 0o600)
      } catch (error) {
        throw stateError(error, 'write', path)
      }
      for (const alias of aliases) await this.#remove(alias)
    })
  }

  delete(key: string): Promise<void> {
    return this.#change(key, async (paths) => {
      for (const path of paths) await this.#remove(path)
    })
  }

  async list(prefix: string): Promise<string[]> {
    const path = join(this.root, ...keySegments(prefix))
    const keys: string[] = []
    if (await this.#isReachable(path, 'list')) await this.#collect(path, prefix, keys)
    return keys.sort()
  }

  /** Wait for what is being written, then let other processes in. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await Promise.allSettled(this.#changes.values())
    await this.#unlock()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Where a value may be: the place that is written first. */
  #paths(key: string): [string, ...string[]] {
    const segments = keySegments(key)
    if (key === 'planet' || key === 'roots') return [join(this.root, 'planet'), join(this.root, 'roots')]
    return [join(this.root, ...segments)]
  }

  async #change(key: string, run: (paths: [string, ...string[]]) => Promise<void>): Promise<void> {
    const paths = this.#paths(key)
    if (this.#isClosed) throw new ZtError('ZT_STATE_CLOSED', `the state directory ${this.root} was closed`)
    const before = this.#changes.get(paths[0]) ?? Promise.resolve()
    const change = before.catch(() => {}).then(() => run(paths))
    this.#changes.set(paths[0], change)
    try {
      await change
    } finally {
      if (this.#changes.get(paths[0]) === change) this.#changes.delete(paths[0])
    }
  }

  /** One handle from the first look to the last byte, so that nothing can be exchanged between. */
  async #readFile(path: string): Promise<Uint8Array | undefined> {
    let file: FileHandle
    try {
      // A FIFO would make opening wait without O_NONBLOCK. Windows knows neither flag.
      file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw stateError(error, 'read', path)
    }
    try {
      const stat = await file.stat()
      if (!stat.isFile()) throw notAFile(path)
      if (stat.size > this.#maxBytes) throw tooLarge(path, this.#maxBytes)
      if (path.endsWith('.secret') && process.platform !== 'win32' && (stat.mode & 0o077) !== 0) {
        await file.chmod(0o600).catch(() => {}) // it may belong to another user, who then has to see to it
      }
      return await readAtMost(file, stat.size, path, this.#maxBytes)
    } catch (error) {
      throw isZtError(error) ? error : stateError(error, 'read', path)
    } finally {
      await file.close()
    }
  }

  async #remove(path: string): Promise<void> {
    if (!(await this.#isReachable(path, 'delete'))) return
    try {
      await unlink(path)
      await syncDirectory(dirname(path))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw stateError(error, 'delete', path)
    }
  }

  /** Is the directory of this path there, with no link on the way? */
  async #isReachable(path: string, doing: 'read' | 'delete' | 'list'): Promise<boolean> {
    for (const directory of this.#directoriesOf(path)) {
      try {
        const stat = await lstat(directory)
        if (stat.isSymbolicLink()) throw symlinkError(directory)
        if (!stat.isDirectory()) return false
      } catch (error) {
        if (isZtError(error)) throw error
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
        throw stateError(error, doing, directory)
      }
    }
    return true
  }

  async #makeDirectories(path: string): Promise<void> {
    for (const directory of this.#directoriesOf(path)) {
      try {
        await mkdir(directory, { mode: 0o700 })
        await syncDirectory(dirname(directory))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw stateError(error, 'write', directory)
        const stat = await lstat(directory)
        if (stat.isSymbolicLink()) throw symlinkError(directory)
        if (!stat.isDirectory()) throw stateError(error, 'write', directory)
      }
    }
  }

  /** The directories between the root and this path, outermost first. */
  #directoriesOf(path: string): string[] {
    const directories: string[] = []
    for (let at = dirname(path); at.length > this.root.length; at = dirname(at)) directories.unshift(at)
    return directories
  }

  async #collect(path: string, prefix: string, keys: string[]): Promise<void> {
    for (const entry of await this.#entries(path)) {
      if (!isPlainName(entry.name)) continue
      const key = `${prefix}/${entry.name}`
      if (entry.isFile()) keys.push(key)
      else if (entry.isDirectory() && key.split('/').length < 8) await this.#collect(join(path, entry.name), key, keys)
    }
  }

  async #entries(path: string) {
    try {
      const stat = await lstat(path)
      if (stat.isSymbolicLink()) throw symlinkError(path)
      return stat.isDirectory() ? await readdir(path, { withFileTypes: true }) : []
    } catch (error) {
      if (isZtError(error)) throw error
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw stateError(error, 'list', path)
    }
  }

  /** Remove what a crash left half written. */
  async #sweep(path: string, depth: number): Promise<void> {
    for (const entry of await this.#entries(path)) {
      if (entry.isFile() && isTemporary(entry.name)) await unlink(join(path, entry.name)).catch(() => {})
      else if (entry.isDirectory() && isPlainName(entry.name) && depth < 8)
        await this.#sweep(join(path, entry.name), depth + 1)
    }
  }
}

const MAX_VALUE_BYTES = 16 * 1024 * 1024

/** Files that other users may read, as ZeroTierOne's are: nothing in them is secret. */
function isPublic(key: string): boolean {
  return key === 'identity.public' || key === 'planet' || key === 'roots' || key.startsWith('moons.d/')
}

/** A rename would replace a link, not follow it, but whoever put it there is owed an answer; and a directory cannot be. */
async function refuseOddTarget(path: string): Promise<void> {
  const stat = await lstat(path).catch(() => undefined)
  if (stat?.isSymbolicLink()) throw symlinkError(path)
  if (stat && !stat.isFile()) throw notAFile(path)
}

/** The size may grow after it was looked at: never more than the limit is read. */
async function readAtMost(file: FileHandle, expected: number, path: string, limit: number): Promise<Uint8Array> {
  let bytes = new Uint8Array(expected + 1)
  let length = 0
  for (;;) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, length)
    if (bytesRead === 0) return bytes.slice(0, length)
    length += bytesRead
    if (length > limit) throw tooLarge(path, limit)
    if (length === bytes.length) {
      const grown = new Uint8Array(Math.min(limit + 1, 2 * length))
      grown.set(bytes)
      bytes = grown
    }
  }
}

function tooLarge(path: string, limit: number): ZtError {
  return new ZtError('ZT_STATE_TOO_LARGE', `${path} is larger than ${limit} bytes, which no valid value is`, {
    path,
    hint: 'the file is damaged or is not what its name says; move it away',
  })
}

function notAFile(path: string): ZtError {
  return new ZtError('ZT_STATE_NOT_A_FILE', `${path} is not a regular file`, { path, hint: 'move it away' })
}
