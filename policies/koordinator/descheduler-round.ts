/**
 * The nodes and pods of one descheduling round, and whether a pod fits a target.
 *
 * Usage columns of a round are working copies: fit checks and moves change them as the round goes on.
 */

import type { DeschedulerPod } from './descheduler-pod-order.ts';
import type { Amounts, LoadClass, NodeLimits, NodeLoad } from './node-usage-class.ts';

/** Names under which CPU, memory and the pod count appear in amounts. */
export const CPU_NAME = 'cpuMilli';
export const MEMORY_NAME = 'memoryBytes';
export const PODS_NAME = 'pods';

/** A node of the round. */
export interface BalanceNode {
  readonly name: string;
  /** Raw allocatable: not amplified. */
  readonly capacity: Amounts;
  readonly schedulable: boolean;
  readonly systemUsage: Amounts;
  /** Without a fresh report a node is neither source nor target. */
  readonly hasFreshReport: boolean;
}

/** A pod of the round. */
export interface BalancePod extends DeschedulerPod {
  /** Row of its node. */
  readonly node: number;
  readonly request: Amounts;
  /** Whether the evictor would take it (no daemon set, no critical or excluded pod). */
  readonly evictable: boolean;
  /** Rows of the nodes its selector, affinity and tolerations allow; absent: all. */
  readonly allowedNodes?: readonly number[];
}

/** A node with its sums, limits and class. */
export interface RoundNode extends NodeLoad {
  readonly row: number;
  readonly limits: NodeLimits;
  readonly requested: Amounts;
  readonly loadClass: LoadClass;
}

/** Usage, prod usage (with the pod counts) and requests of every node that has a fresh report. */
export function loadOfNodes(nodes: readonly BalanceNode[], pods: readonly BalancePod[], names: readonly string[]) {
  const rows = nodes.map((node, row) => ({
    row,
    capacity: node.capacity,
    schedulable: node.schedulable,
    usage: Object.fromEntries(names.map((name) => [name, node.systemUsage[name] ?? 0])) as Record<string, number>,
    prodUsage: Object.fromEntries(names.map((name) => [name, 0])) as Record<string, number>,
    requested: {} as Record<string, number>,
  }));
  for (const load of rows) {
    load.usage[PODS_NAME] = 0;
    load.prodUsage[PODS_NAME] = 0;
  }
  for (const pod of pods) {
    const load = rows[pod.node];
    const isProd = pod.priorityClass === 'koord-prod';
    load.usage[PODS_NAME] += 1;
    if (isProd) load.prodUsage[PODS_NAME] += 1;
    for (const name of Object.keys(pod.request)) load.requested[name] = (load.requested[name] ?? 0) + pod.request[name];
    for (const name of names) {
      if (name === PODS_NAME) continue;
      const used = pod.usage?.[name] ?? 0;
      load.usage[name] += used;
      if (isProd) load.prodUsage[name] += used;
    }
  }
  return rows.filter((load) => nodes[load.row].hasFreshReport);
}

/** Sum over targets of what fits below the high limit. */
export function headroom(
  targets: readonly RoundNode[],
  names: readonly string[],
  prod: boolean,
): Record<string, number> {
  const available: Record<string, number> = {};
  for (const name of names) {
    available[name] = 0;
    for (const target of targets) {
      const limit = prod ? target.limits.prodHigh : target.limits.high;
      const usage = prod ? target.prodUsage : target.usage;
      available[name] += limit[name] - usage[name];
    }
  }
  return available;
}

/** First target that takes the pod by rules, free requests and measured usage; undefined when none does. */
export function fittingTarget(pod: BalancePod, targets: readonly RoundNode[], prod: boolean): RoundNode | undefined {
  return targets.find((target) => {
    if (pod.allowedNodes !== undefined && !pod.allowedNodes.includes(target.row)) return false;
    if (!target.schedulable) return false;
    for (const name of Object.keys(pod.request)) {
      const free = (target.capacity[name] ?? 0) - (target.requested[name] ?? 0);
      if (pod.request[name] > 0 && pod.request[name] > free) return false;
    }
    const limit = prod ? target.limits.prodHigh : target.limits.high;
    const usage = prod ? target.prodUsage : target.usage;
    return Object.keys(limit).every((name) => usage[name] + (pod.usage?.[name] ?? 0) <= limit[name]);
  });
}

/** Counts the pod's usage on the target. */
export function reserve(pod: BalancePod, target: RoundNode, names: readonly string[], prod: boolean): void {
  const usage = prod ? target.prodUsage : target.usage;
  for (const name of names) usage[name] += pod.usage?.[name] ?? 0;
}

/** What a source uses above its limits, by name. */
export function excessOf(source: RoundNode, prod: boolean): Amounts {
  const usage = prod ? source.prodUsage : source.usage;
  const limit = prod ? source.limits.prodHigh : source.limits.high;
  const excess: Record<string, number> = {};
  for (const name of Object.keys(limit)) if (usage[name] > limit[name]) excess[name] = usage[name] - limit[name];
  return excess;
}
