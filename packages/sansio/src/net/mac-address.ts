import { ZtError } from '../errors.js'

/** A 48-bit MAC address as an integer: exact in a double, and a cheap map key. */
export type Mac = number

export const BROADCAST_MAC: Mac = 0xffff_ffff_ffff

/** Is the group bit set? True for broadcast too. */
export function isMulticastMac(mac: Mac): boolean {
  return (Math.floor(mac / 0x100_0000_0000) & 1) === 1
}

/** `02:bc:95:cb:9d:db` */
export function formatMac(mac: Mac): string {
  return mac
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?!$)/g, '$&:')
}

/** @throws ZT_ARG_INVALID unless it is six pairs of hexadecimal digits with colons or dashes. */
export function parseMac(text: string): Mac {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) {
    throw new ZtError('ZT_ARG_INVALID', `expected a MAC address such as 02:bc:95:cb:9d:db, got ${JSON.stringify(text)}`)
  }
  return Number.parseInt(text.replace(/[:-]/g, ''), 16)
}
