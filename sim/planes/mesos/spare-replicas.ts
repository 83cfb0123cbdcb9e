/**
 * Replicas beyond the number that the engine wants: a partition-aware Marathon launches another for one that it cannot reach, and the old
 * one runs on there. When both are heard, one is too many and is killed for good instead of waiting for a new place.
 *
 * Approximation: a service has room for two rows a replica. Where more copies than that run on agents that are not heard, the oldest of
 * them stops to count when the next is launched.
 */
import { EVICT_REASON } from '../../../policies/ports.ts';
import type { MesosRun } from './mesos-run.ts';

/** Rows of a service that are in use, wherever they are. */
function replicasOf({ s, setup }: MesosRun, service: number): number {
  const { tasks } = setup.context.cluster;
  let count = 0;
  for (let row = 0; row < tasks.firstBestEffort; row++)
    if (tasks.group[row] === service && s.member[row] === 1) count++;
  return count;
}

/** Whether a service has more replicas than are wanted. */
export function hasSurplus(run: MesosRun, service: number): boolean {
  return replicasOf(run, service) > run.s.wanted[service];
}

/** A row for a replica that takes the place of one that cannot be reached; -1 when there is none to take the place of. */
export function launchBeside(run: MesosRun, service: number, nowMs: number): number {
  const { s, setup } = run;
  const { tasks } = setup.context.cluster;
  let unreachable = -1;
  for (let row = 0; row < tasks.firstBestEffort; row++) {
    if (tasks.group[row] !== service || s.taskOfRow[row] < 0 || s.silent.get(tasks.host[row])?.lost !== true) continue;
    if (unreachable < 0 || tasks.startedAtMs[row] < tasks.startedAtMs[unreachable]) unreachable = row;
  }
  if (unreachable < 0) return -1;
  const spare = setup.context.addReplica?.(service, nowMs) ?? -1;
  if (spare >= 0) {
    s.member[spare] = 1;
    s.tally.besides++;
    return spare;
  }
  setup.context.evict(unreachable, nowMs, EVICT_REASON.drained);
  s.waitingOf[service].delete(unreachable);
  return unreachable;
}

/** Takes a replica too many away. */
export function takeAway(run: MesosRun, row: number, nowMs: number): void {
  run.s.member[row] = 0;
  run.s.tally.surplus++;
  run.setup.context.removeReplica?.(row, nowMs);
}
