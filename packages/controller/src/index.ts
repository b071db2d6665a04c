// The controller
export { Controller, type ControllerOptions, type ConfigRequest, type ControllerMessage } from './controller.js'
// Networks and members as their owners describe them
export type {
  NetworkDefinition,
  NetworkSettings,
  RouteDefinition,
  PoolDefinition,
  CapabilityDefinition,
  TagDefinition,
  V6AssignMode,
} from './network-definition.js'
export type { MemberDefinition, MemberSettings, CredentialType } from './member-definition.js'
export type { RuleDefinition } from './rule-definition.js'
// Keeping them
export { ControllerStore, type ControllerStoreOptions } from './controller-store.js'
export { type RecordChange, RECORDS } from './records.js'
