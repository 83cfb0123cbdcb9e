/** Who used the memory, with the line above which best effort is evicted. */
import type { RunFacts } from '../facts.ts';
import { fixed, percent } from '../format.ts';
import { binMinutes, binWindows, binWords, rowsOf } from '../frames.ts';
import type { Chart } from './theme.ts';
import { COLOURS, colourScale, FULL_WIDTH, HEIGHT, timeAxis, warmUpLayers, waterLineLayers } from './theme.ts';

const SERIES = [
  ['online services', 'onlineUsedMemMib', COLOURS.online],
  ['system', 'systemUsedMemMib', COLOURS.system],
  ['best effort', 'bestEffortUsedMemMib', COLOURS.bestEffort],
] as const;

/** Pages of files that hosts keep in memory nobody else wants: drawn on top, counted by no line. */
const PAGE_CACHE = ['page cache', 'pageCacheMemMib', '#d9d9d9'] as const;
const DRAWN = [...SERIES, PAGE_CACHE] as const;

export function memoryChart(facts: RunFacts, hours: number): Chart {
  const { settings, results } = facts;
  const minutes = binMinutes(hours, settings.windowMs);
  const bins = rowsOf(
    binWindows(results.tables.windows, minutes, {
      onlineUsedMemMib: 'sum',
      systemUsedMemMib: 'sum',
      bestEffortUsedMemMib: 'sum',
      pageCacheMemMib: 'sum',
      capacityMemMib: 'sum',
    }),
  );
  const values = bins.flatMap((bin) =>
    DRAWN.map(([name, column], order) => ({
      hour: bin.hour,
      name,
      order,
      percent: (100 * (bin[column] as number)) / Math.max(1, bin.capacityMemMib as number),
    })),
  );
  const { summary } = results;
  const peak = Math.max(
    0,
    ...bins
      .filter((bin) => (bin.from as number) >= facts.firstHour)
      .map((bin) =>
        SERIES.reduce(
          (sum, [, column]) => sum + (100 * (bin[column] as number)) / Math.max(1, bin.capacityMemMib as number),
          0,
        ),
      ),
  );
  const line = settings.memEvictPercent;
  return {
    id: 'memory',
    title: 'Memory',
    subtitle: `percent of the memory of hosts that are up, means of ${binWords(minutes)}`,
    width: 'full',
    sentence:
      `On average ${percent(summary.memUtilisationMeanPercent)} of memory was in use, page cache beside it. ` +
      (summary.evictionsMemory === 0
        ? 'No task was evicted for memory.'
        : `${fixed(summary.evictionsMemory)} tasks were evicted for memory. ${againstLine(line, peak)}`),
    spec: {
      width: FULL_WIDTH,
      height: HEIGHT,
      data: { values },
      layer: [
        {
          mark: { type: 'area', opacity: 0.9 },
          encoding: {
            x: { field: 'hour', ...timeAxis(hours, FULL_WIDTH) },
            y: {
              field: 'percent',
              type: 'quantitative',
              stack: 'zero',
              scale: { domain: [0, 100] },
              title: 'memory, % of capacity',
            },
            color: {
              field: 'name',
              type: 'nominal',
              title: null,
              scale: colourScale(DRAWN.map(([name, , colour]) => [name, colour])),
            },
            order: { field: 'order', type: 'quantitative' },
          },
        },
        ...warmUpLayers(settings.warmUpMs, hours, FULL_WIDTH),
        ...waterLineLayers([
          { percent: line, words: 'evicted at', colour: COLOURS.line },
          { percent: settings.memReclaimPercent, words: 'sold up to', colour: COLOURS.second },
        ]),
      ],
    },
  };
}

function againstLine(line: number | null, peak: number): string {
  if (line === null) return '';
  return peak > line
    ? `The whole cluster passed the eviction line: ${percent(peak)} at the peak.`
    : `The whole cluster stayed below the line (${percent(peak)} at the peak): single hosts passed it.`;
}
