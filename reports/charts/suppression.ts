/** Best-effort CPU that was wanted and not granted. */
import { numbers, quantileOf } from '../columns.ts';
import type { RunFacts } from '../facts.ts';
import { hourOfLargest } from '../facts.ts';
import { dayHour, fixed, percent } from '../format.ts';
import { binMinutes, binWindows, binWords, rowsOf } from '../frames.ts';
import type { Chart } from './theme.ts';
import { COLOURS, HALF_WIDTH, leastAxisLayer, timeAxis, warmUpLayers } from './theme.ts';

export function suppressionChart(facts: RunFacts, hours: number): Chart {
  const windows = facts.results.tables.windows;
  const minutes = binMinutes(hours, facts.settings.windowMs);
  const values = rowsOf(binWindows(windows, minutes, { suppressedMilliCpu: 'sum', bestEffortUsedMilliCpu: 'sum' })).map(
    (bin) => {
      const denied = bin.suppressedMilliCpu as number;
      return { hour: bin.hour, percent: (100 * denied) / Math.max(1, denied + (bin.bestEffortUsedMilliCpu as number)) };
    },
  );
  const squeezed = numbers(windows.columns.suppressedHosts);
  const { summary } = facts.results;
  const most = quantileOf(squeezed.subarray(facts.firstRow), 1);
  return {
    id: 'suppression',
    title: 'Best effort squeezed',
    subtitle: `CPU denied, percent of best-effort demand, means of ${binWords(minutes)}`,
    width: 'half',
    sentence:
      most === 0
        ? 'Best effort got all the CPU it wanted.'
        : `${percent(summary.suppressedPercentOfDemand)} of the CPU best effort wanted was denied, over ` +
          `${fixed(summary.suppressedHostHours)} host-hours; at most ${fixed(most)} hosts were squeezed at once ` +
          `(${dayHour(hourOfLargest(facts, squeezed))}).`,
    spec: {
      width: HALF_WIDTH,
      height: 180,
      data: { values },
      layer: [
        {
          mark: { type: 'area', color: COLOURS.bestEffort, opacity: 0.5, line: { color: COLOURS.bestEffort } },
          encoding: {
            x: { field: 'hour', ...timeAxis(hours, HALF_WIDTH) },
            y: { field: 'percent', type: 'quantitative', title: 'denied, % of demand', scale: { zero: true } },
          },
        },
        leastAxisLayer(0.1),
        ...warmUpLayers(facts.settings.warmUpMs, hours, HALF_WIDTH),
      ],
    },
  };
}
