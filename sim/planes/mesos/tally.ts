/** What the report's explanations are made of: who was offered what, where tasks went and failed, how long agents were away. */
import type { MesosPlan } from '../../plan/mesos.ts';

/** One loss of a master: who registered with the new one, and when the last of them did. */
export interface MasterLoss {
  readonly atMs: number;
  readonly cluster: number;
  /** Agents and frameworks that had to register anew, those that did, and when the last did. */
  readonly agents: number;
  readonly frameworks: number;
  agentsBack: number;
  frameworksBack: number;
  lastAgentMs: number;
  lastFrameworkMs: number;
  /** Most agents in one second after the loss, and how many in the second of the last one. */
  mostInSecond: number;
  inSecond: number;
}

/** Counts since the start. */
export interface Tally {
  /** By framework. */
  readonly offers: Float64Array;
  readonly launches: Float64Array;
  /** Tasks launched on each host, and those that failed there while the host was in order. */
  readonly launchesOn: Float64Array;
  readonly failedOn: Float64Array;
  readonly masters: MasterLoss[];
  /** Partitions of single agents: begun, over before the agent was given up, and not. */
  cutOff: number;
  cutOffHeard: number;
  cutOffGivenUp: number;
  /** What ran on agents that were given up behind a partition: lost, or unreachable where its framework is partition-aware. */
  cutOffLost: number;
  cutOffUnreachable: number;
  /** Agents given up for their silence, and those that were heard again while they waited for the limit on removals. */
  givenUp: number;
  spared: number;
  /** Replicas launched for others that could not be reached, and replicas that were one too many when those were heard again. */
  besides: number;
  surplus: number;
  /** Agents that an operator drained until they were empty, tasks killed there, and the longest drain; agents taken back. */
  drained: number;
  drainKills: number;
  drainMs: number;
  reopened: number;
}

/** Nothing has happened yet. */
export function createTally(plan: MesosPlan, hosts: number): Tally {
  return {
    offers: new Float64Array(plan.frameworks.length),
    launches: new Float64Array(plan.frameworks.length),
    launchesOn: new Float64Array(hosts),
    failedOn: new Float64Array(hosts),
    masters: [],
    cutOff: 0,
    cutOffHeard: 0,
    cutOffGivenUp: 0,
    cutOffLost: 0,
    cutOffUnreachable: 0,
    givenUp: 0,
    spared: 0,
    besides: 0,
    surplus: 0,
    drained: 0,
    drainKills: 0,
    drainMs: 0,
    reopened: 0,
  };
}

/** The master of a cluster is lost: so many have to register with the next. */
export function countMasterLoss(tally: Tally, atMs: number, cluster: number, agents: number, frameworks: number): void {
  tally.masters.push({
    atMs,
    cluster,
    agents,
    frameworks,
    agentsBack: 0,
    frameworksBack: 0,
    lastAgentMs: atMs,
    lastFrameworkMs: atMs,
    mostInSecond: 0,
    inSecond: 0,
  });
}

/** Somebody of a cluster registers with its new master; times rise. */
export function countReturn(tally: Tally, kind: 'agent' | 'framework', cluster: number, nowMs: number): void {
  const loss = tally.masters.findLast((other) => other.cluster === cluster);
  if (loss === undefined) return;
  if (kind === 'framework') {
    loss.frameworksBack++;
    loss.lastFrameworkMs = nowMs;
    return;
  }
  const second = (ms: number) => Math.floor((ms - loss.atMs) / 1000);
  loss.inSecond = second(nowMs) === second(loss.lastAgentMs) ? loss.inSecond + 1 : 1;
  loss.mostInSecond = Math.max(loss.mostInSecond, loss.inSecond);
  loss.agentsBack++;
  loss.lastAgentMs = nowMs;
}
