// The thread of `generateIdentity`: tries keys, reports every try, and ends with the identity.
import { parentPort } from 'node:worker_threads'
import { SystemRandom } from '@zt/io-node'
import { IdentitySearch } from '@zt/protocol'
import type { SearchMessage } from './identity-search.js'

const say = (message: SearchMessage): void => parentPort!.postMessage(message)

const search = new IdentitySearch(new SystemRandom())
let identity = search.step()
while (!identity) {
  say({ tries: search.tries })
  identity = search.step()
}
say({ identity })
