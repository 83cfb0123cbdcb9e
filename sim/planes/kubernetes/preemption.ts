/**
 * Room for a pod by evicting pods of lower priority on one host.
 *
 *   on a host   all that may go are taken away; where the pod fits then, they are put back one by one, the most important first, as long as it
 *               still fits: who is not put back is a victim
 *   the host    lowest priority of its most important victim, then the smallest sum of priorities (each counts 2^31 more, so fewer victims
 *               come first), then fewer victims, then the latest start among its most important victims, then the lowest number
 *   may go      for a service: pods of its tier below its priority. For best effort: pods of its own elastic quota below its priority, if they
 *               are preemptible, and the quota must admit the pod once they are gone.
 *
 * More important is the higher priority, then the earlier start, then the lower row. CPUs that victims own are free for a pod that wants its own.
 * Approximations: pods that ask for GPUs, and pods of gangs, push nobody out; NUMA zones of batch resources must have room before; what load-aware
 * scheduling refuses is refused, whoever goes, as upstream's metrics have it. Upstream also evicts where the quota does not admit the pod even
 * then; here such a host is no choice.
 * Source: kube-scheduler defaultpreemption (SelectVictimsOnNode, pickOneNodeForPreemption); Koordinator elasticquota/preempt.go.
 */
import type { Cluster } from '../../cluster/apply.ts';
import { cpusOf, NO_CPUS } from '../../cluster/cpusets.ts';
import { TIER } from '../../cluster/hosts.ts';
import { TASK_KIND, TASK_STATE } from '../../cluster/tasks.ts';
import { zonesFit } from '../../cluster/zones.ts';
import { cpusetFits } from './cpuset-placement.ts';
import { type PlacementView, refusedByLoad } from './placement.ts';
import { admitsWithout, isInSameQuota, type QuotaGate } from './quota-gate.ts';
import { sitsInReservation } from './reservation-claims.ts';

export interface Preemption {
  readonly host: number;
  /** Most important first. */
  readonly victims: readonly number[];
}

interface Choice extends Preemption {
  readonly top: number;
  readonly sum: number;
  readonly startedAtMs: number;
}

const FEWER_FIRST = 2_147_483_648;

/** The cheapest preemption that lets the pod in `row` fit, or null. Looks only at pods of the same tier. */
export function findPreemption(
  view: PlacementView,
  cluster: Cluster,
  row: number,
  gate: QuotaGate | null = null,
): Preemption | null {
  const { tasks, hosts } = cluster;
  const shape = tasks.podShape[row];
  let best: Choice | null = null;
  for (const [host, rows] of candidatesByHost(view, cluster, row, gate)) {
    if (hosts.up[host] === 0 || hosts.cordoned[host] === 1 || view.shapes.eligible[shape][host] === 0) continue;
    if (refusedByLoad(view, shape, host) || isFullOfReplicas(view, shape, host)) continue;
    const { requestMilliCpu, requestMemBytes, tier } = tasks;
    if (tier[row] === TIER.batch && !zonesFit(hosts.zones, host, requestMilliCpu[row], requestMemBytes[row])) continue;
    const victims = victimsOn(cluster, row, host, rows, gate);
    if (victims === null || victims.length === 0) continue;
    const choice = choiceOf(cluster, host, victims);
    if (best === null || isCheaper(choice, best)) best = choice;
  }
  return best;
}

/** Who of `rows`, most important first, cannot stay; null where the pod does not fit even without all of them. */
function victimsOn(
  cluster: Cluster,
  row: number,
  host: number,
  rows: readonly number[],
  gate: QuotaGate | null,
): readonly number[] | null {
  if (!fitsWithout(cluster, row, host, rows, gate)) return null;
  let gone = rows;
  for (const other of rows) {
    const rest = gone.filter((candidate) => candidate !== other);
    if (fitsWithout(cluster, row, host, rest, gate)) gone = rest;
  }
  return gone;
}

