import type { IpLink } from '@zt/sansio'
import type { AddressWords } from '../address-words.js'
import type { Attachment } from './attachment.js'
import { Neighbor, type SendResult } from './neighbor.js'

/** What an `IpAttachment` tells its stack. */
export interface IpAttachmentOwner {
  handleIp(bytes: Uint8Array, offset: number, length: number, isUnicast: boolean): void
  handleDrain(): void
  handleLinkChange(): void
}

/** A link of bare IP packets: everybody is behind the one other end. */
export class IpAttachment implements Attachment {
  readonly mac = 0
  readonly #link: IpLink
  readonly #owner: IpAttachmentOwner
  readonly #hop = Neighbor.fixed({ w0: 0, w1: 0, w2: 0, w3: 0 }, 0)

  constructor(link: IpLink, owner: IpAttachmentOwner) {
    this.#link = link
    this.#owner = owner
  }

  open(): void {
    const [link, owner] = [this.#link, this.#owner]
    link.onReceive = (bytes, offset, length) => owner.handleIp(bytes, offset, length, true)
    link.onDrain = () => owner.handleDrain()
    link.onChange = () => owner.handleLinkChange()
  }

  get mtu(): number {
    return this.#link.mtu
  }

  get isUp(): boolean {
    return this.#link.isUp
  }

  hopTo(_destination: AddressWords): Neighbor {
    return this.#hop
  }

  send(_hop: Neighbor, _etherType: number, bytes: Uint8Array, offset: number, length: number): SendResult {
    return this.#link.send(bytes, offset, length) ? 'sent' : 'full'
  }

  close(): void {
    this.#link.onReceive = () => {}
    this.#link.onDrain = () => {}
    this.#link.onChange = () => {}
  }

  macFor(): undefined {}
  confirm(): void {}
  addressAdded(): void {}
  addressRemoved(): void {}
  joinGroup(): void {}
  leaveGroup(): void {}
  handleNdp(): void {}
}
