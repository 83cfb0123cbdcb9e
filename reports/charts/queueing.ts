/** Queueing of best effort: mean wait of attempts by the hour they started, and how many tasks were pending. */
import { numbers, texts } from '../columns.ts';
import type { RunFacts } from '../facts.ts';
import { hourOfLargest } from '../facts.ts';
import { dayHour, duration, fixed } from '../format.ts';
import { binHours, binMinutes, binWindows, rowsOf } from '../frames.ts';
import type { Chart } from './theme.ts';
import { COLOURS, colourScale, HALF_WIDTH, timeAxis, warmUpLayers } from './theme.ts';

const POPULATION_COLOURS = [
  COLOURS.online,
  COLOURS.bestEffort,
  COLOURS.third,
  COLOURS.second,
  COLOURS.line,
  COLOURS.system,
];

export function waitsChart(facts: RunFacts, hours: number): Chart {
  const step = binHours(hours, 170);
  const batch = facts.results.tables.batchHours.columns;
  const names = texts(facts.results.tables.populations.columns.name);
  const numbersOfPopulations = numbers(facts.results.tables.populations.columns.population);
  const rowOf = new Map(Array.from(numbersOfPopulations, (population, row) => [population, row]));
  const bins = Math.max(1, Math.ceil(hours / step));
  const waits = names.map(() => new Float64Array(bins));
  const starts = names.map(() => new Float64Array(bins));
  const hour = numbers(batch.hour);
  for (let row = 0; row < hour.length; row++) {
    const at = rowOf.get(numbers(batch.population)[row]) ?? 0;
    const bin = Math.min(bins - 1, Math.floor(hour[row] / step));
    waits[at][bin] += numbers(batch.waitMsSum)[row];
    starts[at][bin] += numbers(batch.started)[row];
  }
  const values = names.flatMap((name, at) =>
    Array.from(waits[at], (sum, bin) => ({
      hour: (bin + 0.5) * step,
      name,
      minutes: starts[at][bin] > 0 ? sum / starts[at][bin] / 60_000 : null,
    })),
  );
  const longest = facts.queues.reduce((a, b) => (b.waitMsP95 > a.waitMsP95 ? b : a), facts.queues[0]);
  const { summary } = facts.results;
  return {
    id: 'waits',
    title: 'Queueing time',
    subtitle: `mean wait of attempts started in each ${step === 1 ? 'hour' : `${step} h`}, minutes, by population`,
    width: 'half',
    sentence:
      longest === undefined
        ? 'There is no best-effort population.'
        : `Half of all attempts started within ${duration(summary.waitMsP50)}, 95 % within ${duration(summary.waitMsP95)}; ` +
          `${longest.population} waits longest (p95 ${duration(longest.waitMsP95)}).`,
    spec: {
      width: HALF_WIDTH,
      height: 180,
      layer: [
        {
          data: { values },
          mark: { type: 'line', strokeWidth: 1.6 },
          encoding: {
            x: { field: 'hour', ...timeAxis(hours, HALF_WIDTH) },
            y: { field: 'minutes', type: 'quantitative', title: 'mean wait, min' },
            color: {
              field: 'name',
              type: 'nominal',
              title: null,
              scale: colourScale(names.map((name, at) => [name, POPULATION_COLOURS[at % POPULATION_COLOURS.length]])),
            },
          },
        },
        ...warmUpLayers(facts.settings.warmUpMs, hours, HALF_WIDTH),
      ],
    },
  };
}

export function pendingChart(facts: RunFacts, hours: number): Chart {
  const windows = facts.results.tables.windows;
  const minutes = binMinutes(hours, facts.settings.windowMs);
  const values = rowsOf(binWindows(windows, minutes, { bestEffortPending: 'max' }));
  const pending = numbers(windows.columns.bestEffortPending);
  const { summary } = facts.results;
  return {
    id: 'pending',
    title: 'Tasks pending',
    subtitle: 'best-effort tasks ready and without a host, largest of each bin',
    width: 'half',
    sentence:
      summary.pendingPeak === 0
        ? 'No best-effort task ever waited for room.'
        : `At most ${fixed(summary.pendingPeak)} tasks were pending, on ${dayHour(hourOfLargest(facts, pending))}; ` +
          `${fixed(pending[pending.length - 1])} still were at the end of the run.`,
    spec: {
      width: HALF_WIDTH,
      height: 180,
      layer: [
        {
          data: { values },
          mark: { type: 'area', color: COLOURS.online, opacity: 0.5, line: { color: COLOURS.online } },
          encoding: {
            x: { field: 'hour', ...timeAxis(hours, HALF_WIDTH) },
            y: { field: 'bestEffortPending', type: 'quantitative', title: 'tasks pending' },
          },
        },
        ...warmUpLayers(facts.settings.warmUpMs, hours, HALF_WIDTH),
      ],
    },
  };
}
