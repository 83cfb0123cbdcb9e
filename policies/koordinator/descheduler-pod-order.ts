/**
 * Which pod of an over-used node the descheduler moves first.
 *
 * A chain of comparisons from "whose is it" to "how well does it fit the excess"; what still ties is kept in the order
 * given (upstream's sort is unstable there).
 */

import type { Amounts } from './node-usage-class.ts';
import type { KubernetesQos, PriorityClass, QosClass } from './priority-class.ts';

/** What the order looks at. */
export interface DeschedulerPod {
  readonly name: string;
  /** Defaults applied. */
  readonly priorityClass: PriorityClass;
  readonly priorityValue: number;
  readonly kubernetesQos: KubernetesQos;
  /** Defaults applied. */
  readonly koordinatorQos: QosClass;
  readonly deletionCost: number;
  readonly evictionCost: number;
  readonly createdAtMs: number;
  /** Measured usage; absent without a metric. */
  readonly usage?: Amounts;
}

const PRIORITY_CLASS_ORDER: Readonly<Record<PriorityClass, number>> = {
  'koord-free': 1,
  'koord-batch': 2,
  'koord-mid': 3,
  'koord-prod': 4,
  '': 5,
};
const KUBERNETES_QOS_ORDER: Readonly<Record<KubernetesQos, number>> = { BestEffort: 1, Burstable: 2, Guaranteed: 3 };
const KOORDINATOR_QOS_ORDER: Readonly<Record<QosClass, number>> = { BE: 1, LS: 2, LSR: 3, LSE: 4, SYSTEM: 4, '': 5 };

/**
 * How well a pod covers the excess: 0..2, higher is moved first.
 *
 *   x = usage / excess ; s = x >= 1 ? 1/x + 1 : x ; weighted mean over the resources of the pod
 *
 * A pod that just covers the excess scores 2, an oversized one less, and a small one its share of the excess. Only
 * resources in excess carry weight. Source: Koordinator descheduler, ResourceUsageScorerPod.
 */
export function excessCoverScore(usage: Amounts, excess: Amounts, weights: Amounts): number {
  let sum = 0;
  let weightSum = 0;
  for (const name of Object.keys(usage)) {
    const over = excess[name] ?? 0;
    const weight = excess[name] === undefined ? 0 : (weights[name] ?? 0);
    if (over !== 0) {
      const ratio = usage[name] / over;
      sum += (ratio >= 1 ? 1 / ratio + 1 : ratio) * weight;
    }
    weightSum += weight;
  }
  return weightSum === 0 ? 0 : sum / weightSum;
}

/** Negative when `a` is moved before `b`, 0 when they tie; see the order in deschedulerPodOrder. */
export function compareDeschedulerPods(
  a: DeschedulerPod,
  b: DeschedulerPod,
  excess: Amounts,
  weights: Amounts,
): number {
  const byClass =
    PRIORITY_CLASS_ORDER[a.priorityClass] - PRIORITY_CLASS_ORDER[b.priorityClass] ||
    a.priorityValue - b.priorityValue ||
    KUBERNETES_QOS_ORDER[a.kubernetesQos] - KUBERNETES_QOS_ORDER[b.kubernetesQos] ||
    KOORDINATOR_QOS_ORDER[a.koordinatorQos] - KOORDINATOR_QOS_ORDER[b.koordinatorQos] ||
    a.deletionCost - b.deletionCost ||
    a.evictionCost - b.evictionCost;
  if (byClass !== 0) return byClass;
  const byUsage = compareUsage(a.usage, b.usage, excess, weights);
  return byUsage !== 0 ? byUsage : b.createdAtMs - a.createdAtMs;
}

function compareUsage(a: Amounts | undefined, b: Amounts | undefined, excess: Amounts, weights: Amounts): number {
  if (a === undefined || b === undefined) return (a === undefined ? 1 : 0) - (b === undefined ? 1 : 0);
  return excessCoverScore(b, excess, weights) - excessCoverScore(a, excess, weights);
}

/**
 * Pods in the order in which they are moved.
 *
 * Priority class (free, batch, mid, prod, none), priority value, Kubernetes QoS (BestEffort first), Koordinator QoS (BE
 * first), deletion cost, eviction cost, cover of the excess (best first, without a metric last), newest first.
 * Source: Koordinator descheduler, utils/sorter.
 */
export function deschedulerPodOrder<Pod extends DeschedulerPod>(
  pods: readonly Pod[],
  excess: Amounts,
  weights: Amounts,
): Pod[] {
  return [...pods].sort((a, b) => compareDeschedulerPods(a, b, excess, weights));
}
