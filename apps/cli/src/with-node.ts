import type { Controller } from '@zt/controller'
import { ZeroTier, type SendSuite, type ZeroTierNetwork } from '@zt/libzt'
import { formatNetworkId, type NetworkId, parseNetworkId, type SecretIdentity, type World } from '@zt/protocol'
import { isZtError, ZtError } from '@zt/sansio'
import type { Invocation } from './command.js'
import { portNumber, text, texts } from './flags.js'

/** How long a command waits for its networks when no `--timeout` says otherwise, in milliseconds. */
const JOIN_TIMEOUT = 60_000

/** What a node is started with beyond the flags. */
interface Hosting {
  /** The UDP port, unless `--port` says otherwise. */
  readonly port?: number
  /** Makes the planet on the first run of a root. */
  readonly planet?: (identity: SecretIdentity, port: number) => World
  /** Makes the controller that runs on the node. */
  readonly controller?: (identity: SecretIdentity) => Controller
}

/** Start a node as the flags say, do the work, and stop it again whatever comes. */
export async function withNode<T>(
  invocation: Invocation,
  work: (node: ZeroTier, controller: Controller | undefined) => Promise<T>,
  hosting: Hosting = {},
): Promise<T> {
  const { values, output, signal } = invocation
  const port = text(values, 'port') ?? hosting.port?.toString()
  const bind = text(values, 'bind')
  const state = text(values, 'state')
  const planet = text(values, 'planet')
  let controller: Controller | undefined
  const makeController = hosting.controller
  await using node = await ZeroTier.start({
    ...(state === undefined ? {} : { state }),
    ...(planet === undefined ? {} : { planet }),
    ...(hosting.planet ? { planet: hosting.planet } : {}),
    ...(makeController ? { controller: (identity) => (controller = makeController(identity)) } : {}),
    ...(port === undefined ? {} : { port: portNumber(port, '--port', true) }),
    ...(bind === undefined ? {} : { bind: [bind] }),
    ...(values['allow-loopback'] ? { allowLoopback: true } : {}),
    ...(values.suite === undefined ? {} : { settings: { sendSuite: sendSuite(String(values.suite)) } }),
    signal,
    onProgress: ({ message }) => output.progress(message),
  })
  node.on('warning', (error) => output.progress(`warning: ${error.message}`))
  node.on('collision', (error) => output.progress(`${error.message}: ${error.hint}`))
  try {
    return await work(node, controller)
  } finally {
    if (values.counters) output.result({ event: 'counters', counters: node.counters() }, countersText(node.counters()))
  }
}

function countersText(counters: Readonly<Record<string, number>>): string {
  return Object.entries(counters)
    .map(([name, count]) => `${String(count).padStart(12)}  ${name}`)
    .join('\n')
}

function sendSuite(value: string): SendSuite {
  if (value === 'auto') return 'auto'
  if (value === '1' || value === '3') return Number(value) as 1 | 3
  throw new ZtError('ZT_ARG_INVALID', `--suite must be auto, 1 or 3, got ${JSON.stringify(value)}`)
}

/** Start a node, join every `--network`, and do the work with the networks. */
export async function withNetworks<T>(
  invocation: Invocation,
  work: (networks: ZeroTierNetwork[], node: ZeroTier) => Promise<T>,
): Promise<T> {
  const ids = [...new Set(texts(invocation.values, 'network').map(parseNetworkId))]
  if (ids.length === 0)
    throw new ZtError('ZT_ARG_MISSING', 'which network? --network NWID names it', {
      hint: 'a network id has 16 hexadecimal digits, such as 8056c2e21c000001',
    })
  return withNode(invocation, async (node) => {
    const networks = await Promise.all(ids.map((id) => join(invocation, node, id)))
    return work(networks, node)
  })
}

/** Join one network with the patience that the command line asks for, and say what is going on. */
export async function join(
  { output, stopped, timeLeft }: Invocation,
  node: ZeroTier,
  id: NetworkId,
): Promise<ZeroTierNetwork> {
  output.progress(`joining ${formatNetworkId(id)} as node ${node.id}`)
  const network = await node.join(id, { signal: stopped, timeoutMs: timeLeft() ?? JOIN_TIMEOUT })
  output.progress(`joined ${network.id} ${network.name}: ${network.addresses.join(', ') || 'no addresses assigned'}`)
  return network
}

/** Fulfilled when the command is told to stop; rejected when its time is up. */
export function untilStopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      if (isZtError(signal.reason, 'ZT_TIMEOUT')) reject(signal.reason)
      else resolve()
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
