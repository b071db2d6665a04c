import { Endpoint, IpAddress } from '@zt/sansio'

/**
 * One `Endpoint` object per sender, so that a datagram makes none and tables may compare by identity first. Bounded: two
 * generations of at most `capacity` senders each; who was heard in neither is forgotten, so strangers cannot fill it.
 */
export class EndpointCache {
  readonly #capacity: number
  #young = new Map<string, Map<number, Endpoint>>()
  #old = new Map<string, Map<number, Endpoint>>()
  #size = 0
  #lastAddress = ''
  #lastPort = -1
  #last: Endpoint | undefined

  constructor(capacity = 4096) {
    this.#capacity = capacity
  }

  /** The endpoint, or `undefined` if the text is not an address we can use (one with a zone, for example). */
  get(address: string, port: number): Endpoint | undefined {
    if (port === this.#lastPort && address === this.#lastAddress) return this.#last
    const endpoint = this.#young.get(address)?.get(port) ?? this.#admit(address, port)
    this.#lastAddress = address
    this.#lastPort = port
    this.#last = endpoint
    return endpoint
  }

  #admit(address: string, port: number): Endpoint | undefined {
    let endpoint = this.#old.get(address)?.get(port)
    if (!endpoint) {
      const ip = IpAddress.tryParse(address)
      if (!ip) return undefined
      endpoint = new Endpoint(ip, port)
    }
    if (this.#size >= this.#capacity) {
      this.#old = this.#young
      this.#young = new Map()
      this.#size = 0
    }
    const ports = this.#young.get(address)
    if (ports) ports.set(port, endpoint)
    else this.#young.set(address, new Map([[port, endpoint]]))
    this.#size++
    return endpoint
  }
}
