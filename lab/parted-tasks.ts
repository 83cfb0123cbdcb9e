/** The tasks in which two runs part, by their first differing decision: columns, because a week may have millions of them. */

/** One decision as a run took it. */
export interface TakenDecision {
  readonly kind: 'bind' | 'evict';
  readonly timeMs: number;
  readonly host: number;
}

/** Tasks by the kind of their first differing decision. */
export interface PartedCounts {
  elsewhere: number;
  atAnotherTime: number;
  evictedOnlyInA: number;
  evictedOnlyInB: number;
  total: number;
  pods: number;
}

/** A task and what either run decided; null = not taken in the hour in which the other run took it. */
export interface FirstDecision {
  readonly task: number;
  /** Number of its service or population. */
  readonly group: number;
  readonly isPod: boolean;
  readonly a: TakenDecision | null;
  readonly b: TakenDecision | null;
}

export interface PartedTasks {
  readonly counts: Readonly<PartedCounts>;
  /** Adds a task and returns its number, from 0. */
  add(decision: FirstDecision): number;
  at(number: number): FirstDecision;
}

const NONE = 0;
const BIND = 1;
const EVICT = 2;

/** An empty list. */
export function createPartedTasks(): PartedTasks {
  const tasks: number[] = [];
  const groups: number[] = [];
  const pods: number[] = [];
  // Two entries a task: run a, run b.
  const kinds: number[] = [];
  const times: number[] = [];
  const hosts: number[] = [];
  const counts: PartedCounts = {
    elsewhere: 0,
    atAnotherTime: 0,
    evictedOnlyInA: 0,
    evictedOnlyInB: 0,
    total: 0,
    pods: 0,
  };
  const taken = (at: number): TakenDecision | null =>
    kinds[at] === NONE ? null : { kind: kinds[at] === BIND ? 'bind' : 'evict', timeMs: times[at], host: hosts[at] };
  return {
    counts,
    add({ task, group, isPod, a, b }) {
      tasks.push(task);
      groups.push(group);
      pods.push(isPod ? 1 : 0);
      for (const decision of [a, b]) {
        kinds.push(decision === null ? NONE : decision.kind === 'bind' ? BIND : EVICT);
        times.push(decision?.timeMs ?? 0);
        hosts.push(decision?.host ?? -1);
      }
      counts.total++;
      if (isPod) counts.pods++;
      const [evictedA, evictedB] = [a?.kind === 'evict', b?.kind === 'evict'];
      if (evictedA && !evictedB) counts.evictedOnlyInA++;
      else if (evictedB && !evictedA) counts.evictedOnlyInB++;
      else if (a?.kind === 'bind' && b?.kind === 'bind' && a.host !== b.host) counts.elsewhere++;
      else counts.atAnotherTime++;
      return tasks.length - 1;
    },
    at: (number) => ({
      task: tasks[number],
      group: groups[number],
      isPod: pods[number] === 1,
      a: taken(2 * number),
      b: taken(2 * number + 1),
    }),
  };
}
