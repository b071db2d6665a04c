export { Udp } from './udp.js'
export { UdpEndpoint, type BindOptions, type Datagram, MAX_UDP_PAYLOAD } from './udp-endpoint.js'
export { type UdpSettings, defaultUdpSettings } from './settings.js'
