/**
 * Serenity's two modules as one policy: the estimator sells the slack of services, the QoS controller kills best effort when services suffer,
 * and while they do the controller keeps the estimator shut.
 *
 * Two observers an agent, each with its cooldown. CPU: smoothed use above the overload line; executors over their request go first, then
 * the youngest, until the excess is covered. Instructions per cycle: the smoothed ratio of services falls by the threshold against a
 * quorum of earlier samples; kills by seniority, or all. Services that use next to nothing are no signal. One iteration is one node
 * report here, the five seconds of the performance counters upstream.
 *
 * The services of a host are one executor, and what a task uses is its newest sample. The strategy by cache occupancy needs a counter
 * that no signal has (`correctCacheContention` is for agents that do).
 * Source: mesosphere/serenity, src/pipeline/qos_pipeline.hpp, contention_detectors/, observers/.
 */
import { ConfigError } from '../base/assert.ts';
import { completeConfig } from '../base/policy-config.ts';
import {
  DECISION,
  type Decisions,
  decide,
  EVICT_REASON,
  type HostSignals,
  type Policy,
  type PolicyConfig,
  type PolicyState,
} from '../ports.ts';
import {
  COOLDOWN_ITERATIONS,
  type CorrectionState,
  correctAll,
  correctBySeniority,
  correctCpuContention,
  corrected,
  createCorrectionState,
  mayCorrect,
  STARTING_SEVERITY,
} from './serenity-corrections.ts';
import {
  createDropState,
  DEFAULT_DROP_RULES,
  type DropRules,
  type DropState,
  EMA_ALPHA,
  forgetDrop,
  OVERLOAD_FRACTION,
  observeDrop,
  overloadMilliCpu,
  smooth,
} from './serenity-detectors.ts';
import { DEFAULT_SLACK_RULES } from './serenity-estimator.ts';
import { checkShares, createHostExecutors, isHeard, revocableOfHost, sellRevocable } from './slack-of-hosts.ts';

const DEFAULTS = {
  utilizationThreshold: DEFAULT_SLACK_RULES.utilizationThreshold,
  capFraction: DEFAULT_SLACK_RULES.capFraction,
  overloadFraction: OVERLOAD_FRACTION,
  alpha: EMA_ALPHA,
  minimalUsedCpus: 0.25,
  fractionalThreshold: DEFAULT_DROP_RULES.fractionalThreshold,
  quorum: DEFAULT_DROP_RULES.quorum,
  severityFraction: DEFAULT_DROP_RULES.severityFraction,
  startingSeverity: STARTING_SEVERITY,
  cooldownIterations: COOLDOWN_ITERATIONS,
  strategy: 'seniority',
} as const;
const STRATEGIES = ['seniority', 'kill-all'];
/** Settings that are shares of something. */
const SHARES = ['utilizationThreshold', 'capFraction', 'overloadFraction', 'alpha', 'fractionalThreshold', 'quorum'];

type Settings = { readonly [K in keyof typeof DEFAULTS]: K extends 'strategy' ? string : number };

interface SerenityState extends PolicyState {
  readonly usedMilliCpu: Float64Array;
  readonly ipc: Float64Array;
  readonly drops: DropState;
  readonly cpu: CorrectionState;
  readonly drop: CorrectionState;
  cpuKills: number;
  ipcKills: number;
}

function configure(config: PolicyConfig): PolicyConfig {
  const full = completeConfig('serenity', DEFAULTS, config);
  const { strategy } = full;
  if (!STRATEGIES.includes(strategy as string))
    throw new ConfigError(`serenity: strategy is "${strategy}"; known: ${STRATEGIES.join(', ')}`);
  checkShares('serenity', full, SHARES);
  const { cooldownIterations } = full as Settings;
  if (!Number.isInteger(cooldownIterations) || cooldownIterations < 0)
    throw new ConfigError(`serenity: cooldownIterations is ${cooldownIterations}; it must be a whole number from 0 on`);
  return full;
}

function createState(hostCount: number, config: PolicyConfig): SerenityState {
  return {
    usedMilliCpu: new Float64Array(hostCount).fill(Number.NaN),
    ipc: new Float64Array(hostCount).fill(Number.NaN),
    drops: createDropState(hostCount, rulesOf(config)),
    cpu: createCorrectionState(hostCount),
    drop: createCorrectionState(hostCount),
    cpuKills: 0,
    ipcKills: 0,
  };
}

function rulesOf(config: PolicyConfig): DropRules {
  const { fractionalThreshold, quorum, severityFraction } = config as Settings;
  return { ...DEFAULT_DROP_RULES, fractionalThreshold, quorum, severityFraction };
}

/** Best-effort tasks of one host, gathered for the strategies: only where one is asked. */
interface Tasks {
  readonly requestMilliCpu: number[];
  readonly usedMilliCpu: number[];
  readonly startedAtMs: number[];
}

