import { Agent, type AgentOptions, type ClientRequestArgs } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ConnectOptions, TcpSocket } from '../tcp-socket.js'

/** How connections are made: `(options) => TcpSocket.connect(host, options)`, for one host. */
export type Connect = (options: ConnectOptions) => TcpSocket

/**
 * An `http.Agent` whose connections go over a user-space stack. Everything that takes an agent can use it; keep-alive and
 * limits work as with any other.
 *
 *     const agent = new HttpAgent((options) => TcpSocket.connect(host, options), { keepAlive: true })
 *     http.get('http://10.0.0.2/', { agent }, (response) => …)
 */
export class HttpAgent extends Agent {
  readonly #connect: Connect

  constructor(connect: Connect, options: AgentOptions = {}) {
    super(options)
    this.#connect = connect
  }

  override createConnection(
    options: ClientRequestArgs,
    onCreate?: (error: Error | null, socket: Duplex) => void,
  ): Duplex | undefined {
    return httpConnection(this.#connect)(options, onCreate)
  }
}

/** The same as the `createConnection` option of one `http.request`. */
export function httpConnection(
  connect: Connect,
): (options: ClientRequestArgs, onCreate?: (error: Error | null, socket: Duplex) => void) => Duplex | undefined {
  return (options, onCreate) => {
    try {
      return connect(connectOptions(options))
    } catch (error) {
      // As an 'error' of the request, where a failure to connect is expected. The type asks for a socket that is not there.
      if (!onCreate) throw error
      onCreate(error as Error, undefined as unknown as Duplex)
      return undefined
    }
  }
}

/** What of a request is about its connection: its `path`, above all, is not. */
function connectOptions(
  options: ClientRequestArgs & { readonly keepAlive?: boolean; readonly noDelay?: boolean },
): ConnectOptions {
  return {
    host: options.hostname || options.host || 'localhost',
    port: options.port ?? options.defaultPort ?? 80,
    localAddress: options.localAddress,
    localPort: options.localPort,
    family: options.family,
    lookup: options.lookup,
    timeout: options.timeout,
    noDelay: options.noDelay ?? true,
  }
}
