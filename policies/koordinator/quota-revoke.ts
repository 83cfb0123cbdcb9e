/**
 * Takes pods back from a quota that has been above its runtime for too long.
 *
 * Two walks: from the least important pod until the quota fits, then from the most important marked pod, keeping each
 * one that fits after all.
 */

/** A pod of the over-used quota; `request` is indexed by dimension, undefined where the pod does not name one. */
export interface RevocablePod {
  readonly name: string;
  readonly request: readonly (number | undefined)[];
  readonly priorityValue: number;
  readonly startedAtMs: number;
  readonly preemptible: boolean;
}

/** Since when each quota has been over its runtime; -1 while it is not. One row a quota. */
export type OverUsedSinceMs = Float64Array;

/**
 * Notes whether a quota is over its runtime and tells whether that has lasted longer than `delayEvictMs`.
 *
 * A quota that fits again starts anew. Units: ms.
 */
export function isOverUsedTooLong(
  overUsedSinceMs: OverUsedSinceMs,
  row: number,
  isOverUsed: boolean,
  nowMs: number,
  delayEvictMs: number,
): boolean {
  if (!isOverUsed) {
    overUsedSinceMs[row] = -1;
    return false;
  }
  if (overUsedSinceMs[row] < 0) overUsedSinceMs[row] = nowMs;
  return nowMs - overUsedSinceMs[row] > delayEvictMs;
}

/** Whether `used` exceeds `runtime` in a dimension that is still known. */
function exceeds(used: readonly (number | undefined)[], runtime: readonly number[]): boolean {
  return used.some((value, index) => value !== undefined && value > runtime[index]);
}

/**
 * Chooses the pods to revoke, most important first.
 *
 * Importance: higher priority, then earlier start, then name. Non-preemptible pods are passed over. When all marked
 * pods together do not bring the quota below its runtime, all of them go.
 * `masksDimensions` (quirk K20): after each subtraction only the dimensions that this pod names are remembered, so that
 * a CPU-only pod makes an excess of memory disappear from the check.
 * Source: Koordinator scheduler, elasticquota quota overuse revoke controller.
 */
export function podsToRevoke(
  pods: readonly RevocablePod[],
  used: readonly number[],
  runtime: readonly number[],
  masksDimensions: boolean,
): readonly RevocablePod[] {
  const leastImportantFirst = [...pods].sort(
    (a, b) => a.priorityValue - b.priorityValue || b.startedAtMs - a.startedAtMs || (a.name < b.name ? 1 : -1),
  );
  let left: readonly (number | undefined)[] = used;
  const marked: RevocablePod[] = [];
  for (const pod of leastImportantFirst) {
    if (!exceeds(left, runtime)) break;
    if (!pod.preemptible) continue;
    left = left.map((value, index) => {
      const asked = pod.request[index];
      return masksDimensions && asked === undefined ? undefined : (value ?? 0) - (asked ?? 0);
    });
    marked.push(pod);
  }
  const mostImportantFirst = marked.reverse();
  if (exceeds(left, runtime)) return mostImportantFirst;
  return mostImportantFirst.filter((pod) => {
    const withPod = left.map((value, index) => {
      const asked = pod.request[index];
      return asked === undefined ? value : (value ?? 0) + asked;
    });
    if (exceeds(withPod, runtime)) return true;
    left = withPod;
    return false;
  });
}
