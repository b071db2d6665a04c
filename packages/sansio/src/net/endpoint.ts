import { ZtError } from '../errors.js'
import { IpAddress } from './ip-address.js'

/** An IP address and a UDP or TCP port. An immutable value; `toString` is canonical and serves as a map key. */
export class Endpoint {
  readonly ip: IpAddress
  readonly port: number
  #text: string | undefined

  constructor(ip: IpAddress, port: number) {
    this.ip = ip
    this.port = port
  }

  /** ZeroTier's notation, `10.0.0.1/9993` or `fd00::1/9993`. @throws ZT_ARG_INVALID */
  static parse(text: string): Endpoint {
    const slash = text.lastIndexOf('/')
    const ip = slash < 0 ? undefined : IpAddress.tryParse(text.slice(0, slash))
    const port = Number(text.slice(slash + 1))
    if (!ip || !/^\d{1,5}$/.test(text.slice(slash + 1)) || port > 65535) {
      throw new ZtError('ZT_ARG_INVALID', `expected IP/PORT such as 10.0.0.1/9993, got ${JSON.stringify(text)}`)
    }
    return new Endpoint(ip, port)
  }

  equals(other: Endpoint): boolean {
    return this === other || (this.port === other.port && this.ip.equals(other.ip))
  }

  toString(): string {
    return (this.#text ??= `${this.ip}/${this.port}`)
  }

  toJSON(): string {
    return this.toString()
  }
}
