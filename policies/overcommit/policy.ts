/**
 * A predictor of machine peaks as a policy that sells: what is left below the line when every machine peaks as predicted.
 *
 *   batch-cpu    = max(0, capacity x line - P - max(system, reserved))          P rounded up, line 100 % by default
 *   batch-memory = Koordinator's batch formula, as batch-resource has it
 *
 * What a pod was promised (L) is its request. Pods are sampled every five minutes; a pod that ran in no window of a sample counts with
 * its request. Publishing follows batch-resource's write gate, and a host without a fresh report gets 0.
 */
import { ConfigError, fail } from '../base/assert.ts';
import { batchAllocatableOf, memoryPolicyCode, USAGE } from '../koordinator/batch-formula.ts';
import { batchMemBytesOf, isBatchWritten } from '../koordinator/batch-from-signals.ts';
import {
  DECISION,
  type Decisions,
  decide,
  type HostSignals,
  type PodSignals,
  type Policy,
  type PolicyConfig,
  type PolicyNeed,
  type PolicyState,
} from '../ports.ts';
import { type AutopilotConfig, createDecayedUsage, recordDecayedUsage } from './autopilot.ts';
import { createTypeRatios, recordTypeRatios } from './empirical-ratio.ts';
import { admitTask, createMachineHistory, type MachineHistory, recordUsage, removeTask } from './machine-history.ts';
import type { HistoryPart, MachinePeakPredictor } from './machine-peak.ts';
import { createTimeWindows, recordTimeWindows } from './time-window.ts';

/** Parameters every selling policy has beside those of its predictor. */
export const SELLING_DEFAULTS = {
  /** Highest share of the host that services at their peak and best effort may have together. */
  linePercent: 100,
  /** Samples a ring holds: two hours of five minutes. */
  windowSamples: 24,
  memoryReclaimThresholdPercent: 65,
  memoryCalculatePolicy: 'usage',
  updateTimeThresholdMs: 300_000,
  resourceDiffThreshold: 0.1,
  degradeMs: 900_000,
} as const;

const WORKLOAD_TYPES = 32;
const MS_PER_DAY = 86_400_000;

/** State of a selling policy: what its caller may read is the peak predicted last, one row a host. */
export interface SellingState extends PolicyState {
  readonly peakMilliCpu: Float64Array;
  history: MachineHistory | null;
  startedAtMs: Float64Array;
  sampleNumber: number;
  /** Number of the part of the day in which the last sample was taken, -1 = none yet. */
  dayPart: number;
}

/** Predicts P of every host from the samples seen so far and writes it to state.peakMilliCpu. */
export function predictPeaks<Config>(
  predictor: MachinePeakPredictor<Config>,
  signals: HostSignals,
  config: PolicyConfig,
  state: SellingState,
): void {
  const { pods } = signals;
  if (pods === undefined) fail(`${predictor.name} needs samples of single pods, and the signals carry none`);
  if (state.history === null) {
    state.history = historyFor(predictor.needs, signals.count, pods.count, config['windowSamples'] as number);
    state.startedAtMs = new Float64Array(pods.count).fill(-1);
  }
  const { history } = state;
  followPods(history, pods, state.startedAtMs);
  if (pods.sampleNumber !== state.sampleNumber) {
    if (pods.sampleNumber > 0) record(history, pods, signals.nowMs, config, state);
    state.sampleNumber = pods.sampleNumber;
  }
  // The future stays with its owner: a copy in the state would be stale once the run goes on.
  const { future } = pods;
  const view =
    future === undefined
      ? history
      : { ...history, future: { horizonSamples: future.horizonSamples, usageMilliCpu: future.usedMilliCpu } };
  predictor.predict(signals.count, view, config as Config, state.peakMilliCpu);
}

function historyFor(needs: readonly HistoryPart[], hosts: number, pods: number, windowSamples: number): MachineHistory {
  return createMachineHistory(hosts, pods, windowSamples, {
    ...(needs.includes('typeRatios') ? { typeRatios: createTypeRatios(WORKLOAD_TYPES) } : {}),
    ...(needs.includes('timeWindows') ? { timeWindows: createTimeWindows(pods) } : {}),
    ...(needs.includes('decayedUsage') ? { decayedUsage: createDecayedUsage(pods) } : {}),
  });
}

/** A pod that moved, or started anew, begins with an empty history. */
function followPods(history: MachineHistory, pods: PodSignals, startedAtMs: Float64Array): void {
  const { taskHost } = history;
  for (let row = 0; row < pods.count; row++) {
    const host = pods.host[row];
    if (taskHost[row] === host && (host < 0 || startedAtMs[row] === pods.startedAtMs[row])) {
      // A pod that was resized where it stands is promised something else from now on.
      if (host >= 0) history.taskLimitMilliCpu[row] = pods.requestMilliCpu[row];
      continue;
    }
    if (taskHost[row] >= 0) removeTask(history, row);
    if (host < 0) continue;
    admitTask(history, row, host, pods.requestMilliCpu[row], pods.type[row]);
    startedAtMs[row] = pods.startedAtMs[row];
  }
}

