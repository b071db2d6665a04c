import type { CongestionName } from '../settings.js'
import type { CongestionController } from './controller.js'
import { Cubic } from './cubic.js'
import { NewReno } from './new-reno.js'

/** A controller by name, for this segment size and at most this window. */
export function chooseController(name: CongestionName, mss: number, most: number): CongestionController {
  return name === 'cubic' ? new Cubic(mss, most) : new NewReno(mss, most)
}
