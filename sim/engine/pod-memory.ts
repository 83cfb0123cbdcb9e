/**
 * Memory of single pods: how it grows while they run, what waits near their own limit, and who is killed at it. For services written out with
 * `memGrowthPerDay` or `memLimit`; all others use what they use from the start and have no limit.
 *
 *   used  = use at the start + growth x time since the start
 *   stall = share of requests that meet direct reclaim inside the pod's cgroup, by used / limit as on a host by used / memory
 *   used > limit: the kernel kills the container; the pod goes back to the scheduler, a kubelet would restart it in place
 *
 * Page cache inside a limit is taken back first and costs nothing here.
 */
import { BYTES_PER_MIB, MS_PER_DAY } from '../../policies/base/units.ts';
import { EVICT_REASON } from '../../policies/ports.ts';
import { CHANGE, useMemory } from '../cluster/apply.ts';
import { TASK_STATE } from '../cluster/tasks.ts';
import { directReclaimProbability } from '../host/memory.ts';
import type { Plan } from '../plan.ts';
import type { Engine } from './engine.ts';
import { evictPod } from './lifecycle.ts';
import type { OnlineState } from './online.ts';
import { OPEN } from './recorder.ts';

interface MemoryOfService {
  readonly service: number;
  readonly growthBytesPerMs: number;
  /** Of a pod that has just started. */
  readonly startBytes: number;
}

export interface PodMemory {
  readonly services: readonly MemoryOfService[];
  /** Memory limit of every pod, Infinity = none; vertical scaling may move it. */
  readonly limitBytes: Float64Array;
  /** Share of a pod's requests that wait for reclaim inside its limit; row a pod. */
  readonly stallShare: Float64Array;
  /** [pods with such requests] in this window. */
  readonly stalled: Int32Array;
}

/** null where no service asks for either. `usedBytes`: of the pods as the run begins, row a pod. */
export function createPodMemory(plan: Plan, online: OnlineState, usedBytes: ArrayLike<number>): PodMemory | null {
  const services = plan.online.explicit.flatMap(({ name, memLimitMib, memGrowthMibPerDay }): MemoryOfService[] => {
    if (memLimitMib === undefined && memGrowthMibPerDay === undefined) return [];
    const service = online.services.names.indexOf(name);
    return [
      {
        service,
        growthBytesPerMs: ((memGrowthMibPerDay ?? 0) * BYTES_PER_MIB) / MS_PER_DAY,
        startBytes: usedBytes[online.firstPod[service]],
      },
    ];
  });
  if (services.length === 0) return null;
  const pods = online.firstPod[online.services.count];
  const limitBytes = new Float64Array(pods).fill(Number.POSITIVE_INFINITY);
  for (const { name, memLimitMib } of plan.online.explicit) {
    const s = online.services.names.indexOf(name);
    if (memLimitMib !== undefined)
      limitBytes.fill(memLimitMib * BYTES_PER_MIB, online.firstPod[s], online.firstPod[s + 1]);
  }
  return { services, limitBytes, stallShare: new Float64Array(pods), stalled: new Int32Array(1) };
}

/** Sets what every pod uses in the window that begins at `nowMs`. */
export function growPods(engine: Engine, memory: PodMemory, nowMs: number): void {
  const { cluster, online, hostModel, plan } = engine;
  const { tasks } = cluster;
  const { directReclaimStart, directReclaimPeak, memoryQosFactor } = hostModel.parameters;
  const qosFactor = plan.physics.memoryQos === true ? memoryQosFactor : 1;
  memory.stalled[0] = 0;
  for (const { service, growthBytesPerMs, startBytes } of memory.services)
    for (let row = online.firstPod[service]; row < online.firstPod[service + 1]; row++) {
      const isRunning = tasks.state[row] === TASK_STATE.running;
      const ranMs = isRunning ? nowMs - tasks.startedAtMs[row] : 0;
      const used = startBytes + Math.floor(growthBytesPerMs * ranMs);
      if (used !== tasks.usedMemBytes[row]) useMemory(cluster, row, used);
      const stall = isRunning
        ? directReclaimProbability(used / memory.limitBytes[row], directReclaimStart, directReclaimPeak, qosFactor)
        : 0;
      memory.stallShare[row] = stall;
      if (stall > 0) memory.stalled[0]++;
    }
}

/** Kills what uses more than its limit. */
export function killAtLimits(engine: Engine, memory: PodMemory, nowMs: number): void {
  const { cluster, online, recorder } = engine;
  const { tasks } = cluster;
  for (const { service, startBytes } of memory.services)
    for (let row = online.firstPod[service]; row < online.firstPod[service + 1]; row++) {
      if (tasks.usedMemBytes[row] <= memory.limitBytes[row] || tasks.state[row] !== TASK_STATE.running) continue;
      recorder.open[OPEN.oomKills]++;
      evictPod(engine, row, nowMs, CHANGE.fail, EVICT_REASON.outOfMemory);
      useMemory(cluster, row, startBytes);
    }
}
