// Datagrams
export { createDatagramPort, NodeDatagramPort, type DatagramPortOptions } from './datagram-port.js'
// Time and chance
export { SystemClock, type SystemClockOptions } from './system-clock.js'
export { SystemRandom } from './system-random.js'
// Ciphers
export { NodeAes } from './node-aes.js'
// The machine's own addresses
export {
  localAddresses,
  localEndpoints,
  watchLocalAddresses,
  type LocalAddress,
  type LocalAddressOptions,
  type WatchOptions,
} from './local-addresses.js'
