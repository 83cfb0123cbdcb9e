/** Capacity that is free and cannot be sold, because the other resource of the host is gone. */
import type { RunFacts } from '../facts.ts';
import { percent } from '../format.ts';
import type { Chart } from './theme.ts';
import { COLOURS, colourScale, HALF_WIDTH } from './theme.ts';

export function strandingChart(facts: RunFacts): Chart {
  const values = facts.shapes.flatMap((shape) => [
    { shape: shape.shape, resource: 'CPU', percent: shape.strandedCpuPercent },
    { shape: shape.shape, resource: 'memory', percent: shape.strandedMemPercent },
  ]);
  const { summary } = facts.results;
  const worst = facts.shapes.reduce((a, b) => (b.strandedCpuPercent > a.strandedCpuPercent ? b : a), facts.shapes[0]);
  const more = summary.strandedCpuPercent > summary.strandedMemPercent ? 'memory runs out first' : 'CPU runs out first';
  return {
    id: 'stranding',
    title: 'Stranded capacity',
    subtitle: 'free to sell while the other resource is not, percent of the capacity of the shape, means over the run',
    width: 'half',
    sentence:
      worst === undefined || summary.strandedCpuPercent + summary.strandedMemPercent === 0
        ? 'No capacity was stranded.'
        : `${percent(summary.strandedCpuPercent)} of CPU and ${percent(summary.strandedMemPercent)} of memory are stranded (${more}); ` +
          `shape ${worst.shape} strands most CPU, ${percent(worst.strandedCpuPercent)}.`,
    spec: {
      width: HALF_WIDTH,
      height: Math.max(90, 44 * facts.shapes.length),
      data: { values },
      mark: { type: 'bar' },
      encoding: {
        y: { field: 'shape', type: 'nominal', title: null, sort: null, axis: { labelLimit: 120 } },
        yOffset: { field: 'resource', type: 'nominal' },
        x: { field: 'percent', type: 'quantitative', title: 'stranded, % of capacity' },
        color: {
          field: 'resource',
          type: 'nominal',
          title: null,
          scale: colourScale([
            ['CPU', COLOURS.online],
            ['memory', COLOURS.second],
          ]),
        },
      },
    },
  };
}
