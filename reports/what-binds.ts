/** Which limit holds best effort back first: the one that is met in the largest share of windows. */
import type { RunResults } from '../sim/results/schema.ts';
import { numbers } from './columns.ts';
import { percent } from './format.ts';
import type { PlanSettings } from './plan-settings.ts';

export interface Constraint {
  readonly name: string;
  /** Share of windows after warm-up in which it is met, percent. */
  readonly windowsPercent: number;
  /** What it means to meet it. */
  readonly meaning: string;
  /** What to change. */
  readonly lever: string;
}

/** Requested over sold from which a pool counts as sold out: the rest is smaller than most tasks. */
const SOLD_OUT_RATIO = 0.97;

/** Waiting over running tasks from which a backlog counts as one. */
const BACKLOG_SHARE = 0.05;

/** Constraints by share of windows, largest first; those never met come last. */
export function constraintsOf(
  windows: RunResults['tables']['windows'],
  hosts: number,
  firstRow: number,
  settings: PlanSettings,
): Constraint[] {
  const columns = windows.columns;
  const share = (holds: (row: number) => boolean): number => {
    let met = 0;
    for (let row = firstRow; row < windows.rows; row++) if (holds(row)) met++;
    return windows.rows > firstRow ? (100 * met) / (windows.rows - firstRow) : 0;
  };
  const soldOut = (sold: ArrayLike<number>, requested: ArrayLike<number>): number =>
    share((row) => requested[row] > 0 && requested[row] >= SOLD_OUT_RATIO * sold[row]);
  const soldCpu = numbers(columns.batchSoldMilliCpu);
  const requestedCpu = numbers(columns.batchRequestedMilliCpu);
  const soldMem = numbers(columns.batchSoldMemMib);
  const requestedMem = numbers(columns.batchRequestedMemMib);
  const running = numbers(columns.bestEffortRunning);
  const suppressed = numbers(columns.suppressedMilliCpu);
  const bestEffort = numbers(columns.bestEffortUsedMilliCpu);
  const evicted = numbers(columns.evictedMemory);
  const unplaced = numbers(columns.onlinePodsPending);
  const refused = numbers(columns.refusedHosts);
  const pending = numbers(columns.bestEffortPending);
  const isSoldOut = (row: number): boolean =>
    soldCpu[row] * SOLD_OUT_RATIO <= requestedCpu[row] || soldMem[row] * SOLD_OUT_RATIO <= requestedMem[row];
  const line = (value: number | null): string => (value === null ? '' : ` (${value} %)`);
  const constraints: Constraint[] = [
    {
      name: 'batch-cpu',
      windowsPercent: soldOut(soldCpu, requestedCpu),
      meaning: 'at least 97 % of the batch-cpu for sale is requested',
      lever: `cpuReclaimThresholdPercent${line(settings.cpuReclaimPercent)} or more hosts`,
    },
    {
      name: 'batch-memory',
      windowsPercent: soldOut(soldMem, requestedMem),
      meaning: 'at least 97 % of the batch-memory for sale is requested',
      lever: `memoryReclaimThresholdPercent${line(settings.memReclaimPercent)} or memory per host`,
    },
    {
      name: 'stranding',
      windowsPercent: share((row) => !isSoldOut(row) && pending[row] > BACKLOG_SHARE * running[row]),
      meaning:
        'tasks wait although neither pool is sold out: what is left of one lies on hosts where the other is gone',
      lever: `memoryReclaimThresholdPercent${line(settings.memReclaimPercent)}, hosts of one shape, or smaller tasks`,
    },
    {
      name: 'CPU suppression',
      windowsPercent: share((row) => suppressed[row] > 0.02 * (suppressed[row] + bestEffort[row])),
      meaning: 'best effort is denied more than 2 % of the CPU it wants',
      lever: `cpuSuppressThresholdPercent${line(settings.cpuSuppressPercent)}, or sell less batch-cpu`,
    },
    {
      name: 'memory eviction',
      windowsPercent: share((row) => evicted[row] > 0),
      meaning: 'best-effort tasks are evicted for memory',
      lever: `memoryEvictThresholdPercent${line(settings.memEvictPercent)}, or sell less batch-memory`,
    },
    {
      name: 'load-aware refusal',
      windowsPercent: share((row) => pending[row] > 0 && refused[row] >= 0.1 * hosts),
      meaning: 'tasks wait while a tenth of the hosts or more is refused for its load',
      lever: `loadAwareCpuThresholdPercent${line(settings.loadAwareCpuPercent)}`,
    },
    {
      name: 'online placement',
      windowsPercent: share((row) => unplaced[row] > 0),
      meaning: 'online pods wait for a host',
      lever: 'more hosts, smaller requests',
    },
  ];
  return constraints.sort((a, b) => b.windowsPercent - a.windowsPercent);
}

/** One sentence: what binds first, how often, and the lever. */
export function bindsSentence(constraints: readonly Constraint[]): string {
  const [first, second] = constraints;
  if (first === undefined || first.windowsPercent < 0.05) return 'Nothing binds: every limit has room in every window.';
  const next =
    second !== undefined && second.windowsPercent >= 0.05
      ? ` Next: ${second.name}, ${percent(second.windowsPercent)} of windows.`
      : ' No other limit is met.';
  return `${first.name}: in ${percent(first.windowsPercent)} of windows ${first.meaning}. Lever: ${first.lever}.${next}`;
}
