// A root
export { createRootNode } from './root-node.js'
// Worlds of one's own
export {
  makePlanet,
  makeMoon,
  updateWorld,
  isSelfSigned,
  formatWorld,
  parseWorld,
  type RootPlace,
  type WorldOptions,
} from './make-world.js'
