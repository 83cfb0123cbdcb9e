/** Goodness of fit: what the generator draws from a fit, measured as the source was. */
import { measureDags, measureDrawnDags } from './dag-shape.ts';
import {
  knownSorted,
  ksDistance,
  ksOfCounts,
  ksOfSorted,
  meanOfCounts,
  quantileOf,
  sortKnown,
} from './distribution.ts';
import type { FittedBatch, FittedServices } from './fit-trace.ts';
import { seriesStatistics } from './fits/fit-series.ts';
import { drawServices, drawTasks } from './generate-draws.ts';
import { meanOfKnown } from './inspect.ts';
import { GRID_PER_DAY, type KindSeries } from './series-set.ts';
import { createStream } from './streams.ts';
import type { TaskGraph, TaskTable } from './task-table.ts';

export interface FitQuality {
  /** Medians over services; means over jobs and tasks. */
  readonly rows: readonly { readonly name: string; readonly source: number; readonly generated: number }[];
  readonly ks: readonly { readonly name: string; readonly distance: number }[];
}

const SEED = 'fit quality';
/** Enough for a median and few enough for a second. */
const MOST_SERVICES = 200;
const MOST_TASKS = 100_000;
const MOST_DAYS = 30;

export function measureFit(
  services: FittedServices | null,
  batch: FittedBatch | null,
  kind: KindSeries | null,
  tasks: TaskTable,
  graph: TaskGraph,
): FitQuality {
  const rows: { name: string; source: number; generated: number }[] = [];
  const ks: { name: string; distance: number }[] = [];
  if (services !== null && kind !== null) {
    const days = Math.min(MOST_DAYS, Math.floor(services.days));
    const live = kind.kept.filter((one) => meanOfKnown(one.milliCpu) > 0);
    const drawn = drawServices(services, Math.min(MOST_SERVICES, live.length), days * GRID_PER_DAY, SEED, () => 1);
    const source = live.map((one) => seriesStatistics(one.milliCpu));
    const generated = drawn.map((one) => seriesStatistics(one.milliCpu));
    const median = (values: ArrayLike<number>) => quantileOf(knownSorted(values), 0.5);
    for (const [name, key] of [
      ['p/t', 'peakToTrough'],
      ['R2', 'explainedShare'],
      ['r5', 'r5'],
      ['r60', 'r60'],
      ['CVr', 'residualCv'],
    ] as const)
      rows.push({
        name,
        source: median(source.map((one) => one[key])),
        generated: median(generated.map((one) => one[key])),
      });
    ks.push({
      name: 'CPU over request',
      distance: ksDistance(
        live.map((one) => meanOfKnown(one.milliCpu) / one.requestMilliCpu),
        drawn.map((one) => meanOfKnown(one.milliCpu) / one.requestMilliCpu),
      ),
    });
  }
  if (batch !== null) {
    const hours = Math.max(1, Math.min(batch.hours, Math.floor((MOST_TASKS / batch.tasks) * batch.hours)));
    const drawn = drawTasks(batch, hours, SEED, () => 1);
    const distance = (source: Float64Array, generated: readonly number[]) =>
      ksOfSorted(sortKnown(source), knownSorted(generated));
    ks.push(
      {
        name: 'durations',
        distance: distance(
          tasks.derive(['durationMs'], ([ms], row) => (ms[row] > 0 ? ms[row] : Number.NaN)),
          drawn.map((task) => task.durationMs),
        ),
      },
      {
        name: 'requests',
        distance: distance(
          tasks.derive(['requestMilliCpu', 'instances'], ([milli, instances], row) => milli[row] / instances[row]),
          drawn.map((task) => task.requestMilliCpu / (task.instances ?? 1)),
        ),
      },
    );
    const source = measureDags(graph);
    if (batch.dag !== undefined && source.parents.length > 0) {
      const generated = measureDrawnDags(graph, batch.dag, createStream(SEED, 'dag'));
      for (const [name, key] of [
        ['stages of a job', 'stages'],
        ['parents of a task that waits', 'parents'],
        ['children of a task', 'children'],
      ] as const) {
        ks.push({ name, distance: ksOfCounts(source[key], generated[key]) });
        rows.push({ name, source: meanOfCounts(source[key]), generated: meanOfCounts(generated[key]) });
      }
    }
    rows.push({ name: 'tasks an hour', source: batch.tasks / batch.hours, generated: drawn.length / hours });
  }
  return { rows, ks: ks.filter((one) => Number.isFinite(one.distance)) };
}
