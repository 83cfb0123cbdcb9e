/** A framework nested under the root, and what falls with an agent. */
import type { LaunchDelay } from '../marathon/backoff.ts';

/** One nested framework as the root sees it. Units: ms; null when it is not so, or never was. */
export interface NestedFramework {
  readonly name: string;
  readonly workRow: number;
  readonly failoverTimeoutMs: number;
  /** Its state lies on the agent it first ran on. */
  readonly pinned: boolean;
  /** The task that runs its scheduler. */
  task: number | null;
  /** The agent of that task, or of the last one. */
  agent: number | null;
  delay: LaunchDelay | null;
  status: 'waiting' | 'starting' | 'running' | 'unreachable';
  /** Since when the scheduler is gone; ends when it subscribes again, not when it runs. */
  downSinceMs: number | null;
  launchedAtMs: number | null;
  /** Its failover timeout ended while it was down: its tasks are lost. */
  expired: boolean;
  restarts: number;
  /** Restarts that came back in time, with all tasks. */
  failovers: number;
  /** Times that its tasks were lost because it came back too late. */
  losses: number;
  /** Times from each death to the next subscription, in order. */
  recoveryMs: number[];
}

/** What the loss of one agent takes down. */
export interface BlastRadius {
  readonly agent: number;
  /** Schedulers that die with the agent. */
  readonly schedulers: readonly string[];
  /** Of those, schedulers pinned to it, which wait until it is back. */
  readonly pinned: readonly string[];
}

/** Blast radius of one agent: the nested schedulers that have a task on it, in order of submission. */
export function blastRadius(children: readonly NestedFramework[], agent: number): BlastRadius {
  const hit = children.filter((child) => child.task !== null && child.agent === agent);
  return {
    agent,
    schedulers: hit.map((child) => child.name),
    pinned: hit.filter((child) => child.pinned).map((child) => child.name),
  };
}

/** The agent whose loss takes down most nested schedulers (the lowest row of equals), or null when none has any. */
export function worstBlastRadius(children: readonly NestedFramework[]): BlastRadius | null {
  const agents = new Set<number>();
  for (const child of children) if (child.task !== null && child.agent !== null) agents.add(child.agent);
  let worst: BlastRadius | null = null;
  for (const agent of [...agents].sort((a, b) => a - b)) {
    const radius = blastRadius(children, agent);
    if (worst === null || radius.schedulers.length > worst.schedulers.length) worst = radius;
  }
  return worst;
}

/** Frameworks that lost their tasks at least once, because their scheduler came back too late or not at all. */
export function lostFrameworks(children: readonly NestedFramework[]): string[] {
  return children.filter((child) => child.losses > 0).map((child) => child.name);
}
