/**
 * Koordinator's LowNodeLoad descheduler: moves pods away from over-used nodes while under-used nodes can take them.
 *
 * A round classifies nodes (node-usage-class.ts), waits until an overload lasts (anomaly-detector.ts), then walks the hot
 * nodes, most used first, and their pods in a fixed order (descheduler-pod-order.ts). Stage 1 looks at everything on a
 * node, stage 2 at prod pods alone.
 */

import {
  type AnomalyCondition,
  type AnomalyDetectors,
  DEFAULT_ANOMALY_CONDITION,
  markAbnormal,
  markNormal,
  resetDetector,
} from './anomaly-detector.ts';
import { deschedulerPodOrder } from './descheduler-pod-order.ts';
import {
  type BalanceNode,
  type BalancePod,
  CPU_NAME,
  excessOf,
  fittingTarget,
  headroom,
  loadOfNodes,
  MEMORY_NAME,
  PODS_NAME,
  type RoundNode,
  reserve,
} from './descheduler-round.ts';
import {
  type Amounts,
  classifyLoad,
  isAbove,
  type LoadClass,
  type LoadThresholds,
  nodeLimits,
  nodeUsageScore,
  resolveThresholds,
} from './node-usage-class.ts';

/** Configuration of a round. */
export interface LowNodeLoadConfig {
  readonly thresholds: LoadThresholds;
  /** Weights by resource name; names of thresholds, CPU and memory without a positive weight get 1. */
  readonly resourceWeights: Amounts;
  readonly nodeFit: boolean;
  /** Nothing is moved unless more nodes than this are under-used. */
  readonly numberOfNodes: number;
  readonly anomaly: AnomalyCondition;
  readonly maxEvictionTotal: number;
  readonly maxEvictionPerNode: number;
  /** K16: the fit check reserves a target's capacity for pods in list order, moved or not. Off: when a pod is moved. */
  readonly nodeFitReservesInListOrder: boolean;
}

/** Production's configuration; thresholds have no default. */
export const DEFAULT_LOW_NODE_LOAD_CONFIG: Omit<LowNodeLoadConfig, 'thresholds'> = {
  resourceWeights: {},
  nodeFit: true,
  numberOfNodes: 0,
  anomaly: DEFAULT_ANOMALY_CONDITION,
  maxEvictionTotal: Number.POSITIVE_INFINITY,
  maxEvictionPerNode: Number.POSITIVE_INFINITY,
  nodeFitReservesInListOrder: true,
};

/** A pod that is moved, and the stage that chose it. */
export interface BalanceEviction {
  readonly pod: number;
  readonly stage: 'node' | 'prod';
}

/** Memory of the descheduler between rounds, one row a node. */
export interface LowNodeLoadState {
  readonly node: AnomalyDetectors;
  readonly prod: AnomalyDetectors;
}

interface Round {
  readonly pods: readonly BalancePod[];
  readonly names: readonly string[];
  readonly config: LowNodeLoadConfig;
  readonly weights: Amounts;
  readonly evictions: BalanceEviction[];
  readonly evictedPerNode: Map<number, number>;
  /** Rows of the pods of every source node, in list order. */
  readonly podsOfSource: ReadonlyMap<number, readonly number[]>;
}

function weightsWithDefaults(config: LowNodeLoadConfig): Amounts {
  const { low = {}, high = {}, prodLow = {}, prodHigh = {} } = config.thresholds;
  const weights: Record<string, number> = { ...config.resourceWeights };
  const known = [low, high, prodLow, prodHigh].flatMap((map) => Object.keys(map));
  for (const name of [CPU_NAME, MEMORY_NAME, ...known]) if (!(weights[name] > 0)) weights[name] = 1;
  return weights;
}

/** Rows of the pods of `source` that may go; with quirk K16 each of them takes its place on a target right here. */
function removablePods(round: Round, source: RoundNode, targets: readonly RoundNode[], prod: boolean): number[] {
  const { pods, names, config } = round;
  const rows: number[] = [];
  for (const row of round.podsOfSource.get(source.row) ?? []) {
    const pod = pods[row];
    if (!pod.evictable || (prod && pod.priorityClass !== 'koord-prod')) continue;
    if (config.nodeFit) {
      const target = pod.usage === undefined ? undefined : fittingTarget(pod, targets, prod);
      if (target === undefined) continue;
      if (config.nodeFitReservesInListOrder) reserve(pod, target, names, prod);
    }
    rows.push(row);
  }
  return rows;
}

function mayEvict(round: Round, node: number): boolean {
  const { evictions, evictedPerNode, config } = round;
  return evictions.length < config.maxEvictionTotal && (evictedPerNode.get(node) ?? 0) < config.maxEvictionPerNode;
}

