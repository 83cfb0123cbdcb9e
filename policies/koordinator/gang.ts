/**
 * Coscheduling: the pods of a gang start together or not at all.
 *
 * Pods that found a place wait at a gate (permit) until every gang of their group has enough of them. Strict gangs let
 * one failure send all waiting pods back; in every mode they go back when the wait takes too long.
 */

/** What counts towards the minimum. Production's default is once-satisfied. */
export type GangMatchPolicy = 'only-waiting' | 'waiting-and-running' | 'once-satisfied';

/** How a gang is scheduled. */
export interface GangSpec {
  readonly name: string;
  /** Pods that must be placeable together. */
  readonly minimum: number;
  /** Pods that belong to the gang. */
  readonly total: number;
  readonly strict: boolean;
  readonly matchPolicy: GangMatchPolicy;
  /** How long placed pods wait for the others. Production: 600 s. */
  readonly waitMs: number;
}

export const DEFAULT_GANG_WAIT_MS = 600_000;

/** A gang and where its pods are; pods are rows of the caller's table. */
export interface Gang {
  readonly spec: GangSpec;
  /** Pods that exist, placed or not. */
  children: number;
  /** Placed pods that wait at the gate, in order of arrival. */
  readonly waiting: number[];
  /** Bound or running pods. */
  bound: number;
}

/** Gangs that start together; `satisfied` is set once all of them were let through. */
export interface GangGroup {
  readonly gangs: Gang[];
  satisfied: boolean;
  /** When the first of the pods that wait now arrived at the gate; -1 while none waits. */
  waitingSinceMs: number;
}

/** Group of gangs without pods. */
export function createGangGroup(specs: readonly GangSpec[]): GangGroup {
  const gangs = specs.map((spec): Gang => ({ spec, children: 0, waiting: [], bound: 0 }));
  return { gangs, satisfied: false, waitingSinceMs: -1 };
}

/** Whether pods of the gang may be tried at all: enough of them must exist (PreFilter). */
export function mayTryGang(gang: Gang): boolean {
  return gang.children >= gang.spec.minimum;
}

/** Whether a gang has enough pods at the gate, by its match policy. */
export function isGangReady(gang: Gang, group: GangGroup): boolean {
  const { minimum, matchPolicy } = gang.spec;
  if (matchPolicy === 'waiting-and-running') return gang.waiting.length + gang.bound >= minimum;
  return gang.waiting.length >= minimum || (matchPolicy === 'once-satisfied' && group.satisfied);
}

/**
 * A placed pod arrives at the gate: returns the pods that may be bound now, none while it has to wait.
 *
 * When every gang of the group is ready all waiting pods of all of them go, in order of gang and arrival.
 */
export function permitPod(group: GangGroup, gang: Gang, pod: number, nowMs: number): readonly number[] {
  gang.waiting.push(pod);
  if (group.waitingSinceMs < 0) group.waitingSinceMs = nowMs;
  return releaseIfReady(group);
}

/** The waiting pods that may be bound now because every gang of the group has enough; none while one has not. */
export function releaseIfReady(group: GangGroup): readonly number[] {
  if (!group.gangs.every((member) => isGangReady(member, group))) return [];
  group.satisfied = true;
  return takeWaiting(group, true);
}

/** When the waiting pods of a group lose their places: the shortest wait of its gangs. Infinity while none waits. */
export function expiryMs(group: GangGroup): number {
  if (group.waitingSinceMs < 0) return Number.POSITIVE_INFINITY;
  return group.waitingSinceMs + Math.min(...group.gangs.map((gang) => gang.spec.waitMs));
}

/** A pod of the gang could not be placed: returns the waiting pods that lose their place (strict gangs only). */
export function failPod(group: GangGroup, gang: Gang): readonly number[] {
  // Once a group was let through, single late pods no longer drag the others down.
  if (!gang.spec.strict || (gang.spec.matchPolicy === 'once-satisfied' && group.satisfied)) return [];
  return takeWaiting(group, false);
}

/** Returns the waiting pods that lose their place because the shortest wait of the group's gangs is over. */
export function expireGang(group: GangGroup, nowMs: number): readonly number[] {
  return nowMs >= expiryMs(group) ? takeWaiting(group, false) : [];
}

function takeWaiting(group: GangGroup, areBound: boolean): number[] {
  const pods: number[] = [];
  for (const gang of group.gangs) {
    pods.push(...gang.waiting);
    if (areBound) gang.bound += gang.waiting.length;
    gang.waiting.length = 0;
  }
  group.waitingSinceMs = -1;
  return pods;
}
