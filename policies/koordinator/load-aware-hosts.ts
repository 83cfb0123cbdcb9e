/**
 * LoadAware over the columns of all hosts: what the last reports say, what pods placed since will add, and the verdict on one
 * host for one pod. Row for row the same as filterByLoad and scoreByLoad, without an object on the way.
 *
 * Source: Koordinator scheduler, loadaware Filter and Score.
 */
import { fail } from '../base/assert.ts';
import { loadAwareRefuses, loadAwareScoreOne } from './load-aware.ts';
import type { AggregationChoice, LoadAwareConfig, ThresholdProfile } from './load-aware-plugin.ts';
import { mergeThresholds } from './load-aware-plugin.ts';

/** What a node's report is worth now. */
export const REPORT = { none: 0, fresh: 1, expired: 2 } as const;

/** Thresholds of a group of hosts as plain numbers, percent; 0 = the resource is not looked at. */
export interface HostProfile {
  readonly cpuPercent: number;
  readonly memPercent: number;
  /** Whether prod pods are held against prod usage. */
  readonly hasProd: boolean;
  readonly prodCpuPercent: number;
  readonly prodMemPercent: number;
  /** Index into `choices` of the aggregated usage that takes the place of the node's, -1 = none. */
  readonly choice: number;
  readonly aggregatedCpuPercent: number;
  readonly aggregatedMemPercent: number;
}

/** The columns; row a host. `aggregated...` are row-major choice x host, NaN where the report has no such window. */
export interface LoadAwareHosts {
  readonly config: LoadAwareConfig;
  readonly profiles: readonly HostProfile[];
  /** Aggregated usages that some threshold or the score asks for. */
  readonly choices: readonly AggregationChoice[];
  /** Index of the choice that is scored by, -1 = node usage. */
  readonly scoreChoice: number;
  readonly report: Uint8Array;
  readonly nodeMilliCpu: Float64Array;
  readonly nodeMemBytes: Float64Array;
  readonly systemMilliCpu: Float64Array;
  readonly systemMemBytes: Float64Array;
  readonly prodMilliCpu: Float64Array;
  readonly prodMemBytes: Float64Array;
  readonly aggregatedMilliCpu: Float64Array;
  readonly aggregatedMemBytes: Float64Array;
  /** What estimates add to reported usage: of all pods, and of prod pods. */
  readonly deltaMilliCpu: Float64Array;
  readonly deltaMemBytes: Float64Array;
  readonly prodDeltaMilliCpu: Float64Array;
  readonly prodDeltaMemBytes: Float64Array;
  /** Estimates of all pods on the host. */
  readonly estimatedMilliCpu: Float64Array;
  readonly estimatedMemBytes: Float64Array;
}

/** Empty columns for `count` hosts; `ownThresholds` are those of each group of hosts, undefined = the plugin's. */
export function createLoadAwareHosts(
  count: number,
  config: LoadAwareConfig,
  ownThresholds: readonly (ThresholdProfile | undefined)[],
): LoadAwareHosts {
  const choices: AggregationChoice[] = [];
  const choiceOf = (wanted: AggregationChoice | undefined): number => {
    if (wanted === undefined || wanted.type === '') return -1;
    const known = choices.findIndex((c) => c.type === wanted.type && c.durationMs === wanted.durationMs);
    return known >= 0 ? known : choices.push({ type: wanted.type, durationMs: wanted.durationMs }) - 1;
  };
  const profiles = ownThresholds.map((own) => profileOf(mergeThresholds(config.thresholds, own), choiceOf));
  const scoreChoice = choiceOf(config.scoreAggregation);
  const f = () => new Float64Array(count);
  return {
    config,
    profiles,
    choices,
    scoreChoice,
    report: new Uint8Array(count),
    nodeMilliCpu: f(),
    nodeMemBytes: f(),
    systemMilliCpu: f(),
    systemMemBytes: f(),
    prodMilliCpu: f(),
    prodMemBytes: f(),
    aggregatedMilliCpu: new Float64Array(count * choices.length).fill(Number.NaN),
    aggregatedMemBytes: new Float64Array(count * choices.length).fill(Number.NaN),
    deltaMilliCpu: f(),
    deltaMemBytes: f(),
    prodDeltaMilliCpu: f(),
    prodDeltaMemBytes: f(),
    estimatedMilliCpu: f(),
    estimatedMemBytes: f(),
  };
}

