/** Translates LowNodeLoad vectors (balance, anomaly, orders, usage percent) into policy calls and compares. */

import { firstDifference } from '../conformance.ts';
import {
  type AnomalyCondition,
  createAnomalyDetectors,
  DEFAULT_ANOMALY_CONDITION,
  markAbnormal,
} from './anomaly-detector.ts';
import { compareDeschedulerPods, type DeschedulerPod, deschedulerPodOrder } from './descheduler-pod-order.ts';
import type { BalancePod } from './descheduler-round.ts';
import { balanceLowNodeLoad } from './low-node-load.ts';
import { nodeUsageScore, type PercentByName, usagePercent } from './node-usage-class.ts';
import { type KubernetesQos, priorityClassWithDefault, qosClassWithDefault } from './priority-class.ts';
import {
  booleanOr,
  list,
  numberMap,
  numberOr,
  optionalNumber,
  record,
  textOr,
  unreadExpectation,
} from './vector-fields.ts';

type Fields = Readonly<Record<string, unknown>>;

const SUFFIX = 'Percent';
const AMOUNT_NAMES: Readonly<Record<string, string>> = { cpu: 'cpuMilli', memory: 'memoryBytes' };

/** `cpuPercent` -> `cpuMilli`, `memoryPercent` -> `memoryBytes`, `podsPercent` -> `pods`. */
function percents(value: unknown): PercentByName {
  const out: Record<string, number> = {};
  for (const [name, percent] of Object.entries(numberMap(value))) {
    const bare = name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : name;
    out[AMOUNT_NAMES[bare] ?? bare] = percent;
  }
  return out;
}

function kubernetesQosOf(stated: unknown): KubernetesQos {
  return stated === 'Guaranteed' || stated === 'Burstable' ? stated : 'BestEffort';
}

function podOf(pod: Fields): DeschedulerPod {
  const kubernetesQos = kubernetesQosOf(pod.kubernetesQoS);
  const classFields = {
    priorityClassLabel: textOr(pod.priorityClass, '') || undefined,
    priorityValue: optionalNumber(pod.priorityValue),
    qosLabel: textOr(pod.qosLabel, '') || undefined,
    kubernetesQos,
  };
  return {
    name: textOr(pod.name, ''),
    priorityClass: priorityClassWithDefault(classFields),
    priorityValue: numberOr(pod.priorityValue, 0),
    kubernetesQos,
    koordinatorQos: qosClassWithDefault(classFields),
    deletionCost: numberOr(pod.deletionCost, 0),
    evictionCost: numberOr(pod.evictionCost, 0),
    createdAtMs: numberOr(pod.createdAtSeconds, 0) * 1000,
    ...(pod.usage === null || pod.usage === undefined ? {} : { usage: numberMap(pod.usage) }),
  };
}

/** null is "no condition", which acts at once as 1 does; a missing field is upstream's default. */
function anomalyOf(input: Fields): AnomalyCondition {
  const { consecutiveAbnormalities: stated } = input;
  const fallback = stated === null ? 1 : DEFAULT_ANOMALY_CONDITION.consecutiveAbnormalities;
  return { ...DEFAULT_ANOMALY_CONDITION, consecutiveAbnormalities: numberOr(stated, fallback) };
}

export function checkBalance(input: Fields, expected: Fields): string {
  const nodes = list(input.nodes);
  const rowOf = new Map(nodes.map((node, row) => [textOr(node.name, ''), row]));
  const row = (name: unknown): number => {
    const found = rowOf.get(textOr(name, ''));
    if (found === undefined) throw new TypeError(`pod names unknown node ${JSON.stringify(name)}`);
    return found;
  };
  const placed = list(input.pods).filter((pod) => pod.node !== null && pod.node !== undefined);
  const pods = placed.map(
    (pod): BalancePod => ({
      ...podOf(pod),
      node: row(pod.node),
      request: numberMap(pod.request),
      evictable: booleanOr(pod.evictable, true),
      ...(Array.isArray(pod.nodesMatchingSelector)
        ? { allowedNodes: pod.nodesMatchingSelector.map((name: unknown) => rowOf.get(textOr(name, '')) ?? -1) }
        : {}),
    }),
  );
  const evictions = balanceLowNodeLoad(
    nodes.map((node) => ({
      name: textOr(node.name, ''),
      capacity: numberMap(node.rawAllocatable ?? node.allocatable),
      schedulable: !booleanOr(node.unschedulable, false),
      systemUsage: numberMap(node.systemUsage),
      hasFreshReport:
        booleanOr(node.hasMetric, true) &&
        numberOr(node.metricAgeSeconds, 0) < numberOr(input.nodeMetricExpirationSeconds, 180),
    })),
    pods,
    { node: createAnomalyDetectors(nodes.length), prod: createAnomalyDetectors(nodes.length) },
    0,
    {
      thresholds: {
        low: percents(input.lowThresholds),
        high: percents(input.highThresholds),
        prodLow: percents(input.prodLowThresholds),
        prodHigh: percents(input.prodHighThresholds),
        useDeviation: booleanOr(input.useDeviationThresholds, false),
      },
      resourceWeights: numberMap(input.resourceWeights),
      nodeFit: booleanOr(input.nodeFit, true),
      numberOfNodes: numberOr(input.numberOfNodes, 0),
      anomaly: anomalyOf(input),
      maxEvictionTotal: numberOr(input.maxEvictionTotal, Number.POSITIVE_INFINITY),
      maxEvictionPerNode: numberOr(input.maxEvictionPerNode, Number.POSITIVE_INFINITY),
      nodeFitReservesInListOrder: true,
    },
  );
  const got: Record<string, unknown> = {};
  if ('evictedCount' in expected) got.evictedCount = evictions.length;
  if ('evicted' in expected) got.evicted = evictions.map((eviction) => pods[eviction.pod].name);
  if ('evictedPods' in expected) got.evictedPods = evictions.map((eviction) => pods[eviction.pod].name);
  return firstDifference(expected, got);
}

