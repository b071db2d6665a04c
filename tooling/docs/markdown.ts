/** A fenced code block. */
export interface Block {
  /** `ts`, `sh`, … */
  readonly language: string
  /** The words after the language: `continued`. */
  readonly words: readonly string[]
  /** The line of the file, counted from 1, on which `text` starts. */
  readonly line: number
  readonly text: string
}

/** A link or an image. */
export interface Link {
  readonly target: string
  readonly line: number
}

/** The parts of a Markdown file that can be wrong. */
export interface Page {
  readonly path: string
  readonly blocks: readonly Block[]
  readonly links: readonly Link[]
  /** Anchors of the headings, as GitHub makes them. */
  readonly anchors: ReadonlySet<string>
}

/** Read a page. A small part of Markdown, which is the part that this project uses. */
export function readPage(path: string, text: string): Page {
  const blocks: Block[] = []
  const links: Link[] = []
  const anchors = new Set<string>()
  let open: { fence: string; info: string; line: number; lines: string[] } | undefined
  for (const [i, line] of text.split('\n').entries()) {
    const fence = /^ *(`{3,}|~{3,})(.*)$/.exec(line)
    if (open) {
      if (fence && fence[1]!.startsWith(open.fence) && fence[2]!.trim() === '') {
        const [language = '', ...words] = open.info.trim().split(/\s+/)
        blocks.push({ language, words, line: open.line, text: open.lines.join('\n') })
        open = undefined
      } else open.lines.push(line)
      continue
    }
    if (fence) {
      open = { fence: fence[1]!, info: fence[2]!, line: i + 2, lines: [] }
      continue
    }
    const heading = /^#{1,6} +(.*?) *#*$/.exec(line)
    if (heading) anchors.add(uniqueAnchor(anchors, anchorOf(heading[1]!)))
    const prose = line.replace(/`[^`]*`/g, (code) => ' '.repeat(code.length))
    for (const [, target] of prose.matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g))
      links.push({ target: target!, line: i + 1 })
    for (const [, target] of prose.matchAll(/^\[[^\]]+\]: *(\S+)/g)) links.push({ target: target!, line: i + 1 })
  }
  return { path, blocks, links, anchors }
}

function anchorOf(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .replaceAll(' ', '-')
}

function uniqueAnchor(taken: ReadonlySet<string>, anchor: string): string {
  let name = anchor
  for (let n = 1; taken.has(name); n++) name = `${anchor}-${n}`
  return name
}