function profileOf(merged: ThresholdProfile, choiceOf: (wanted: AggregationChoice | undefined) => number): HostProfile {
  const { usage, prodUsage, aggregated } = merged;
  return {
    cpuPercent: usage?.cpuPercent ?? 0,
    memPercent: usage?.memPercent ?? 0,
    hasProd: prodUsage?.cpuPercent !== undefined || prodUsage?.memPercent !== undefined,
    prodCpuPercent: prodUsage?.cpuPercent ?? 0,
    prodMemPercent: prodUsage?.memPercent ?? 0,
    choice: choiceOf(aggregated),
    aggregatedCpuPercent: aggregated?.thresholds.cpuPercent ?? 0,
    aggregatedMemPercent: aggregated?.thresholds.memPercent ?? 0,
  };
}

/**
 * Usage of one resource on a host before the incoming pod is added; see estimateNodeUsed.
 *
 *   choice >= 0: aggregated + delta, without such a window the estimates of all pods (K14) ; -1: node usage + delta
 */
function nodeUsed(load: LoadAwareHosts, host: number, choice: number, isCpu: boolean): number {
  const node = isCpu ? load.nodeMilliCpu : load.nodeMemBytes;
  const delta = isCpu ? load.deltaMilliCpu : load.deltaMemBytes;
  if (choice < 0) return node[host] + delta[host];
  const measured = (isCpu ? load.aggregatedMilliCpu : load.aggregatedMemBytes)[choice * node.length + host];
  if (!Number.isNaN(measured)) return measured + delta[host];
  // Without a duration the longest window counts, and node usage where there is none.
  if (load.choices[choice].durationMs === 0 || !load.config.quirks.loadAwareFallsBackToEstimates)
    return node[host] + delta[host];
  return (isCpu ? load.estimatedMilliCpu : load.estimatedMemBytes)[host];
}

function prodUsed(load: LoadAwareHosts, host: number, isCpu: boolean): number {
  const system = load.config.prodUsageIncludesSystem ? (isCpu ? load.systemMilliCpu : load.systemMemBytes)[host] : 0;
  return isCpu
    ? load.prodMilliCpu[host] + system + load.prodDeltaMilliCpu[host]
    : load.prodMemBytes[host] + system + load.prodDeltaMemBytes[host];
}

/** Whether LoadAware keeps a pod with this estimate from a host. `profile` is the row of the host's group. */
export function loadAwareKeepsOff(
  load: LoadAwareHosts,
  profile: number,
  host: number,
  isProd: boolean,
  podMilliCpu: number,
  podMemBytes: number,
  allocatableMilliCpu: number,
  allocatableMemBytes: number,
): boolean {
  const p = load.profiles[profile] ?? fail(`host group ${profile} has no thresholds`);
  const prod = isProd && p.hasProd;
  const choice = prod ? -1 : p.choice;
  const cpuPercent = prod ? p.prodCpuPercent : choice >= 0 ? p.aggregatedCpuPercent : p.cpuPercent;
  const memPercent = prod ? p.prodMemPercent : choice >= 0 ? p.aggregatedMemPercent : p.memPercent;
  if (cpuPercent === 0 && memPercent === 0) return false;
  const state = load.report[host];
  if (state === REPORT.none) return false;
  if (state === REPORT.expired && load.config.filterExpiredReports) return !load.config.scheduleOnExpiredReports;
  const cpu = prod ? prodUsed(load, host, true) : nodeUsed(load, host, choice, true);
  const mem = prod ? prodUsed(load, host, false) : nodeUsed(load, host, choice, false);
  return (
    loadAwareRefuses(cpu + podMilliCpu, allocatableMilliCpu, cpuPercent) ||
    loadAwareRefuses(mem + podMemBytes, allocatableMemBytes, memPercent)
  );
}

/** Score of a host for a pod with this estimate, 0..100; 0 without a fresh report. */
export function loadAwareScoreOf(
  load: LoadAwareHosts,
  host: number,
  isProd: boolean,
  podMilliCpu: number,
  podMemBytes: number,
  allocatableMilliCpu: number,
  allocatableMemBytes: number,
): number {
  if (load.report[host] !== REPORT.fresh) return 0;
  const prod = isProd && load.config.scoreByProdUsage;
  const { cpuWeight, memWeight, dominantWeight } = load.config.weights;
  return loadAwareScoreOne(
    podMilliCpu + (prod ? prodUsed(load, host, true) : nodeUsed(load, host, load.scoreChoice, true)),
    allocatableMilliCpu,
    podMemBytes + (prod ? prodUsed(load, host, false) : nodeUsed(load, host, load.scoreChoice, false)),
    allocatableMemBytes,
    cpuWeight,
    memWeight,
    dominantWeight,
  );
}