function balanceStage(
  round: Round,
  sources: readonly RoundNode[],
  targets: readonly RoundNode[],
  available: Record<string, number>,
  detectors: AnomalyDetectors,
  prod: boolean,
): void {
  if (targets.length === 0) return;
  const { pods, names, config, weights, evictions, evictedPerNode } = round;
  const usageOf = (node: RoundNode): Record<string, number> => (prod ? node.prodUsage : node.usage);
  const score = (node: RoundNode): number => nodeUsageScore(usageOf(node), node.capacity, weights);
  const hottestFirst = [...sources].sort((a, b) => score(b) - score(a));
  for (const source of hottestFirst) {
    const candidates = removablePods(round, source, targets, prod).map((row) => ({ ...pods[row], row }));
    for (const pod of deschedulerPodOrder(candidates, excessOf(source, prod), weights)) {
      if (!isAbove(usageOf(source), prod ? source.limits.prodHigh : source.limits.high)) {
        resetDetector(detectors, source.row);
        break;
      }
      if (names.some((name) => available[name] <= 0)) break;
      if (!mayEvict(round, source.row)) continue;
      if (config.nodeFit && !config.nodeFitReservesInListOrder) {
        const target = fittingTarget(pod, targets, prod);
        if (target === undefined) continue;
        reserve(pod, target, names, prod);
      }
      evictions.push({ pod: pod.row, stage: prod ? 'prod' : 'node' });
      evictedPerNode.set(source.row, (evictedPerNode.get(source.row) ?? 0) + 1);
      if (pod.usage === undefined) continue;
      for (const name of names) {
        const amount = name === PODS_NAME ? 1 : (pod.usage[name] ?? 0);
        available[name] -= amount;
        source.usage[name] -= amount;
        if (prod) source.prodUsage[name] -= amount;
      }
    }
  }
}

/**
 * One round: the pods to move, in order.
 *
 * Nothing happens without an over-used node, with no more under-used nodes than `numberOfNodes`, or when all nodes are
 * under-used. Stage 1 may move as much as fits below the high limits of the targets; stage 2 as much as fits below their
 * prod limits, where nodes low on both scales also keep what stage 1 left.
 * `state` is updated. Source: Koordinator descheduler, LowNodeLoad Balance.
 */
export function balanceLowNodeLoad(
  nodes: readonly BalanceNode[],
  pods: readonly BalancePod[],
  state: LowNodeLoadState,
  nowMs: number,
  config: LowNodeLoadConfig,
): readonly BalanceEviction[] {
  const thresholds = resolveThresholds(config.thresholds, MEMORY_NAME);
  const { names } = thresholds;
  const loads = loadOfNodes(nodes, pods, names);
  const limits = nodeLimits(loads, thresholds);
  const roundNodes: RoundNode[] = loads.map((load, i) => ({
    ...load,
    limits: limits[i],
    loadClass: classifyLoad(load, limits[i]),
  }));
  const ofClass = (wanted: LoadClass): RoundNode[] => roundNodes.filter((node) => node.loadClass === wanted);
  const [low, bothLow, prodLow] = [ofClass('low'), ofClass('bothLow'), ofClass('prodLow')];
  for (const node of [...low, ...bothLow]) resetDetector(state.node, node.row);
  for (const node of [...prodLow, ...bothLow]) resetDetector(state.prod, node.row);

  const [high, prodHigh] = [ofClass('high'), ofClass('prodHigh')];
  const lowCount = low.length + bothLow.length + prodLow.length;
  if (high.length + prodHigh.length === 0) return [];
  if (lowCount === 0 || lowCount <= config.numberOfNodes || lowCount === nodes.length) return [];

  const hot = high.filter((node) => markAbnormal(state.node, node.row, nowMs, config.anomaly));
  const prodHot = prodHigh.filter((node) => markAbnormal(state.prod, node.row, nowMs, config.anomaly));
  const podsOfSource = new Map<number, number[]>([...hot, ...prodHot].map((node) => [node.row, []]));
  pods.forEach((pod, row) => {
    podsOfSource.get(pod.node)?.push(row);
  });
  const round: Round = {
    pods,
    names,
    config,
    weights: weightsWithDefaults(config),
    evictions: [],
    evictedPerNode: new Map(),
    podsOfSource,
  };
  const bothAvailable = headroom(bothLow, names, false);
  const prodBothAvailable = headroom(bothLow, names, true);
  const prodAvailable = headroom(prodLow, names, true);
  const available = headroom([...low, ...bothLow], names, false);
  balanceStage(round, hot, [...low, ...bothLow], available, state.node, false);
  for (const name of names)
    prodAvailable[name] += Math.min(prodBothAvailable[name], bothAvailable[name], available[name]);
  balanceStage(round, prodHot, [...prodLow, ...bothLow], prodAvailable, state.prod, true);
  for (const node of hot) markNormal(state.node, node.row, nowMs, config.anomaly);
  for (const node of prodHot) markNormal(state.prod, node.row, nowMs, config.anomaly);
  return round.evictions;
}
