import ts from 'typescript'

/** One place where a source file names another module. */
export interface Import {
  readonly specifier: string
  readonly line: number
  /** A file that is started, not imported: the entry of a worker. */
  readonly isStarted: boolean
}

/**
 * Every module that a source file names: static and dynamic imports, re-exports, `require`, `import('x')` in types, and
 * files given to `new URL('x', import.meta.url)`, which is how workers are named. Type-only imports count: a type is a
 * dependency of the reader.
 */
export function importsOf(path: string, text: string): Import[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false)
  const found: Import[] = []
  const lineAt = (position: number): number => file.getLineAndCharacterOfPosition(position).line + 1
  const add = (node: ts.Node | undefined, isStarted = false): void => {
    if (!node || !ts.isStringLiteralLike(node)) return
    found.push({ specifier: node.text, line: lineAt(node.getStart(file)), isStarted })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal)
    else if (ts.isCallExpression(node) && isImportOrRequire(node.expression)) add(node.arguments[0])
    else if (ts.isNewExpression(node) && isUrlHere(node)) add(node.arguments?.[0], true)
    ts.forEachChild(node, visit)
  }
  visit(file)
  for (const { fileName, pos } of [...file.typeReferenceDirectives, ...file.referencedFiles]) {
    found.push({ specifier: fileName, line: lineAt(pos), isStarted: false })
  }
  return found
}

function isImportOrRequire(callee: ts.Expression): boolean {
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require')
}

function isUrlHere({ expression, arguments: args }: ts.NewExpression): boolean {
  if (!ts.isIdentifier(expression) || expression.text !== 'URL') return false
  const base = args?.[1]
  return base !== undefined && ts.isPropertyAccessExpression(base) && ts.isMetaProperty(base.expression)
}