function tasksOf(signals: HostSignals, rows: Int32Array, count: number): Tasks {
  const { requestMilliCpu, usedMilliCpu, startedAtMs } = signals.tasks;
  const of = (column: Float64Array) => Array.from(rows.subarray(0, count), (row) => column[row]);
  return { requestMilliCpu: of(requestMilliCpu), usedMilliCpu: of(usedMilliCpu), startedAtMs: of(startedAtMs) };
}

function decideSerenity(signals: HostSignals, config: PolicyConfig, memory: PolicyState, out: Decisions): void {
  const state = memory as SerenityState;
  const settings = config as Settings;
  const rules = rulesOf(config);
  const slackRules = { ...DEFAULT_SLACK_RULES, ...settings };
  const executors = createHostExecutors();
  const rows = new Int32Array(signals.tasks.maxRowsPerHost);
  for (let host = 0; host < signals.count; host++) {
    if (!isHeard(signals, host)) continue;
    const count = signals.tasks.rowsOnHost(host, rows);
    const excess = observeUse(signals, host, state, settings);
    const severity = observeIpc(signals, host, state, settings, rules);
    if (severity !== 0 && count === 0) forgetDrop(state.drops, host);
    const asksCpu = mayCorrect(state.cpu, host, excess > 0 && count > 0);
    const asksIpc = mayCorrect(state.drop, host, severity !== 0 && count > 0);
    if (asksCpu || asksIpc) {
      const tasks = tasksOf(signals, rows, count);
      for (const e of chooseKills(state, host, tasks, asksCpu ? excess : 0, asksIpc ? severity : 0, settings))
        decide(out, DECISION.evict, host, rows[e], EVICT_REASON.cpu, 0);
    }
    const isOpen = state.cpu.shut[host] === 0 && state.drop.shut[host] === 0;
    sellRevocable(signals, host, revocableOfHost(signals, host, isOpen, slackRules, executors), out);
  }
}

/** Which of a host's tasks go, by their place, for what the observers ask about: 0 = nothing. */
function chooseKills(
  state: SerenityState,
  host: number,
  { requestMilliCpu, usedMilliCpu, startedAtMs }: Tasks,
  excess: number,
  severity: number,
  settings: Settings,
): ReadonlySet<number> {
  const kills = new Set<number>();
  const count = requestMilliCpu.length;
  if (excess > 0) {
    const chosen = correctCpuContention(excess, requestMilliCpu, usedMilliCpu, startedAtMs, count);
    state.cpuKills += correct(state.cpu, host, chosen, settings, kills);
  }
  if (severity !== 0) {
    const chosen =
      settings.strategy === 'kill-all'
        ? correctAll(requestMilliCpu, count)
        : correctBySeniority(severity, requestMilliCpu, startedAtMs, count, settings.startingSeverity);
    state.ipcKills += correct(state.drop, host, chosen, settings, kills);
  }
  return kills;
}

/** CPU of the agent above the line, by the smoothed use. */
function observeUse(signals: HostSignals, host: number, state: SerenityState, settings: Settings): number {
  const used = signals.lastNonBeMilliCpu[host] + signals.lastBeMilliCpu[host];
  state.usedMilliCpu[host] = smooth(state.usedMilliCpu[host], used, settings.alpha);
  return overloadMilliCpu(state.usedMilliCpu[host], signals.capacityMilliCpu[host], settings.overloadFraction);
}

/** Severity of a drop of instructions per cycle, 0 without one. */
function observeIpc(
  signals: HostSignals,
  host: number,
  { ipc, drops }: SerenityState,
  settings: Settings,
  rules: DropRules,
): number {
  const sample = signals.hpRelativeIpc?.[host] ?? 1;
  if (signals.lastNonBeMilliCpu[host] <= 1000 * settings.minimalUsedCpus) return 0;
  ipc[host] = smooth(ipc[host], sample, settings.alpha);
  return observeDrop(drops, host, ipc[host], rules);
}

/** Carries a strategy's corrections out; how many are new. */
function correct(
  state: CorrectionState,
  host: number,
  chosen: readonly number[],
  settings: Settings,
  kills: Set<number>,
): number {
  if (chosen.length > 0) corrected(state, host, settings.cooldownIterations);
  const before = kills.size;
  for (const e of chosen) kills.add(e);
  return kills.size - before;
}

function notes(memory: PolicyState): readonly string[] {
  const { cpuKills, ipcKills } = memory as SerenityState;
  return [
    `Serenity killed ${cpuKills} revocable tasks for CPU above its line and ${ipcKills} for a drop of instructions per cycle.`,
  ];
}

export const serenity: Policy = {
  name: 'serenity',
  about:
    'sells the slack of services as revocable CPU and kills by CPU overload and by drops of instructions per cycle (Serenity on Mesos)',
  moment: 'report',
  periodMs: 5_000,
  needs: ['ipc'],
  sells: ['batch'],
  replaces: ['slack-estimator', 'load-qos'],
  defaults: DEFAULTS,
  configure,
  createState,
  decide: decideSerenity,
  notes,
};
