import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import type { Page } from './markdown.js'

/** Something wrong in a page, as `file:line` and a sentence. */
export interface Finding {
  readonly where: string
  readonly what: string
}

/** Links within the repository must lead somewhere: to a file or folder, and to a heading if they name one. */
export function checkLinks(pages: readonly Page[], exists: (path: string) => boolean = existsSync): Finding[] {
  const byPath = new Map(pages.map((page) => [page.path, page]))
  return pages.flatMap((page) =>
    page.links.flatMap(({ target, line }) => {
      const where = `${page.path}:${line}`
      if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return []
      const [file, anchor] = target.split('#') as [string, string | undefined]
      const path = file === '' ? page.path : posix.join(posix.dirname(page.path), decodeURI(file))
      if (!exists(path)) return [{ where, what: `links to ${path}, which does not exist` }]
      const there = byPath.get(path)
      if (anchor === undefined || !there || there.anchors.has(anchor)) return []
      return [{ where, what: `links to #${anchor}, but ${path} has no such heading` }]
    }),
  )
}
