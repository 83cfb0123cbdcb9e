/**
 * How the cost of an allocation round grows: comparisons of clients in the sorters, counted, for agents x frameworks.
 *
 * Every framework may have every agent, so each grant moves one client in its group: a binary search and a block move. The law is
 * comparisons = O((agents + frameworks) x log2(frameworks)); `perGrantAndLog` is the constant in front of it, with agents alone.
 */
import { DrfSorter } from '../policies/mesos/drf-sorter.ts';
import { createCluster, declineAll } from './mesos-allocate.ts';

export interface GrowthRow {
  readonly agents: number;
  readonly frameworks: number;
  readonly grants: number;
  readonly comparisons: number;
  readonly perGrantAndLog: number;
}

const INTERVAL_MS = 1_000;

/** One round after the first, which is spent on adding agents, for each shape. */
export function growthSeries(shapes: readonly (readonly [agents: number, frameworks: number])[]): GrowthRow[] {
  return shapes.map(([agents, frameworks]) => {
    const allocator = createCluster(agents, frameworks);
    allocator.settle();
    declineAll(allocator, allocator.takeGrants());
    const sorters = [allocator.ledger.roleSorter, ...[...allocator.ledger.roles.values()].map(({ sorter }) => sorter)];
    const counted = (): number =>
      sorters.reduce((sum, sorter) => sum + (sorter instanceof DrfSorter ? sorter.comparisons : 0), 0);
    const before = counted();
    allocator.advanceTo(allocator.nowMs + INTERVAL_MS);
    const grants = allocator.takeGrants().length;
    const comparisons = counted() - before;
    return { agents, frameworks, grants, comparisons, perGrantAndLog: comparisons / (grants * Math.log2(frameworks)) };
  });
}

/** The series as a benchmark; operations are comparisons, the hash is of the counts. */
export function run(size: 'smoke' | 'full'): { resultHash: string; operations: number } {
  const agents = size === 'smoke' ? [100, 200] : [1_000, 2_000, 4_000, 8_000];
  const frameworks = size === 'smoke' ? [8, 64] : [10, 100, 1_000];
  const rows = growthSeries(agents.flatMap((a) => frameworks.map((f) => [a, f] as const)));
  let hash = 0x811c9dc5;
  for (const { comparisons } of rows) hash = Math.imul(hash ^ comparisons, 0x01000193);
  return {
    resultHash: (hash >>> 0).toString(16).padStart(8, '0'),
    operations: rows.reduce((sum, { comparisons }) => sum + comparisons, 0),
  };
}
