// Paths
export {
  Path,
  PATH_ALIVE_MS,
  PATH_EXPIRY_MS,
  PATH_HEARTBEAT_MS,
  PATH_SUSPECT_MS,
  PATH_CHALLENGE_MS,
  UNMEASURED,
} from './path.js'
export { PathSet, Heard, MAX_PATHS } from './path-set.js'
export { pathCost, measure } from './path-quality.js'
// Endpoints
export { isUsableEndpoint, hasPathScope, sameEndpoint, sameIp, type EndpointPolicy } from './usable-endpoint.js'
// Finding direct paths
export { endpointsToPush, selectPushed, newPushGate, PushSchedule, PathCandidates } from './direct-paths.js'
export { HolePunches, PUNCH_BYTES, PUNCH_TTL, type Punch } from './hole-punch.js'
