import { preset } from '../../tooling/build/preset.js'

export default preset()