export function checkAnomaly(input: Fields, expected: Fields): string {
  const detectors = createAnomalyDetectors(1);
  const condition = anomalyOf(input);
  for (let mark = 0; mark < numberOr(input.previousConsecutiveDetections, 0); mark++)
    markAbnormal(detectors, 0, 0, condition);
  return firstDifference(expected, { treatedAsAbnormal: markAbnormal(detectors, 0, 0, condition) });
}

export function checkNodeOrder(input: Fields, expected: Fields): string {
  const stated = numberMap(input.resourceWeights);
  const names = list(input.nodes).flatMap((node) => Object.keys(numberMap(node.usage)));
  // Without any weight every resource weighs 1; next to stated weights a resource without one weighs nothing.
  const weights = Object.keys(stated).length > 0 ? stated : Object.fromEntries(names.map((name) => [name, 1]));
  const scored = list(input.nodes).map((node) => ({
    name: textOr(node.name, ''),
    score: nodeUsageScore(numberMap(node.usage), numberMap(node.allocatable), weights),
  }));
  const sign = booleanOr(input.ascending, false) ? 1 : -1;
  scored.sort((a, b) => sign * (a.score - b.score));
  return firstDifference(expected, { order: scored.map((node) => node.name) });
}

export function checkPodOrder(input: Fields, expected: Fields): string {
  const excess = numberMap(input.overusedAmount);
  const weights = numberMap(input.resourceWeights);
  const pods = deschedulerPodOrder(list(input.pods).map(podOf), excess, weights);
  const groups: DeschedulerPod[][] = [];
  for (const pod of pods) {
    const last = groups.at(-1);
    if (last !== undefined && compareDeschedulerPods(last[0], pod, excess, weights) === 0) last.push(pod);
    else groups.push([pod]);
  }
  const unread = unreadExpectation(expected, ['orderGroups', 'order']);
  if (unread !== '') return unread;
  const namesOf = (group: readonly DeschedulerPod[]): string[] => group.map((pod) => pod.name).sort();
  const wanted = Array.isArray(expected.orderGroups)
    ? expected.orderGroups.map((group: unknown) => (Array.isArray(group) ? [...group].sort() : group))
    : [];
  if ('orderGroups' in expected) return firstDifference(wanted, groups.map(namesOf), 0, 'orderGroups');
  return firstDifference(
    expected.order,
    pods.map((pod) => pod.name),
    0,
    'order',
  );
}

/** Resource that the name of an expected percent speaks of: `cpuPercent`, `cpuMilli`, `floorMemoryPercent`, `example.com/foo`. */
function resourceNamed(name: string): string {
  if (/^(floor)?cpu/i.test(name)) return AMOUNT_NAMES.cpu;
  if (/^(floor)?mem/i.test(name)) return AMOUNT_NAMES.memory;
  return /^(floor)?pods/i.test(name) ? 'pods' : name.replace(/Percent(Floor)?$/, '');
}

export function checkUsagePercent(input: Fields, expected: Fields): string {
  const node = input.node === undefined ? input : record(input.node);
  const percent = usagePercent(numberMap(node.usage), numberMap(node.allocatable));
  const [group] = Object.values(expected);
  const stated = numberMap(typeof group === 'number' ? expected : record(group));
  const wanted = Object.fromEntries(Object.entries(stated).map(([name, value]) => [resourceNamed(name), value]));
  // Upstream's own test looks at whole percents, cut; percents with a fraction are compared as they are.
  const isWhole = Object.values(wanted).every(Number.isInteger);
  const comparedPercent = (name: string): number => (isWhole ? Math.floor(percent[name]) : percent[name]);
  const got = Object.fromEntries(Object.keys(wanted).map((name) => [name, comparedPercent(name)]));
  if (Object.keys(wanted).length === 0) return 'the case expects no percent';
  // Upstream multiplies both sides by 1000 before it divides: the last bit of the quotient may differ.
  return firstDifference(wanted, got, 1e-12);
}
