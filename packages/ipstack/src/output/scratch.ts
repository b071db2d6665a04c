/** Where a transport writes its header in a `Scratch`: room for any IP header before it, aligned for checksums. */
export const TRANSPORT_OFFSET = 64

/** A packet under construction. One serves all that is sent, since a link copies what it takes before it returns. */
export class Scratch {
  readonly bytes: Uint8Array
  readonly view: DataView

  constructor() {
    this.bytes = new Uint8Array(TRANSPORT_OFFSET + 65_536)
    this.view = new DataView(this.bytes.buffer)
  }
}
