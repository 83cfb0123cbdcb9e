/**
 * The kernel's OOM killer on one host: whoever has the most points goes, until what is missing is free.
 *
 *   points = thousandths of the node's memory used + oom_score_adj
 *   oom_score_adj: 1000 for pods that only have extended resources (batch, mid, free), by request for native ones, -997 for pods
 *   whose CPU limit is their request (guaranteed)
 *
 * A best-effort task loses its attempt, which counts as a failure. A pod of a service restarts; here it goes back to the scheduler, while
 * a kubelet would restart its container in place: the difference is the placement, not the time without it.
 * Source: docs/performance-models.md 5; kubelet qos policy.
 */
import { EVICT_REASON } from '../../policies/ports.ts';
import { CHANGE, taskRowsOnHost } from '../cluster/apply.ts';
import { TIER } from '../cluster/hosts.ts';
import { TASK_KIND, TASK_STATE } from '../cluster/tasks.ts';
import { OOM_CLASS, type OomClass, oomOrder, oomPoints, oomScoreAdjust } from '../host/memory.ts';
import type { Engine } from './engine.ts';
import { evictPod, failTask } from './lifecycle.ts';
import { OPEN } from './recorder.ts';

/** Kills on every host that is out of memory in this window. Cold path: allocates. */
export function killOutOfMemory(engine: Engine, nowMs: number): void {
  const { memory, cluster } = engine;
  if (memory.hostCounts[1] === 0) return;
  for (let host = 0; host < cluster.hosts.count; host++) {
    const missing = memory.missingBytes[host];
    memory.missingBytes[host] = 0;
    if (missing > 0 && cluster.hosts.outages[host] === 0) killOn(engine, host, missing, nowMs);
  }
}

function killOn(engine: Engine, host: number, missingBytes: number, nowMs: number): void {
  const { cluster, rows, recorder } = engine;
  const { tasks, hosts } = cluster;
  const capacity = hosts.capacityMemBytes[host];
  const victims: number[] = [];
  const n = taskRowsOnHost(cluster, host, rows);
  for (let i = 0; i < n; i++) if (tasks.state[rows[i]] === TASK_STATE.running) victims.push(rows[i]);
  for (let row = 0; row < tasks.firstBestEffort; row++)
    if (tasks.host[row] === host && tasks.state[row] === TASK_STATE.running) victims.push(row);
  const points = victims.map((row) =>
    oomPoints(
      tasks.usedMemBytes[row],
      capacity,
      oomScoreAdjust(classOf(engine, row), tasks.requestMemBytes[row], capacity),
    ),
  );
  let freed = 0;
  for (const at of oomOrder(points, victims.length)) {
    if (freed >= missingBytes) break;
    const row = victims[at];
    freed += tasks.usedMemBytes[row];
    recorder.open[OPEN.oomKills]++;
    if (tasks.kind[row] === TASK_KIND.online) evictPod(engine, row, nowMs, CHANGE.fail, EVICT_REASON.outOfMemory);
    else failTask(engine, row, nowMs, EVICT_REASON.outOfMemory);
  }
}

/** How Kubernetes would class a row; a guaranteed pod is told by its CPU limit, because memory limits are not part of a scenario. */
function classOf(engine: Engine, row: number): OomClass {
  const { tasks } = engine.cluster;
  const { services } = engine.online;
  if (tasks.tier[row] !== TIER.native) return OOM_CLASS.bestEffort;
  if (tasks.kind[row] !== TASK_KIND.online) return OOM_CLASS.burstable;
  const s = tasks.group[row];
  return services.limitMilliCpu[s] === services.requestMilliCpu[s] ? OOM_CLASS.guaranteed : OOM_CLASS.burstable;
}
