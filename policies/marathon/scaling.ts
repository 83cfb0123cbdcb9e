/**
 * How many instances to start, and which to stop, to come to a number.
 *
 *   stop  = max(running - target, sentenced)         start = target - running + stop
 *
 * Order of stopping: sentenced, then those chosen by constraints, then by condition (Unreachable, Staging, Starting,
 * Running, others), and within one condition the youngest first, or the oldest if so set. An instance that became inactive by being
 * unreachable is not counted at all.
 * Source: Marathon ScalingProposition.propose.
 */

/** One instance. `sinceMs` is when it became active (staged, if it is staging); null when it never did. */
export interface ScalingInstance {
  readonly id: string;
  readonly condition: string;
  readonly sinceMs: number | null;
}

export type KillSelection = 'YOUNGEST_FIRST' | 'OLDEST_FIRST';

/** Ids to stop, in order, and how many to start. */
export interface ScalingProposition {
  readonly decommission: readonly string[];
  readonly start: number;
}

const WEIGHT: Readonly<Record<string, number>> = { Unreachable: 1, Staging: 2, Starting: 3, Running: 4 };

/** Which instance is stopped first: negative when `a` is. */
export function compareForKill(a: ScalingInstance, b: ScalingInstance, selection: KillSelection): number {
  const byCondition = (WEIGHT[a.condition] ?? 5) - (WEIGHT[b.condition] ?? 5);
  if (byCondition !== 0) return byCondition;
  if (a.sinceMs === null || b.sinceMs === null) return (a.sinceMs === null ? 0 : 1) - (b.sinceMs === null ? 0 : 1);
  return selection === 'YOUNGEST_FIRST' ? b.sinceMs - a.sinceMs : a.sinceMs - b.sinceMs;
}

/**
 * The proposition for `instances` (those that are meant to run) and a target.
 *
 * `sentenced`: ids that go in any case; unknown ones are taken as gone already. `meetConstraints` chooses among the ids that are not
 * sentenced how many more are to go to keep GROUP_BY even; it may choose fewer.
 */
export function proposeScaling(
  instances: readonly ScalingInstance[],
  sentenced: readonly string[],
  meetConstraints: (ids: readonly string[], count: number) => readonly string[],
  target: number,
  selection: KillSelection = 'YOUNGEST_FIRST',
): ScalingProposition {
  const running = instances.filter((instance) => instance.condition !== 'UnreachableInactive');
  const condemned = new Set(sentenced);
  const dying = running.filter((instance) => condemned.has(instance.id));
  const staying = running.filter((instance) => !condemned.has(instance.id));
  const stop = Math.max(running.length - target, dying.length);
  const forConstraints = meetConstraints(
    staying.map((instance) => instance.id),
    stop - dying.length,
  );
  const chosen = new Set(forConstraints);
  const rest = staying.filter((instance) => !chosen.has(instance.id)).sort((a, b) => compareForKill(a, b, selection));
  const order = [...dying.map((instance) => instance.id), ...forConstraints, ...rest.map((instance) => instance.id)];
  return { decommission: order.slice(0, stop), start: target - running.length + stop };
}
