// The node
export { ZtNode, type NodeOptions } from './node.js'
export { DEFAULT_SETTINGS, type NodeSettings, type SendSuite } from './settings.js'
export type { NodeEvent, RootStatus, RootTrouble } from './events.js'
export type { PeerSnapshot, PathSnapshot } from './status.js'
// Networks
export type { Network, NetworkStatus } from './networks/network.js'
export type { ControllerPort, ControllerMessage, ConfigRequest } from './networks/controller-port.js'
