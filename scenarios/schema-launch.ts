/** From a decision to a running application: image pull and the container daemon of the host, for every control plane. */
import { z } from 'zod';
import type { LaunchPlan } from '../sim/plan/kubernetes.ts';
import { MESOS_LAUNCH_DEFAULTS as L } from './defaults-mesos.ts';
import { count, duration, ratio } from './fields.ts';

export const launchSchema = z
  .strictObject({
    lanes: count('Containers a host creates at once.', 1, 64).prefault(L.lanes),
    create: duration('Time to create one container on overlay.').prefault(L.create),
    storageDriver: z
      .enum(['overlay', 'device-mapper', 'device-mapper-loop'])
      .describe(
        'Where the daemon keeps images. `device-mapper` on a block device takes twice `create`, `device-mapper-loop` on a file three times, as every container gets a device of its own: assumed, 2 to 5 in what is told of them (parameters `deviceMapperFactor`, `deviceMapperLoopFactor`).',
      )
      .prefault(L.storageDriver),
    start: duration('From a created container to a running application.').prefault(L.start),
    imageMb: ratio('Image pulled once a host, in MB; 0 = images are there.', 0, 1e6).prefault(L.imageMb),
    nicMbPerSecond: ratio('Network of a host, MB/s.', 0.001, 1e6).prefault(L.nicMbPerSecond),
    registryMbPerSecond: ratio('The registry serves all pulls with this, MB/s.', 0.001, 1e9).prefault(
      L.registryMbPerSecond,
    ),
    peerPullFactor: ratio(
      'Images come from peers, in this many times what the network of the host alone would take (Dragonfly 1.5); null = all from the registry.',
      1,
      100,
    )
      .nullable()
      .prefault(null),
  })
  .describe('From a launch to a running task.');

/** The section as the plan has it. */
export function resolveLaunch(launch: z.infer<typeof launchSchema>): LaunchPlan {
  return {
    lanes: launch.lanes,
    createMs: launch.create,
    ...(launch.storageDriver === 'overlay' ? {} : { storageDriver: launch.storageDriver }),
    startMs: launch.start,
    imageMb: launch.imageMb,
    nicMbPerSecond: launch.nicMbPerSecond,
    registryMbPerSecond: launch.registryMbPerSecond,
    ...(launch.peerPullFactor === null ? {} : { peerPullFactor: launch.peerPullFactor }),
  };
}
