import { preset } from '../../tooling/build/preset.js'

export default preset({ 'identity-worker': 'src/identity-worker.ts' })
