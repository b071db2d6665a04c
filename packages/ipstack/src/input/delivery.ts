import type { Counters } from '@zt/sansio'
import type { IcmpErrors } from '../output/icmp-error.js'
import type { IpInput, Transport } from '../transport.js'

/** The last step of input: hands a packet to the transport of its protocol, and answers for it where nobody is there. */
export class Delivery {
  /** By protocol number. */
  readonly transports: (Transport | undefined)[] = new Array<Transport | undefined>(256).fill(undefined)
  readonly #errors: IcmpErrors
  readonly #counters: Counters

  constructor(errors: IcmpErrors, counters: Counters) {
    this.#errors = errors
    this.#counters = counters
  }

  /** `namedAt` is the offset of the byte that names the protocol, to point at if it is unknown (IPv6). */
  deliver(input: IpInput, bytes: Uint8Array, offset: number, length: number, namedAt: number): void {
    const transport = this.transports[input.protocol]
    if (transport === undefined) {
      this.#counters.count('ip-unknown-protocol')
      this.#errors.send(
        'protocol-unreachable',
        input,
        bytes,
        input.family === 6 ? { code: 1, pointer: namedAt } : undefined,
      )
    } else if (!transport.handleSegment(input, bytes, offset, length)) {
      this.#errors.send('port-unreachable', input, bytes)
    }
  }
}
