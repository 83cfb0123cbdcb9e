/**
 * QoS corrections on one agent: which executors to kill so that the others get what they were promised.
 *
 * The load controller kills every executor with revocable resources whenever a load average is above its threshold, in
 * every round: there is no hysteresis. Source: Mesos src/slave/qos_controllers/load.cpp; src/slave/slave.cpp,
 * qosCorrections.
 */
import { Capability } from './capabilities.ts';

export interface LoadThresholds {
  /** Null ignores the average. */
  readonly load5: number | null;
  readonly load15: number | null;
}

/** Milli-load per average; whether any is strictly above its threshold. */
export function isOverloaded(load5: number, load15: number, thresholds: LoadThresholds): boolean {
  return (
    (thresholds.load5 !== null && load5 > thresholds.load5) ||
    (thresholds.load15 !== null && load15 > thresholds.load15)
  );
}

/** Rows of executors to kill: all that hold revocable CPU while overloaded. Units: milli-CPU. */
export function loadCorrections(
  load5: number,
  load15: number,
  thresholds: LoadThresholds,
  revocableMilliCpu: ArrayLike<number>,
): number[] {
  const kills: number[] = [];
  if (!isOverloaded(load5, load15, thresholds)) return kills;
  for (let executor = 0; executor < revocableMilliCpu.length; executor++) {
    if (revocableMilliCpu[executor] > 0) kills.push(executor);
  }
  return kills;
}

export interface PreemptedStatus {
  readonly state: 'TASK_GONE' | 'TASK_LOST';
  readonly reason: 'REASON_CONTAINER_PREEMPTED';
  readonly source: 'SOURCE_SLAVE';
}

/** What the framework hears of a task whose container was killed by a correction. */
export function preemptedStatus(capabilities: number): PreemptedStatus {
  const partitionAware = (capabilities & Capability.PARTITION_AWARE) !== 0;
  return {
    state: partitionAware ? 'TASK_GONE' : 'TASK_LOST',
    reason: 'REASON_CONTAINER_PREEMPTED',
    source: 'SOURCE_SLAVE',
  };
}
