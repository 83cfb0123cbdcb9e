/**
 * Restarts of the nodes' agents (koordlet, kubelet): while one is away its host sends no report and its loops decide nothing. Best effort and services
 * run on under the limits that were set.
 *
 * A window misses its report and its turn of the loops when its begin lies in a gap. With windows longer than a gap a miss so lasts a whole window, and only
 * gaps that hold a begin are felt: right on average, too coarse for the single gap. Averages of a report that follows hold the window all the same;
 * upstream's agent would have lost them.
 */
import { agentGaps } from '../host/failures.ts';
import type { Parameters } from '../host/parameters.ts';
import { createStream } from '../kernel/random.ts';
import type { Plan } from '../plan.ts';

export interface AgentGaps {
  /** Begins and ends of the gaps of host h: rows firstOf[h] .. firstOf[h + 1] - 1. */
  readonly firstOf: Int32Array;
  readonly startMs: Float64Array;
  readonly endMs: Float64Array;
  /** 1 = away as the window begins. */
  readonly isAway: Uint8Array;
}

/** Drawn from the seed alone; null where the plan restarts no agents. */
export function createAgentGaps(plan: Plan, p: Parameters, hosts: number): AgentGaps | null {
  if (plan.failures.agentRestarts !== true) return null;
  const firstOf = new Int32Array(hosts + 1);
  const gaps = Array.from({ length: hosts }, (_, host) => {
    const own = agentGaps(p, plan.horizonMs, createStream(plan.seed, `host/${host}/agent`).next);
    firstOf[host + 1] = firstOf[host] + own.length;
    return own;
  }).flat();
  return {
    firstOf,
    startMs: Float64Array.from(gaps, (gap) => gap.startMs),
    endMs: Float64Array.from(gaps, (gap) => gap.startMs + gap.durationMs),
    isAway: new Uint8Array(hosts),
  };
}

/** Says which agents are away at `nowMs`. */
export function moveAgentsTo(gaps: AgentGaps, nowMs: number): void {
  const { firstOf, startMs, endMs, isAway } = gaps;
  for (let host = 0; host < isAway.length; host++) {
    isAway[host] = 0;
    for (let gap = firstOf[host]; gap < firstOf[host + 1] && startMs[gap] <= nowMs; gap++)
      if (nowMs < endMs[gap]) isAway[host] = 1;
  }
}
