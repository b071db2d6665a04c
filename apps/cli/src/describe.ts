import type { ZeroTier, ZeroTierNetwork } from '@zt/libzt'

/** A joined network as data and as text. */
export function describeNetwork(node: ZeroTier, network: ZeroTierNetwork): { value: object; text: string } {
  const { id, name, type, status, mtu, mac } = network
  const addresses = network.addresses.map(String)
  const routes = network.routes.map(({ target, via }) => ({ target: String(target), via: via ? String(via) : null }))
  const value = { node: node.id, network: id, name, type, status, mac, mtu, addresses, routes }
  const text = [
    `node       ${node.id}`,
    `network    ${id} ${name} (${type})`,
    `mac        ${mac}`,
    `mtu        ${mtu}`,
    ...addresses.map((address) => `address    ${address}`),
    ...routes.map(({ target, via }) => `route      ${target}${via ? ` via ${via}` : ''}`),
  ].join('\n')
  return { value, text }
}

const units = ['B', 'kB', 'MB', 'GB']

/** `64 MB`, for people: powers of 1000. */
export function formatBytes(bytes: number): string {
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)))
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}

/** `812 Mbit/s` */
export function formatSpeed(bytes: number, milliseconds: number): string {
  return `${((bytes * 8) / 1000 / milliseconds).toFixed(0)} Mbit/s`
}
