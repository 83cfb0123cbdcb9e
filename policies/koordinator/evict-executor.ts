/**
 * Carrying out evictions: tasks in order, victims in order, until every target is met.
 *
 * What one task's victims free counts for the tasks after it. Source: pkg/koordlet/qosmanager/plugins/util/evict.go.
 */

/** Milliseconds without a further eviction after a round that evicted. */
export const MEMORY_COOLING_MS = 4000;
export const CPU_COOLING_MS = 20_000;

/** Order in which a round's tasks run. */
export const CPU_TASK_ORDER: readonly string[] = Object.freeze(['BECPUEvict', 'CPUAllocatableEvict', 'CPUEvict']);
export const MEMORY_TASK_ORDER: readonly string[] = Object.freeze([
  'BEMemoryEvict',
  'MemoryAllocatableEvict',
  'MemoryEvict',
]);

/** Whether a loop still rests: now - last eviction < cooling. Upstream counts the agent's start as an eviction. */
export function isCooling(lastEvictedAtMs: number, nowMs: number, coolingMs: number): boolean {
  return nowMs - lastEvictedAtMs < coolingMs;
}

/** Amounts by resource name. */
export type Amounts = Readonly<Record<string, number>>;

/** What kind of amount a target is stated in; amounts of different kinds never mix. */
export type ReleaseType = 'used' | 'request';

export interface EvictTask<Victim> {
  readonly feature: string;
  readonly releaseType: ReleaseType;
  /** What to free; entries of 0 or less are met from the start. */
  readonly target: Amounts;
  /** Most dispensable first. */
  readonly victims: readonly Victim[];
  /** What evicting a victim frees, as this task counts it. */
  readonly frees: (victim: Victim) => Amounts;
}

export interface Eviction<Victim> {
  readonly victim: Victim;
  readonly feature: string;
}

export interface EvictRound<Victim> {
  readonly evicted: readonly Eviction<Victim>[];
  readonly released: Readonly<Record<ReleaseType, Amounts>>;
  /** Whether cooling starts: something was newly evicted. */
  readonly startsCooling: boolean;
}

/** How the round knows pods and removes them. */
export interface EvictActions<Victim> {
  readonly idOf: (victim: Victim) => string;
  /** Evicted earlier but still there (terminating): counts as released, is not evicted again. */
  readonly isPending: (victim: Victim) => boolean;
  /** False = the eviction was refused; the next victim is tried. */
  readonly evict: (victim: Victim, feature: string) => boolean;
}

/**
 * Runs one round.
 *
 * A victim frees, per release type, the largest amount any task of that type with a target counts for it (one pod's memory
 * is freed once). A task stops as soon as every resource of its target is met.
 */
export function runEvictRound<Victim>(
  tasks: readonly EvictTask<Victim>[],
  actions: EvictActions<Victim>,
): EvictRound<Victim> {
  const counting = tasks.filter((task) => Object.values(task.target).some((amount) => amount > 0));
  const released: Record<ReleaseType, Record<string, number>> = { used: {}, request: {} };
  const gone = new Set<string>();
  const evicted: Eviction<Victim>[] = [];
  for (const task of tasks) {
    for (const victim of task.victims) {
      if (isMet(task.target, released[task.releaseType])) break;
      const id = actions.idOf(victim);
      if (gone.has(id)) continue;
      if (!actions.isPending(victim)) {
        if (!actions.evict(victim, task.feature)) continue;
        evicted.push({ victim, feature: task.feature });
      }
      gone.add(id);
      addReleased(released, counting, victim);
    }
  }
  return { evicted, released, startsCooling: evicted.length > 0 };
}

function isMet(target: Amounts, released: Amounts): boolean {
  return Object.entries(target).every(([resource, amount]) => amount <= (released[resource] ?? 0));
}

function addReleased<Victim>(
  released: Record<ReleaseType, Record<string, number>>,
  counting: readonly EvictTask<Victim>[],
  victim: Victim,
): void {
  for (const type of ['used', 'request'] as const) {
    const largest: Record<string, number> = {};
    for (const task of counting) {
      if (task.releaseType !== type) continue;
      for (const [resource, amount] of Object.entries(task.frees(victim)))
        largest[resource] = Math.max(largest[resource] ?? 0, amount);
    }
    for (const [resource, amount] of Object.entries(largest))
      released[type][resource] = (released[type][resource] ?? 0) + amount;
  }
}
