/** Evictions by cause and the work they and failures threw away. */
import { numbers } from '../columns.ts';
import type { RunFacts } from '../facts.ts';
import { dayHour, figures, fixed, percent } from '../format.ts';
import type { Row } from '../frames.ts';
import { binHours, binWindows, rowsOf } from '../frames.ts';
import type { Chart, Piece } from './theme.ts';
import { COLOURS, colourScale, HALF_WIDTH, leastAxisLayer, timeAxis, warmUpLayers } from './theme.ts';

const MOST_BARS = 84;

/** Width of a bar that stands for `step` hours, with a thin gap to the next. */
function barWidth(hours: number, step: number): number {
  return Math.max(1, ((HALF_WIDTH * step) / hours) * 0.85);
}

export function evictionsChart(facts: RunFacts, hours: number): Chart {
  const step = binHours(hours, MOST_BARS);
  const bins = rowsOf(binWindows(facts.results.tables.windows, step * 60, { evictedMemory: 'sum', evictedCpu: 'sum' }));
  const values = bins.flatMap((bin) => [
    { hour: bin.hour, cause: 'for memory', tasks: bin.evictedMemory },
    { hour: bin.hour, cause: 'for CPU', tasks: bin.evictedCpu },
  ]);
  const evicted = (bin: Row): number => (bin.evictedMemory as number) + (bin.evictedCpu as number);
  const measured = bins.filter((bin) => (bin.from as number) >= facts.firstHour);
  const worst = measured.reduce((a, b) => (evicted(b) > evicted(a) ? b : a), measured[0] ?? bins[0]);
  const { summary } = facts.results;
  const all = summary.evictionsMemory + summary.evictionsCpu;
  return {
    id: 'evictions',
    title: 'Evictions',
    subtitle: `best-effort tasks evicted in each ${step} h`,
    width: 'half',
    sentence:
      all === 0 || worst === undefined
        ? 'No best-effort task was evicted.'
        : `${fixed(all)} evictions, ${figures(summary.evictionsPer1000Starts)} for every 1000 starts; most from ` +
          `${dayHour(worst.from as number)} on: ${fixed(evicted(worst))} in ${step} h.`,
    spec: {
      width: HALF_WIDTH,
      height: 180,
      layer: [
        {
          data: { values },
          mark: { type: 'bar', orient: 'vertical', width: barWidth(hours, step) },
          encoding: {
            x: { field: 'hour', ...timeAxis(hours, HALF_WIDTH) },
            y: { field: 'tasks', type: 'quantitative', stack: 'zero', title: 'tasks evicted' },
            color: {
              field: 'cause',
              type: 'nominal',
              title: null,
              scale: colourScale([
                ['for memory', COLOURS.second],
                ['for CPU', COLOURS.bestEffort],
              ]),
            },
          },
        },
        leastAxisLayer(1),
        ...warmUpLayers(facts.settings.warmUpMs, hours, HALF_WIDTH),
      ],
    },
  };
}

export function wastedWorkChart(facts: RunFacts, hours: number): Chart {
  const step = binHours(hours, MOST_BARS);
  const batch = facts.results.tables.batchHours;
  const wastedByBin = new Float64Array(Math.max(1, Math.ceil(hours / step)));
  const hour = numbers(batch.columns.hour);
  const wasted = numbers(batch.columns.wastedCoreHours);
  for (let row = 0; row < batch.rows; row++)
    wastedByBin[Math.min(wastedByBin.length - 1, Math.floor(hour[row] / step))] += wasted[row];
  const values = Array.from(wastedByBin, (coreHours, bin) => ({ hour: (bin + 0.5) * step, coreHours }));
  const { summary } = facts.results;
  const bars: Piece = {
    data: { values },
    mark: { type: 'bar', orient: 'vertical', color: COLOURS.line, width: barWidth(hours, step) },
    encoding: {
      x: { field: 'hour', ...timeAxis(hours, HALF_WIDTH) },
      y: { field: 'coreHours', type: 'quantitative', title: 'core-hours thrown away' },
    },
  };
  return {
    id: 'wasted-work',
    title: 'Work thrown away',
    subtitle: `core-hours lost by evictions and failures in each ${step} h`,
    width: 'half',
    sentence:
      `${fixed(summary.wastedCoreHours)} core-hours were thrown away, ${percent(summary.wastedPercent)} of the work done; ` +
      `${fixed(summary.doneCoreHours)} core-hours were finished.`,
    spec: {
      width: HALF_WIDTH,
      height: 180,
      layer: [bars, ...warmUpLayers(facts.settings.warmUpMs, hours, HALF_WIDTH)],
    },
  };
}