/** Whether the pod fits once these pods are gone. */
function fitsWithout(
  cluster: Cluster,
  row: number,
  host: number,
  gone: readonly number[],
  gate: QuotaGate | null,
): boolean {
  const { tasks, hosts } = cluster;
  const at = tasks.tier[row] * hosts.count + host;
  let cpu = hosts.soldMilliCpu[at] - hosts.allocatedMilliCpu[at] - hosts.heldMilliCpu[at] - tasks.requestMilliCpu[row];
  let mem = hosts.soldMemBytes[at] - hosts.allocatedMemBytes[at] - hosts.heldMemBytes[at] - tasks.requestMemBytes[row];
  for (const victim of gone) {
    cpu += tasks.requestMilliCpu[victim];
    mem += tasks.requestMemBytes[victim];
  }
  if (cpu < 0 || mem < 0) return false;
  const request = tasks.cpuRequest[row];
  if (request !== 0) {
    const freed = gone.flatMap((victim) =>
      tasks.cpuRequest[victim] === 0 ? NO_CPUS : cpusOf(hosts.cpus, host, victim),
    );
    if (!cpusetFits(hosts.cpus, request, host, freed)) return false;
  }
  return gate === null || admitsWithout(gate, cluster, row, gone);
}

function choiceOf({ tasks }: Cluster, host: number, victims: readonly number[]): Choice {
  const top = tasks.priority[victims[0]];
  const sum = victims.reduce((total, victim) => total + tasks.priority[victim] + FEWER_FIRST, 0);
  // The earliest start among the most important victims: upstream takes the host where that is latest.
  const startedAtMs = victims
    .filter((victim) => tasks.priority[victim] === top)
    .reduce((first, victim) => Math.min(first, tasks.startedAtMs[victim]), Number.POSITIVE_INFINITY);
  return { host, victims, top, sum, startedAtMs };
}

function isCheaper(a: Choice, b: Choice): boolean {
  if (a.top !== b.top) return a.top < b.top;
  if (a.sum !== b.sum) return a.sum < b.sum;
  if (a.victims.length !== b.victims.length) return a.victims.length < b.victims.length;
  if (a.startedAtMs !== b.startedAtMs) return a.startedAtMs > b.startedAtMs;
  return a.host < b.host;
}

/** Victims have lower priority, so they are never replicas of the same service: the bound on replicas stands. */
function isFullOfReplicas(view: PlacementView, shape: number, host: number): boolean {
  const { hosts, shapes } = view;
  const most = shapes.maxPerHost[shape];
  return most > 0 && view.replicasOnHost[shapes.service[shape] * hosts.count + host] >= most;
}

/** Rows that may go for `row`, by host, each list most important first. */
function candidatesByHost(
  view: PlacementView,
  cluster: Cluster,
  row: number,
  gate: QuotaGate | null,
): Map<number, number[]> {
  const { tasks } = cluster;
  const priority = tasks.priority[row];
  const tier = tasks.tier[row];
  const isService = tasks.kind[row] === TASK_KIND.online;
  const byHost = new Map<number, number[]>();
  for (let other = 0; other < tasks.used; other++) {
    const state = tasks.state[other];
    if (state !== TASK_STATE.bound && state !== TASK_STATE.running) continue;
    if (tasks.tier[other] !== tier || tasks.priority[other] >= priority) continue;
    if (!isService && (gate === null || !isInSameQuota(gate, cluster, row, other))) continue;
    if (view.reserved !== undefined && sitsInReservation(view.reserved, other)) continue;
    const list = byHost.get(tasks.host[other]);
    if (list === undefined) byHost.set(tasks.host[other], [other]);
    else list.push(other);
  }
  for (const list of byHost.values())
    list.sort((a, b) => tasks.priority[b] - tasks.priority[a] || tasks.startedAtMs[a] - tasks.startedAtMs[b] || a - b);
  return byHost;
}
