/**
 * The cycles of a graph, each as one path that returns to its start. One cycle is reported for each strongly connected
 * group (Tarjan 1972), so a tangle is one finding, not a thousand.
 */
export function cyclesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const onStack = new Set<string>()
  const groups: string[][] = []

  const visit = (node: string): void => {
    const order = index.size
    index.set(node, order)
    low.set(node, order)
    stack.push(node)
    onStack.add(node)
    for (const next of graph.get(node) ?? []) {
      if (!index.has(next)) visit(next)
      if (onStack.has(next)) low.set(node, Math.min(low.get(node)!, low.get(next)!))
    }
    if (low.get(node) !== order) return
    const group = stack.splice(stack.indexOf(node))
    for (const member of group) onStack.delete(member)
    if (group.length > 1 || graph.get(node)?.includes(node)) groups.push(group)
  }
  for (const node of graph.keys()) if (!index.has(node)) visit(node)
  return groups.map((group) => shortestCycle(graph, new Set(group)))
}

/** Breadth first from one member, inside the group, until it is met again. */
function shortestCycle(graph: ReadonlyMap<string, readonly string[]>, group: ReadonlySet<string>): string[] {
  const start = [...group].sort()[0]!
  const from = new Map<string, string>()
  const queue = [start]
  for (const node of queue) {
    for (const next of graph.get(node) ?? []) {
      if (next === start) {
        const path = [start]
        for (let at = node; at !== start; at = from.get(at)!) path.unshift(at)
        return [start, ...path]
      }
      if (!group.has(next) || from.has(next)) continue
      from.set(next, node)
      queue.push(next)
    }
  }
  return [start]
}
