// The stack
export { Tcp } from './tcp.js'
export type { ConnectRequest, ListenRequest, TcpListener } from './tcp-connection.js'
// Connections
export type { TcpConnection, TcpHandler, TcpInfo, TcpOptions } from './tcp-connection.js'
export type { TcpState } from './states.js'
// Settings
export { defaultSettings, type TcpSettings, type CongestionName } from './settings.js'
