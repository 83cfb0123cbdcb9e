/** The market of batch-cpu: what was published for sale, what tasks requested, what they used. */
import type { RunFacts } from '../facts.ts';
import { percent } from '../format.ts';
import { binMinutes, binWindows, binWords, rowsOf } from '../frames.ts';
import { lineLayer } from './line-chart.ts';
import type { Chart } from './theme.ts';
import { COLOURS, EMPTY_MARGIN, FULL_WIDTH, HEIGHT, warmUpLayers } from './theme.ts';

/** Whether anybody sells batch-cpu: Mesos and a plain scheduler do not, and then there is no market to tell of. */
export function sellsBatch({ settings, results: { summary } }: RunFacts): boolean {
  return settings.cpuReclaimPercent !== null || summary.batchSoldMeanPercent > 0;
}

/** None where nobody sells. */
export function batchPoolChart(facts: RunFacts, hours: number): Chart[] {
  if (!sellsBatch(facts)) return [];
  const { settings, results } = facts;
  const { summary } = results;
  const minutes = binMinutes(hours, settings.windowMs);
  const rows = rowsOf(
    binWindows(results.tables.windows, minutes, {
      batchSoldMilliCpu: 'sum',
      batchRequestedMilliCpu: 'sum',
      bestEffortUsedMilliCpu: 'sum',
      capacityMilliCpu: 'sum',
    }),
  );
  const taken =
    summary.batchSoldMeanPercent > 0 ? (100 * summary.batchRequestedMeanPercent) / summary.batchSoldMeanPercent : 0;
  const soldOut = facts.constraints.find((constraint) => constraint.name === 'batch-cpu');
  const chart: Chart = {
    id: 'batch-pool',
    title: 'batch-cpu: for sale, requested, used',
    subtitle: `percent of cluster CPU, means of ${binWords(minutes)}`,
    width: 'full',
    sentence:
      `Of the batch-cpu for sale (${percent(summary.batchSoldMeanPercent)} of capacity on average) tasks requested ` +
      `${percent(taken)} and used ${percent(summary.bestEffortUtilisationMeanPercent)} of capacity; it was sold out in ` +
      `${percent(soldOut?.windowsPercent ?? 0)} of windows.`,
    spec: {
      width: FULL_WIDTH,
      padding: EMPTY_MARGIN,
      height: HEIGHT,
      layer: [
        lineLayer(
          rows,
          [
            { name: 'for sale', column: 'batchSoldMilliCpu', colour: COLOURS.second, dash: [6, 3] },
            { name: 'requested', column: 'batchRequestedMilliCpu', colour: COLOURS.online },
            { name: 'used', column: 'bestEffortUsedMilliCpu', colour: COLOURS.bestEffort },
          ],
          { title: 'CPU, % of capacity', hours, width: FULL_WIDTH },
          (row, column) => (100 * (row[column] as number)) / Math.max(1, row.capacityMilliCpu as number),
        ),
        ...warmUpLayers(settings.warmUpMs, hours, FULL_WIDTH),
      ],
    },
  };
  return [chart];
}
