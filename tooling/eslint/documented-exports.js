import { basename } from 'node:path'

/**
 * Lint rule: every exported declaration has a doc comment directly above it; the header of a file speaks for the export
 * that the file is named after. Exempt are lists of re-exports; `encodeX` and `decodeX`, because in a codec's file the
 * layout comment speaks for both; and `UPPER_SNAKE` constants, which bear the names that their specification gives them.
 */
export const documentedExports = {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: { missing: '{{ name }} is exported: say in a doc comment what it is, its units, and what it throws' },
  },
  create(context) {
    const { sourceCode } = context
    const [first] = sourceCode.ast.body
    const hasHeader =
      first !== undefined && sourceCode.getCommentsBefore(first).some(({ value }) => value.startsWith('*'))
    const subject = basename(context.filename, '.ts').replaceAll('-', '')
    const isSubject = (name) => hasHeader && name.toLowerCase() === subject
    const isDocumented = (node) => {
      const comment = sourceCode.getCommentsBefore(node).at(-1)
      return (
        comment?.type === 'Block' && comment.value.startsWith('*') && node.loc.start.line - comment.loc.end.line <= 1
      )
    }
    /** An overload after the first, or a type beside the constant of its name, is covered by its neighbour. */
    const seen = new Set()
    return {
      ExportNamedDeclaration(node) {
        const { declaration } = node
        if (!declaration) return
        if (declaration.type === 'FunctionDeclaration' && /^(en|de)code[A-Z]/.test(declaration.id.name)) return
        const name = declaration.id?.name ?? declaration.declarations?.[0]?.id.name
        if (declaration.type === 'VariableDeclaration' && /^[A-Z0-9_]+$/.test(name)) return
        const isCovered = seen.has(name)
        seen.add(name)
        if (!isCovered && !isDocumented(node) && !isSubject(name))
          context.report({ node, messageId: 'missing', data: { name } })
      },
    }
  },
}
