/** Who used the CPU: online, system and best effort stacked over the run, with the two CPU water-lines. */
import { numbers } from '../columns.ts';
import type { RunFacts } from '../facts.ts';
import { hourOfLargest } from '../facts.ts';
import { dayHour, percent } from '../format.ts';
import { binMinutes, binWindows, binWords, rowsOf } from '../frames.ts';
import type { Chart } from './theme.ts';
import { COLOURS, colourScale, FULL_WIDTH, timeAxis, warmUpLayers, waterLineLayers } from './theme.ts';

const SERIES = [
  ['online services', 'onlineUsedMilliCpu', COLOURS.online],
  ['system', 'systemUsedMilliCpu', COLOURS.system],
  ['best effort', 'bestEffortUsedMilliCpu', COLOURS.bestEffort],
] as const;

/** Stacked area, percent of the CPU of hosts that are up; what is left to 100 is free. */
export function utilisationChart(facts: RunFacts, hours: number): Chart {
  const { settings, results } = facts;
  const windows = results.tables.windows;
  const minutes = binMinutes(hours, settings.windowMs);
  const bins = rowsOf(
    binWindows(windows, minutes, {
      onlineUsedMilliCpu: 'sum',
      systemUsedMilliCpu: 'sum',
      bestEffortUsedMilliCpu: 'sum',
      capacityMilliCpu: 'sum',
    }),
  );
  const values = bins.flatMap((bin) =>
    SERIES.map(([name, column], order) => ({
      hour: bin.hour,
      name,
      order,
      percent: (100 * (bin[column] as number)) / Math.max(1, bin.capacityMilliCpu as number),
    })),
  );
  const used = new Float64Array(windows.rows);
  const capacity = numbers(windows.columns.capacityMilliCpu);
  for (let row = 0; row < windows.rows; row++) {
    let sum = 0;
    for (const [, column] of SERIES) sum += numbers(windows.columns[column])[row];
    used[row] = capacity[row] > 0 ? sum / capacity[row] : 0;
  }
  const { summary } = results;
  const line = settings.cpuSuppressPercent;
  const gap = line === null ? 0 : line - summary.cpuUtilisationPeakPercent;
  const against =
    line === null
      ? ''
      : gap >= 0
        ? ` The whole cluster stays ${percent(gap)} of capacity under the squeeze line; single hosts reach it earlier.`
        : ` The whole cluster passes the squeeze line by up to ${percent(-gap)} of capacity.`;
  return {
    id: 'utilisation',
    title: 'CPU utilisation',
    subtitle: `percent of the logical CPU of hosts that are up, means of ${binWords(minutes)}; the rest to 100 % is free`,
    width: 'full',
    sentence:
      `On average ${percent(summary.cpuUtilisationMeanPercent)} of CPU was in use: online ` +
      `${percent(summary.onlineUtilisationMeanPercent)}, best effort ${percent(summary.bestEffortUtilisationMeanPercent)}, ` +
      `system ${percent(facts.systemMeanPercent)}. The peak was ${percent(summary.cpuUtilisationPeakPercent)} on ` +
      `${dayHour(hourOfLargest(facts, used))}.${against}`,
    spec: {
      width: FULL_WIDTH,
      height: 260,
      data: { values },
      layer: [
        {
          mark: { type: 'area', opacity: 0.9, line: false },
          encoding: {
            x: { field: 'hour', ...timeAxis(hours, FULL_WIDTH) },
            y: {
              field: 'percent',
              type: 'quantitative',
              stack: 'zero',
              scale: { domain: [0, 100] },
              title: 'CPU, % of capacity',
            },
            color: {
              field: 'name',
              type: 'nominal',
              scale: colourScale(SERIES.map(([name, , colour]) => [name, colour])),
              title: null,
            },
            order: { field: 'order', type: 'quantitative' },
          },
        },
        ...warmUpLayers(settings.warmUpMs, hours, FULL_WIDTH),
        ...waterLineLayers([
          { percent: line, words: 'squeezed at', colour: COLOURS.line },
          { percent: settings.cpuReclaimPercent, words: 'sold up to', colour: COLOURS.second },
        ]),
      ],
    },
  };
}