function record(
  history: MachineHistory,
  pods: PodSignals,
  nowMs: number,
  config: PolicyConfig,
  state: SellingState,
): void {
  const used = new Float64Array(pods.count);
  for (let row = 0; row < pods.count; row++)
    used[row] = pods.usedMilliCpu[row] >= 0 ? pods.usedMilliCpu[row] : pods.requestMilliCpu[row];
  if (history.typeRatios !== undefined) recordTypeRatios(history, used);
  if (history.decayedUsage !== undefined)
    recordDecayedUsage(history, nowMs, config as unknown as AutopilotConfig, used);
  if (history.timeWindows !== undefined) {
    // The sample lies in the part of the day in which it ended but for its last instant.
    const atMs = nowMs - 1;
    const dayPart = Math.floor((atMs * history.timeWindows.windowsPerDay) / MS_PER_DAY);
    recordTimeWindows(history, atMs, dayPart !== state.dayPart, used);
    state.dayPart = dayPart;
  }
  recordUsage(history, used);
}

/** The policy that sells below the peaks of one predictor. */
export function sellingPolicy<Config>(
  name: string,
  about: string,
  predictor: MachinePeakPredictor<Config>,
  ownDefaults: Partial<Record<keyof typeof SELLING_DEFAULTS, number>> = {},
): Policy {
  const defaults: PolicyConfig = Object.freeze({ ...SELLING_DEFAULTS, ...predictor.defaults, ...ownDefaults });
  const needs: readonly PolicyNeed[] = predictor.needs.includes('future')
    ? ['pod-samples', 'pod-future']
    : ['pod-samples'];
  return {
    name,
    about,
    moment: 'report',
    periodMs: 60_000,
    needs,
    sells: ['batch'],
    defaults,
    configure: (config) => configureSelling(name, defaults, config),
    createState: (hostCount): SellingState => ({
      peakMilliCpu: new Float64Array(hostCount),
      history: null,
      startedAtMs: new Float64Array(0),
      sampleNumber: 0,
      dayPart: -1,
    }),
    decide(signals, config, state, out) {
      const own = state as SellingState;
      predictPeaks(predictor, signals, config, own);
      sellBelowPeaks(signals, config, own.peakMilliCpu, out);
    },
  };
}

/** Complete configuration; ConfigError for an unknown name or a value that is no number of the right kind. */
function configureSelling(name: string, defaults: PolicyConfig, config: PolicyConfig): PolicyConfig {
  for (const key of Object.keys(config))
    if (!Object.hasOwn(defaults, key))
      throw new ConfigError(`policy ${name}: "${key}" is unknown; known: ${Object.keys(defaults).sort().join(', ')}`);
  const full: PolicyConfig = Object.fromEntries(
    Object.entries(defaults).map(([key, value]) => {
      const given = config[key];
      if (given === undefined) return [key, value];
      return [key, typeof value === 'object' && value !== null ? { ...value, ...(given as object) } : given];
    }),
  );
  for (const [key, value] of Object.entries(full)) {
    const expected = typeof defaults[key];
    if (typeof value !== expected || (expected === 'number' && !Number.isFinite(value)))
      throw new ConfigError(`policy ${name}: ${key} is ${JSON.stringify(value)}, expected a ${expected}`);
  }
  const samples = full['windowSamples'] as number;
  if (!Number.isInteger(samples) || samples < 1)
    throw new ConfigError(`policy ${name}: windowSamples is ${samples}; it is a whole number of 1 or more`);
  return full;
}

function sellBelowPeaks(signals: HostSignals, config: PolicyConfig, peakMilliCpu: Float64Array, out: Decisions): void {
  const line = config['linePercent'] as number;
  const memPercent = config['memoryReclaimThresholdPercent'] as number;
  const memPolicy = memoryPolicyCode(config['memoryCalculatePolicy'] as string);
  const updateAfterMs = config['updateTimeThresholdMs'] as number;
  const diffThreshold = config['resourceDiffThreshold'] as number;
  const degradeMs = config['degradeMs'] as number;
  for (let host = 0; host < signals.count; host++) {
    if (signals.up[host] === 0 || signals.sampledAtMs[host] < 0) continue;
    let cpu = 0;
    let mem = 0;
    if (signals.nowMs <= signals.sampledAtMs[host] + degradeMs) {
      const peak = Math.ceil(peakMilliCpu[host]);
      cpu = batchAllocatableOf(
        signals.capacityMilliCpu[host],
        line,
        signals.reportedSystemMilliCpu[host],
        signals.reservedMilliCpu[host],
        peak,
        peak,
        peak,
        USAGE,
        Number.NaN,
      );
      mem = batchMemBytesOf(signals, host, memPercent, memPolicy, Number.NaN);
    }
    if (isBatchWritten(signals, host, cpu, mem, updateAfterMs, diffThreshold))
      decide(out, DECISION.publishBatch, host, -1, cpu, mem);
  }
}
