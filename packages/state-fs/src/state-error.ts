import { ZtError } from '@zt/sansio'

/** What the system said about a file, as an error that names the file and what to do. */
export function stateError(
  error: unknown,
  doing: 'read' | 'write' | 'delete' | 'list' | 'lock',
  path: string,
): ZtError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
  if (code === 'ELOOP' || code === 'EMLINK') return symlinkError(path)
  return new ZtError('ZT_STATE_IO', `cannot ${doing} ${path}: ${code}`, {
    cause: error,
    path,
    hint: REMEDIES[code] ?? 'check that the state directory is on a working, writable file system',
  })
}

/** Something in the way is a symbolic link. */
export function symlinkError(path: string): ZtError {
  return new ZtError(
    'ZT_STATE_SYMLINK',
    `${path} is a symbolic link, and those are not followed inside a state directory`,
    {
      path,
      hint: 'replace the link by the file or directory that it leads to',
    },
  )
}

const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'give this user access to the file and its directory, or choose another state directory',
  EPERM: 'give this user access to the file and its directory, or choose another state directory',
  EROFS: 'the file system is mounted read-only; choose another state directory',
  ENOSPC: 'the disk is full; make room. What was stored before is untouched',
  EDQUOT: 'the quota is used up; make room. What was stored before is untouched',
  EISDIR: 'a directory has the name of a file; move it away',
  ENOTDIR: 'a file has the name of a directory; move it away',
  EEXIST: 'a file has the name of a directory; move it away',
}
