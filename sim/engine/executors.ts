/**
 * Executors that a host starves: where best effort has had less than two CPUs, and less than a fifth (`starvedShare`) of what it requests, for the timeout of a
 * heartbeat, every running task of a population with heartbeats is lost there. Two CPUs alone would lose a single task that wants one and gets 0.9. It counts as a failure of the attempt, as Spark counts an executor that timed out.
 *
 * Looked at as a window begins, so a loss is up to a window late. Source: docs/performance-models.md 6; spark.network.timeout.
 */
import { EVICT_REASON } from '../../policies/ports.ts';
import { taskRowsOnHost } from '../cluster/apply.ts';
import { TASK_STATE } from '../cluster/tasks.ts';
import { isExecutorLost, isStarved } from '../host/best-effort.ts';
import type { Engine } from './engine.ts';
import type { Execution } from './execution.ts';
import { failTask } from './lifecycle.ts';
import { countBatch } from './recorder.ts';

/** Notes since when the split of this window leaves best effort of each host short of two CPUs. */
export function noteStarvedHosts(engine: Engine, { lowSinceMs }: Execution, nowMs: number): void {
  const { bestEffortMilliCpu } = engine.hostWindow;
  const { beRunningRequestMilliCpu } = engine.cluster.hosts;
  const { starvedShare } = engine.hostModel.parameters;
  for (let host = 0; host < lowSinceMs.length; host++) {
    const grant = bestEffortMilliCpu[host];
    if (grant >= 2000 || !isStarved(grant, beRunningRequestMilliCpu[host], starvedShare))
      lowSinceMs[host] = Number.POSITIVE_INFINITY;
    else if (lowSinceMs[host] === Number.POSITIVE_INFINITY) lowSinceMs[host] = nowMs;
  }
}

/** Loses the executors of hosts that were short for as long as heartbeats may be missed. */
export function loseStarvedExecutors(engine: Engine, execution: Execution, nowMs: number): void {
  const { cluster, rows, hostWindow, recorder } = engine;
  const { tasks } = cluster;
  const { lowSinceMs, executorTimeoutMs, ways } = execution;
  for (let host = 0; host < lowSinceMs.length; host++) {
    if (lowSinceMs[host] === Number.POSITIVE_INFINITY) continue;
    const grantCpus = hostWindow.bestEffortMilliCpu[host] / 1000;
    if (!isExecutorLost(grantCpus, (nowMs - lowSinceMs[host]) / 1000, executorTimeoutMs / 1000)) continue;
    lowSinceMs[host] = Number.POSITIVE_INFINITY;
    const n = taskRowsOnHost(cluster, host, rows);
    for (const row of rows.slice(0, n)) {
      if (tasks.state[row] !== TASK_STATE.running || ways[tasks.group[row]].heartbeats !== true) continue;
      countBatch(recorder, 'executorsLost', tasks.group[row], nowMs, 1);
      failTask(engine, row, nowMs, EVICT_REASON.executorLost);
    }
  }
}
