import { preset } from '../tooling/build/preset.js'

export default preset({ main: 'src/main.ts', child: 'src/child.ts' })
