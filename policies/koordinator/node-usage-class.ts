/**
 * Sorts nodes into over-used, under-used and neither, by measured usage against low and high thresholds.
 *
 * Two scales are looked at: everything on the node, and its prod pods alone.
 */

import { clamp } from '../base/int-math.ts';

/** Amounts by resource name, in the integer unit of the resource (milli-CPU, bytes, pods, devices). */
export type Amounts = Readonly<Record<string, number>>;

/** Percent by resource name. */
export type PercentByName = Readonly<Record<string, number>>;

/** Thresholds as configured; each map may name other resources. */
export interface LoadThresholds {
  readonly low?: PercentByName;
  readonly high?: PercentByName;
  readonly prodLow?: PercentByName;
  readonly prodHigh?: PercentByName;
  /** Thresholds are distances from the mean of all nodes instead of absolute percentages. */
  readonly useDeviation: boolean;
}

/** Thresholds after names have been made the same in all four maps. */
export interface ResolvedThresholds {
  readonly names: readonly string[];
  readonly low: PercentByName;
  readonly high: PercentByName;
  readonly prodLow: PercentByName;
  readonly prodHigh: PercentByName;
  readonly useDeviation: boolean;
}

function resolvePair(
  names: readonly string[],
  low: PercentByName,
  high: PercentByName,
  unlimited: number,
): { low: PercentByName; high: PercentByName } {
  const outLow: Record<string, number> = {};
  const outHigh: Record<string, number> = {};
  for (const name of names) {
    const isNamed = low[name] !== undefined;
    outLow[name] = isNamed ? low[name] : unlimited;
    // A name in `high` alone is overwritten; a name in `low` alone leaves high at 0, so such a node is always over.
    outHigh[name] = isNamed ? (high[name] ?? 0) : unlimited;
  }
  return { low: outLow, high: outHigh };
}

/**
 * Gives every threshold map the same names: those of all maps, and `memory`.
 *
 * A name missing from low means no limit: 100 % (deviation mode: 0, which stands for "whole capacity").
 * Source: Koordinator descheduler, LowNodeLoad newThresholds.
 */
export function resolveThresholds(thresholds: LoadThresholds, memoryName: string): ResolvedThresholds {
  const { low = {}, high = {}, prodLow = {}, prodHigh = {}, useDeviation } = thresholds;
  const names = [
    ...new Set([low, high, prodLow, prodHigh].flatMap((map) => Object.keys(map)).concat(memoryName)),
  ].sort();
  const unlimited = useDeviation ? 0 : 100;
  const node = resolvePair(names, low, high, unlimited);
  const prod = resolvePair(names, prodLow, prodHigh, unlimited);
  return { names, low: node.low, high: node.high, prodLow: prod.low, prodHigh: prod.high, useDeviation };
}

/** Usage of one node; `usage` holds every threshold name and `pods`. */
export interface NodeLoad {
  readonly capacity: Amounts;
  readonly usage: Record<string, number>;
  readonly prodUsage: Record<string, number>;
  readonly schedulable: boolean;
}

/** Limits of one node in amounts. */
export interface NodeLimits {
  readonly low: Amounts;
  readonly high: Amounts;
  readonly prodLow: Amounts;
  readonly prodHigh: Amounts;
}

/** Mean over all nodes of usage in percent of capacity; a node without capacity adds 0 but counts. */
export function averagePercent(nodes: readonly NodeLoad[], usageOf: (node: NodeLoad) => Amounts): PercentByName {
  const sums: Record<string, number> = {};
  for (const node of nodes) {
    const usage = usageOf(node);
    for (const name of Object.keys(usage)) {
      const capacity = node.capacity[name] ?? 0;
      if (capacity !== 0) sums[name] = (sums[name] ?? 0) + (usage[name] / capacity) * 100;
    }
  }
  for (const name of Object.keys(sums)) sums[name] /= nodes.length;
  return sums;
}

/** Usage in percent of capacity, for every name that has a capacity. */
export function usagePercent(usage: Amounts, capacity: Amounts): PercentByName {
  const percent: Record<string, number> = {};
  for (const name of Object.keys(usage)) {
    const total = capacity[name] ?? 0;
    if (total !== 0) percent[name] = (100 * usage[name]) / total;
  }
  return percent;
}

