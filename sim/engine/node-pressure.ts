/**
 * The kubelet's eviction for memory: where less than `cluster.evictionHardMemory` is available, or less than `evictionSoftMemory` has been for its grace
 * period, pods go one after another until it is.
 *
 *   available = min(memory - used, allocatable - used by pods),  used without page cache, allocatable = memory - reservation
 *
 * Order of upstream (rankMemoryPressure): who uses more than it requests first, then lower priority, then more use above request. Batch, mid and free
 * pods request no native memory, so they all use more than that. One pod every 10 s (evictionMonitoringPeriod), as many as a window has. Under Mesos
 * and YARN no agent does this: their hosts only know the kernel's killer. The grace period is looked at as a window begins, so a soft eviction is up to a window late; the
 * condition MemoryPressure, which keeps new best effort off for five minutes, is not modelled: evicted pods may come back.
 * Source: kubernetes/kubernetes pkg/kubelet/eviction/helpers.go (rankMemoryPressure: exceedMemoryRequests, priority, memory), pkg/kubelet/kubelet.go.
 */
import { BYTES_PER_MIB } from '../../policies/base/units.ts';
import { EVICT_REASON } from '../../policies/ports.ts';
import { taskRowsOnHost } from '../cluster/apply.ts';
import { TIER } from '../cluster/hosts.ts';
import { TASK_STATE } from '../cluster/tasks.ts';
import { EVICTION_HARD_MIB } from '../plan/cluster.ts';
import type { Engine } from './engine.ts';
import { evictTask } from './lifecycle.ts';

const MONITORING_MS = 10_000;

/** Evicts on every host that is short of memory in this window. */
export function evictUnderPressure(engine: Engine, nowMs: number): void {
  const { cluster, plan, memory } = engine;
  const { hosts } = cluster;
  const { evictionHardMemMib = EVICTION_HARD_MIB, evictionSoft } = plan.cluster;
  const hardBytes = evictionHardMemMib * BYTES_PER_MIB;
  const softBytes = evictionSoft === undefined ? 0 : evictionSoft.memMib * BYTES_PER_MIB;
  if (hardBytes + softBytes === 0 || plan.controlPlane.kind !== 'kubernetes') return;
  const turns = plan.windowMs >= MONITORING_MS ? Math.floor(plan.windowMs / MONITORING_MS) : 1;
  if (plan.windowMs < MONITORING_MS && nowMs % MONITORING_MS !== 0) return;
  for (let host = 0; host < hosts.count; host++) {
    if (hosts.up[host] === 0 || hosts.outages[host] > 0) continue;
    const available = availableBytes(engine, host);
    let thresholdBytes = hardBytes;
    if (evictionSoft !== undefined) {
      const since = memory.softSinceMs;
      if (available >= softBytes) since[host] = Number.POSITIVE_INFINITY;
      else if (since[host] === Number.POSITIVE_INFINITY) since[host] = nowMs;
      if (nowMs - since[host] >= evictionSoft.graceMs) thresholdBytes = softBytes;
    }
    if (thresholdBytes === 0 || available >= thresholdBytes) continue;
    const ranked = rank(engine, host);
    for (let turn = 0; turn < turns && turn < ranked.length; turn++) {
      if (availableBytes(engine, host) >= thresholdBytes) break;
      evictTask(engine, ranked[turn], nowMs, EVICT_REASON.nodePressure);
    }
  }
}

function availableBytes(engine: Engine, host: number): number {
  const { hosts } = engine.cluster;
  const pods = hosts.onlineMemBytes[host] + hosts.beMemBytes[host];
  const capacity = hosts.capacityMemBytes[host];
  return Math.min(capacity - pods - hosts.systemMemBytes[host], capacity - hosts.reservedMemBytes[host] - pods);
}

/** Running rows of a host, first victim first. Cold path: allocates. */
function rank(engine: Engine, host: number): readonly number[] {
  const { cluster, rows } = engine;
  const { tasks } = cluster;
  const n = taskRowsOnHost(cluster, host, rows);
  const found: number[] = [];
  for (let i = 0; i < n; i++) if (tasks.state[rows[i]] === TASK_STATE.running) found.push(rows[i]);
  for (let row = 0; row < tasks.firstBestEffort; row++)
    if (tasks.host[row] === host && tasks.state[row] === TASK_STATE.running) found.push(row);
  const above = (row: number) =>
    tasks.usedMemBytes[row] - (tasks.tier[row] === TIER.native ? tasks.requestMemBytes[row] : 0);
  return found.sort(
    (a, b) =>
      Number(above(b) > 0) - Number(above(a) > 0) ||
      tasks.priority[a] - tasks.priority[b] ||
      above(b) - above(a) ||
      a - b,
  );
}
