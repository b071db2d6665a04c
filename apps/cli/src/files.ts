import { access, type FileHandle, open, readFile } from 'node:fs/promises'
import { ZtError } from '@zt/sansio'

/** The bytes of a file that was named on the command line. @throws ZT_FILE_UNREADABLE */
export function readInput(file: string): Promise<Buffer> {
  return readFile(file).catch((cause: unknown) => unreadable(file, cause))
}

/** A file that was named on the command line, to be read in pieces. @throws ZT_FILE_UNREADABLE */
export function openFile(file: string): Promise<FileHandle> {
  return open(file).catch((cause: unknown) => unreadable(file, cause))
}

/** Before long work whose result goes into a new file. @throws ZT_ARG_INVALID if it is there already. */
export async function refuseExisting(file: string): Promise<void> {
  const exists = await access(file).then(
    () => true,
    () => false,
  )
  if (exists) throw existsError(file)
}

/** Nothing that is there is overwritten by accident. */
export function existsError(file: string, cause?: unknown): ZtError {
  return new ZtError('ZT_ARG_INVALID', `${file} exists and is not overwritten`, {
    cause,
    hint: 'name another file, or move that one away',
  })
}

function unreadable(file: string, cause: unknown): never {
  const { code = '', message } = cause as NodeJS.ErrnoException
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
    EISDIR: 'it is a directory',
  }
  throw new ZtError('ZT_FILE_UNREADABLE', `cannot read ${file}: ${reasons[code] ?? message}`, {
    cause,
    file,
    hint: 'check the name of the file',
  })
}
