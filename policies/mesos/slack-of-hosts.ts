/** Serenity's estimator over the signals of hosts: each host counts as two executors, its services and its best effort. */
import { ConfigError } from '../base/assert.ts';
import { DECISION, type Decisions, decide, type HostSignals, type PolicyConfig } from '../ports.ts';
import {
  type ExecutorColumns,
  estimateSlackMilliCpu,
  revocableTotalMilliCpu,
  type SlackRules,
} from './serenity-estimator.ts';

/** A host's services and its best effort as executors; columns for one host after another. */
export interface HostExecutors extends ExecutorColumns {
  readonly limitMilliCpu: Float64Array;
  readonly usedMilliCpu: Float64Array;
}

/** Columns of two executors. Those younger than 300 s have no say upstream; a host's services are taken as settled. */
export function createHostExecutors(): HostExecutors {
  return {
    limitMilliCpu: new Float64Array(2),
    usedMilliCpu: new Float64Array(2),
    startedAtMs: [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
    isBestEffort: [0, 1],
  };
}

/** What a host reports as revocable CPU in all, from its newest samples. Milli-CPU. */
export function revocableOfHost(
  signals: HostSignals,
  host: number,
  valveOpen: boolean,
  rules: SlackRules,
  executors: HostExecutors,
): number {
  const { limitMilliCpu, usedMilliCpu } = executors;
  limitMilliCpu[0] = signals.hpRequestMilliCpu[host];
  usedMilliCpu[0] = signals.lastNonBeMilliCpu[host];
  limitMilliCpu[1] = signals.beRequestMilliCpu[host];
  usedMilliCpu[1] = signals.lastBeMilliCpu[host];
  const slack = estimateSlackMilliCpu(executors, 2, signals.capacityMilliCpu[host], signals.nowMs, valveOpen, rules);
  return revocableTotalMilliCpu(slack, signals.beRequestMilliCpu[host]);
}

/** Publishes revocable CPU where it changed. Memory is never revocable in Mesos: it is what the agent has, kept apart by the allocator. */
export function sellRevocable(signals: HostSignals, host: number, milliCpu: number, out: Decisions): void {
  if (milliCpu === signals.publishedBatchMilliCpu[host]) return;
  const memBytes = signals.capacityMemBytes[host] - signals.reservedMemBytes[host];
  decide(out, DECISION.publishBatch, host, -1, milliCpu, memBytes);
}

/** ConfigError for a setting that is a share of something and lies outside (0, 1]. */
export function checkShares(policy: string, config: PolicyConfig, names: readonly string[]): void {
  for (const name of names) {
    const share = config[name] as number;
    if (!(share > 0 && share <= 1))
      throw new ConfigError(`${policy}: ${name} is ${share}; it must be above 0 and at most 1`);
  }
}

/** Whether a host has sent a report that a policy can go by. */
export function isHeard(signals: HostSignals, host: number): boolean {
  return signals.up[host] === 1 && signals.sampledAtMs[host] >= 0;
}
