/**
 * Room for a pod by evicting pods of lower priority on one host.
 *
 * On each host the pods below the pending pod's priority are candidates, lowest priority first, later start first, until the pod
 * fits. The host is chosen as kube-scheduler does: lowest highest-victim priority, then smallest sum of victim priorities, then
 * fewest victims, then the lowest host number (upstream: latest start of the most important victim, then any).
 */
import type { Cluster } from '../../cluster/apply.ts';
import { TASK_STATE } from '../../cluster/tasks.ts';
import { type PlacementView, refusedByLoad } from './placement.ts';
import { sitsInReservation } from './reservation-claims.ts';

export interface Preemption {
  readonly host: number;
  readonly victims: readonly number[];
}

/** The cheapest preemption that lets the pod in `row` fit, or null. Looks only at pods of the same tier. */
export function findPreemption(view: PlacementView, cluster: Cluster, row: number): Preemption | null {
  const { tasks, hosts } = cluster;
  const { shapes } = view;
  const shape = tasks.podShape[row];
  const tier = tasks.tier[row];
  const candidates = lowerPriorityRowsByHost(view, cluster, row);
  let best: { host: number; victims: number[]; top: number; sum: number } | null = null;
  for (const [host, rows] of candidates) {
    if (hosts.up[host] === 0 || hosts.cordoned[host] === 1 || shapes.eligible[shape][host] === 0) continue;
    if (refusedByLoad(view, shape, host) || isFullOfReplicas(view, shape, host)) continue;
    const at = tier * hosts.count + host;
    let freeCpu =
      hosts.soldMilliCpu[at] - hosts.allocatedMilliCpu[at] - hosts.heldMilliCpu[at] - tasks.requestMilliCpu[row];
    let freeMem =
      hosts.soldMemBytes[at] - hosts.allocatedMemBytes[at] - hosts.heldMemBytes[at] - tasks.requestMemBytes[row];
    const victims: number[] = [];
    for (const victim of rows) {
      if (freeCpu >= 0 && freeMem >= 0) break;
      freeCpu += tasks.requestMilliCpu[victim];
      freeMem += tasks.requestMemBytes[victim];
      victims.push(victim);
    }
    if (freeCpu < 0 || freeMem < 0 || victims.length === 0) continue;
    const top = tasks.priority[victims[victims.length - 1]];
    const sum = victims.reduce((total, victim) => total + tasks.priority[victim], 0);
    if (best === null || isCheaper(top, sum, victims.length, host, best)) best = { host, victims, top, sum };
  }
  return best;
}

function isCheaper(
  top: number,
  sum: number,
  count: number,
  host: number,
  best: { host: number; victims: number[]; top: number; sum: number },
): boolean {
  if (top !== best.top) return top < best.top;
  if (sum !== best.sum) return sum < best.sum;
  if (count !== best.victims.length) return count < best.victims.length;
  return host < best.host;
}

/** Victims have lower priority, so they are never replicas of the same service: the bound on replicas stands. */
function isFullOfReplicas(view: PlacementView, shape: number, host: number): boolean {
  const { hosts, shapes } = view;
  const most = shapes.maxPerHost[shape];
  return most > 0 && view.replicasOnHost[shapes.service[shape] * hosts.count + host] >= most;
}

/** Rows below the priority of `row` in its tier, by host, each list lowest priority first, later start first, then higher row. */
function lowerPriorityRowsByHost(view: PlacementView, cluster: Cluster, row: number): Map<number, number[]> {
  const { tasks } = cluster;
  const priority = tasks.priority[row];
  const tier = tasks.tier[row];
  const byHost = new Map<number, number[]>();
  for (let other = 0; other < tasks.used; other++) {
    const state = tasks.state[other];
    if (state !== TASK_STATE.bound && state !== TASK_STATE.running) continue;
    if (tasks.tier[other] !== tier || tasks.priority[other] >= priority) continue;
    if (view.reserved !== undefined && sitsInReservation(view.reserved, other)) continue;
    const list = byHost.get(tasks.host[other]);
    if (list === undefined) byHost.set(tasks.host[other], [other]);
    else list.push(other);
  }
  for (const list of byHost.values())
    list.sort((a, b) => tasks.priority[a] - tasks.priority[b] || tasks.startedAtMs[b] - tasks.startedAtMs[a] || b - a);
  return byHost;
}
