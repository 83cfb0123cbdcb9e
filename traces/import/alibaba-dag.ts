/**
 * Dependencies in the task names of Alibaba 2018.
 *
 * `M5_3_4`: task 5 of its job needs tasks 3 and 4; the letters mean nothing. A last part `StgN` says no dependency. `MergeTask`, `task_xxx`
 * and everything else is independent. A name that was too long ends in `_`; the numbers before it are whole.
 */
export interface DagName {
  /** Number of the task inside its job, null for an independent one. */
  readonly index: number | null;
  readonly parents: readonly number[];
  readonly truncated: boolean;
}

const INDEPENDENT: DagName = { index: null, parents: [], truncated: false };

export function parseDagName(name: string): DagName {
  if (name === 'MergeTask' || name.startsWith('task_')) return INDEPENDENT;
  const match = /^[A-Za-z]+(\d+)((?:_\d+)*)(?:_Stg\d+)?(_?)$/.exec(name);
  if (match === null) return INDEPENDENT;
  const parents = match[2].split('_').slice(1).map(Number);
  return { index: Number(match[1]), parents, truncated: match[3] === '_' };
}