/** Limit of one resource: trunc(percent x 0.01 x capacity), in that order, as upstream rounds. */
export function percentOfCapacity(percent: number, capacity: number): number {
  return Math.trunc(percent * 0.01 * capacity);
}

/**
 * Limits of every node.
 *
 *   absolute   limit = trunc(percent x 0.01 x capacity)
 *   deviation  low = clamp(mean - low, 0, 100), high = clamp(mean + high, 0, 100); a low of 0 makes both the capacity
 *
 * Source: Koordinator descheduler, LowNodeLoad getNodeThresholds.
 */
export function nodeLimits(nodes: readonly NodeLoad[], thresholds: ResolvedThresholds): NodeLimits[] {
  const { names, useDeviation } = thresholds;
  const mean = useDeviation ? averagePercent(nodes, (node) => node.usage) : {};
  const prodMean = useDeviation ? averagePercent(nodes, (node) => node.prodUsage) : {};
  const limitsOf = (
    capacity: Amounts,
    low: PercentByName,
    high: PercentByName,
    average: PercentByName,
  ): readonly [Amounts, Amounts] => {
    const lowLimit: Record<string, number> = {};
    const highLimit: Record<string, number> = {};
    for (const name of names) {
      const total = capacity[name] ?? 0;
      if (!useDeviation) {
        lowLimit[name] = percentOfCapacity(low[name], total);
        highLimit[name] = percentOfCapacity(high[name], total);
      } else if (low[name] === 0) {
        lowLimit[name] = total;
        highLimit[name] = total;
      } else {
        lowLimit[name] = percentOfCapacity(clamp((average[name] ?? 0) - low[name], 0, 100), total);
        highLimit[name] = percentOfCapacity(clamp((average[name] ?? 0) + high[name], 0, 100), total);
      }
    }
    return [lowLimit, highLimit];
  };
  return nodes.map((node) => {
    const [low, high] = limitsOf(node.capacity, thresholds.low, thresholds.high, mean);
    const [prodLow, prodHigh] = limitsOf(node.capacity, thresholds.prodLow, thresholds.prodHigh, prodMean);
    return { low, high, prodLow, prodHigh };
  });
}

/** Whether at least one resource is above its limit. */
export function isAbove(usage: Amounts, limit: Amounts): boolean {
  for (const name of Object.keys(limit)) if ((usage[name] ?? 0) > limit[name]) return true;
  return false;
}

/** Where a node stands; `normal` is neither source nor target. */
export type LoadClass = 'low' | 'bothLow' | 'high' | 'prodHigh' | 'prodLow' | 'normal';

/**
 * Class of one node.
 *
 *   all usage <= low, and schedulable : prod over -> prodHigh ; prod under -> bothLow ; else low
 *   else any usage > high             : high
 *   else                              : prod over -> prodHigh ; prod under -> prodLow ; else normal
 *
 * Source: Koordinator descheduler, LowNodeLoad classifyNodes.
 */
export function classifyLoad(node: NodeLoad, limits: NodeLimits): LoadClass {
  const isProdOver = isAbove(node.prodUsage, limits.prodHigh);
  const isProdUnder = node.schedulable && !isAbove(node.prodUsage, limits.prodLow);
  if (node.schedulable && !isAbove(node.usage, limits.low))
    return isProdOver ? 'prodHigh' : isProdUnder ? 'bothLow' : 'low';
  if (isAbove(node.usage, limits.high)) return 'high';
  return isProdOver ? 'prodHigh' : isProdUnder ? 'prodLow' : 'normal';
}

/**
 * How used a node is, 0..1000: weighted mean of min(usage, capacity) x 1000 / capacity, integer division.
 *
 * Every name of `usage` counts with its weight, 0 when it has none. Source: Koordinator descheduler, ResourceUsageScorer.
 */
export function nodeUsageScore(usage: Amounts, capacity: Amounts, weights: Amounts): number {
  let sum = 0;
  let weightSum = 0;
  for (const name of Object.keys(usage)) {
    const weight = weights[name] ?? 0;
    const total = capacity[name] ?? 0;
    sum += total === 0 ? 0 : Math.trunc((Math.min(usage[name], total) * 1000) / total) * weight;
    weightSum += weight;
  }
  return weightSum === 0 ? 0 : Math.trunc(sum / weightSum);
}
