import type { Command } from './command.js'
import { benchPing, benchRecv, benchSend } from './commands/bench.js'
import { call } from './commands/call.js'
import { controller } from './commands/controller.js'
import { demo } from './commands/demo.js'
import { expose } from './commands/expose.js'
import { identityNew, identityShow, identityValidate } from './commands/identity.js'
import { join } from './commands/join.js'
import { listen } from './commands/listen.js'
import { nc } from './commands/nc.js'
import { ping } from './commands/ping.js'
import { planetCreate, planetShow } from './commands/planet.js'
import { root } from './commands/root.js'
import { udpListen, udpSend } from './commands/udp.js'
import { version } from './commands/version.js'

/** Every command, in the order of the help. */
export const commands: Readonly<Record<string, Command>> = {
  demo,
  join,
  listen,
  call,
  expose,
  'udp-listen': udpListen,
  'udp-send': udpSend,
  nc,
  ping,
  'bench send': benchSend,
  'bench recv': benchRecv,
  'bench ping': benchPing,
  'identity new': identityNew,
  'identity show': identityShow,
  'identity validate': identityValidate,
  'planet create': planetCreate,
  'planet show': planetShow,
  root,
  controller,
  version,
}
