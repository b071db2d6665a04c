import { dgramRole } from './dgram.js'
import { netRole } from './net.js'
import { worldRole, zerotierRole } from './zerotier.js'

const roles: Readonly<Record<string, () => Promise<void>>> = {
  dgram: dgramRole,
  net: netRole,
  world: worldRole,
  zerotier: zerotierRole,
}

await roles[process.argv[2] ?? '']?.()
