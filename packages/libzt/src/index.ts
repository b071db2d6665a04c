// The node
export { ZeroTier } from './zerotier.js'
export type { StartOptions, JoinOptions } from './options.js'
export type { ZeroTierEvents } from './events.js'
export type { SendSuite } from '@zt/node'
export type { PeerStatus } from './status.js'
// Networks
export { ZeroTierNetwork, type NetworkRoute } from './network.js'
export { VirtualNetwork } from './virtual-network.js'
// Identities and worlds
export { generateIdentity, type SearchOptions, type SearchProgress } from './identity-search.js'
export { formatWorld, makePlanet, parseWorld } from '@zt/root'
// A world of one's own
export { EmbeddedWorld, type EmbeddedWorldOptions } from './embedded-world.js'
