import { EmbeddedWorld } from '@zt/libzt'

/** A root, a controller and one public network for everybody who measures. */
export async function startWorld(): Promise<{ world: EmbeddedWorld; network: string }> {
  const world = await EmbeddedWorld.start()
  const network = world.createNetwork({
    name: 'bench',
    private: false,
    v4AssignMode: { zt: true },
    ipAssignmentPools: [{ ipRangeStart: '10.1.0.1', ipRangeEnd: '10.1.255.254' }],
    routes: [{ target: '10.1.0.0/16', via: null }],
  })
  return { world, network }
}
