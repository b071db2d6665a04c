// The host that sockets live on
export { StackHost, type StackHostOptions } from './stack-host.js'
// TCP
export { TcpSocket, type ConnectOptions, type SocketOptions } from './tcp-socket.js'
export { TcpServer, type ListenOptions, type ServerOptions, type TcpServerEvents } from './tcp-server.js'
// UDP
export {
  UdpSocket,
  type UdpBindOptions,
  type UdpMessage,
  type UdpSent,
  type UdpSocketEvents,
  type UdpSocketOptions,
} from './udp-socket.js'
// ICMP
export { ping, type PingOptions, type PingResult } from './ping.js'
// HTTP
export { HttpAgent, httpConnection, type Connect } from './http/agent.js'
export { serveHttp } from './http/serve.js'
