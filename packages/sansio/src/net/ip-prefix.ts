import { ZtError } from '../errors.js'
import { IpAddress } from './ip-address.js'

/** An address with a prefix length: `10.1.2.3/24`. Host bits are kept, so it also says which address in the subnet. */
export class IpPrefix {
  readonly address: IpAddress
  readonly bits: number

  /** @throws ZT_ARG_INVALID if `bits` does not fit the family. */
  constructor(address: IpAddress, bits: number) {
    const most = address.isV4 ? 32 : 128
    if (!Number.isInteger(bits) || bits < 0 || bits > most) {
      throw new ZtError('ZT_ARG_INVALID', `expected a prefix length of 0 to ${most}, got ${bits}`)
    }
    this.address = address
    this.bits = bits
  }

  /** `address/bits`, or an address alone for a single host. @throws ZT_ARG_INVALID */
  static parse(text: string): IpPrefix {
    const [address, bits, more] = text.split('/')
    const ip = IpAddress.tryParse(address ?? '')
    if (!ip || more !== undefined || (bits !== undefined && !/^\d{1,3}$/.test(bits))) {
      throw new ZtError('ZT_ARG_INVALID', `expected an IP prefix such as 10.0.0.0/24, got ${JSON.stringify(text)}`)
    }
    return new IpPrefix(ip, bits === undefined ? (ip.isV4 ? 32 : 128) : Number(bits))
  }

  contains(address: IpAddress): boolean {
    return this.address.matches(address, this.bits)
  }

  /** The prefix with its host bits cleared. */
  get network(): IpPrefix {
    const bytes = this.address.bytes.map((byte, i) => byte & maskByte(this.bits, i))
    return new IpPrefix(IpAddress.of(bytes)!, this.bits)
  }

  equals(other: IpPrefix): boolean {
    return this.bits === other.bits && this.address.equals(other.address)
  }

  toString(): string {
    return `${this.address}/${this.bits}`
  }

  toJSON(): string {
    return this.toString()
  }
}

function maskByte(bits: number, index: number): number {
  const left = Math.max(0, Math.min(8, bits - 8 * index))
  return (0xff << (8 - left)) & 0xff
}
