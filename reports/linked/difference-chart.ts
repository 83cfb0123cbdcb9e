/** Differences against the baseline, every outcome in its own margins. */
import type { LabDocument } from '../../sim/results/lab-document.ts';
import { FULL_WIDTH } from '../charts/theme.ts';
import { figures as shortFigure } from '../format.ts';
import { armScale } from './arm-colours.ts';
import type { LinkedChart } from './linked-chart.ts';

const VERDICTS = ['better', 'worse', 'equivalent', 'undecided', 'one seed'] as const;

/** Differences in margins, turned so that right is better: a point an outcome and arm, with its interval. */
export function differenceChart(document: LabDocument): LinkedChart[] {
  const { differences, figures } = document;
  if (differences.length === 0) return [];
  const known = new Map(figures.map((figure, rank) => [figure.figure, { ...figure, rank }]));
  const points = differences.flatMap(({ arm, figure, difference, low, high, margin, verdict }) => {
    const own = known.get(figure);
    if (own === undefined || !(margin > 0)) return [];
    const sign = own.better === 'higher' ? 1 : -1;
    const ends = [low ?? difference, high ?? difference].map((end) => (sign * end) / margin).sort((a, b) => a - b);
    return [
      {
        arm,
        outcome: own.words,
        rank: own.rank,
        value: (sign * difference) / margin,
        low: ends[0],
        high: ends[1],
        difference: `${shortFigure(difference)}${own.unit === '' ? '' : ` ${own.unit}`}`,
        verdict,
      },
    ];
  });
  if (points.length === 0) return [];
  const arms = [...new Set(points.map((point) => point.arm))];
  // Intervals of two or three seeds may be thousands of margins wide; they run out of the chart, points do not.
  const widest = Math.max(...points.flatMap((point) => [Math.abs(point.low), Math.abs(point.high)]));
  const reach = Math.max(2, Math.min(widest, 10 * Math.max(2, ...points.map((point) => Math.abs(point.value)))));
  const counts = VERDICTS.map(
    (verdict) => [verdict, points.filter((point) => point.verdict === verdict).length] as const,
  );
  const said = counts.filter(([, count]) => count > 0).map(([verdict, count]) => `${count} ${verdict}`);
  const y = {
    field: 'outcome',
    type: 'nominal',
    sort: { field: 'rank', order: 'ascending' },
    title: null,
    axis: { labelLimit: 420, grid: true },
  };
  const offset = arms.length > 1 ? { yOffset: { field: 'arm', type: 'nominal', scale: { domain: arms } } } : {};
  const x = {
    type: 'quantitative',
    title: 'difference in margins; right is better',
    scale: { type: 'symlog', constant: 1, domain: [-reach, reach] },
    axis: { values: tickMargins(reach) },
  };
  return [
    {
      id: 'differences',
      kind: 'points',
      column: '',
      points,
      title: `Against ${document.arms[0].name}`,
      subtitle:
        'one margin: the smallest difference that matters; shaded: differences too small to matter; bars: intervals that hold together (cut at the edge)',
      width: 'full',
      sentence: `Of ${points.length} differences ${said.join(', ')}.`,
      specOf: (live) => ({
        width: FULL_WIDTH - 200,
        height: Math.max(22, 13 * arms.length) * new Set(points.map((point) => point.outcome)).size,
        layer: [
          {
            data: { values: [{ from: -1, to: 1 }] },
            mark: { type: 'rect', color: 'currentColor', opacity: 0.09 },
            encoding: { x: { field: 'from', ...x }, x2: { field: 'to' } },
          },
          {
            data: { values: [{ at: 0 }] },
            mark: { type: 'rule', color: 'currentColor', opacity: 0.6 },
            encoding: { x: { field: 'at', ...x } },
          },
          {
            data: live,
            mark: { type: 'rule', strokeWidth: 2, opacity: 0.7, clip: true },
            encoding: { y, ...offset, x: { field: 'low', ...x }, x2: { field: 'high' }, color: armScale(document) },
          },
          {
            data: live,
            mark: { type: 'point', filled: true, size: 60, opacity: 1 },
            encoding: {
              y,
              ...offset,
              x: { field: 'value', ...x },
              color: armScale(document),
              shape: {
                field: 'verdict',
                type: 'nominal',
                title: null,
                scale: { domain: VERDICTS, range: ['triangle-right', 'triangle-left', 'square', 'circle', 'diamond'] },
                legend: {
                  values: said.length > 0 ? counts.filter(([, count]) => count > 0).map(([verdict]) => verdict) : [],
                },
              },
              tooltip: [
                { field: 'arm', type: 'nominal' },
                { field: 'outcome', type: 'nominal' },
                { field: 'difference', type: 'nominal' },
                { field: 'verdict', type: 'nominal' },
              ],
            },
          },
        ],
      }),
    },
  ];
}

/** Margins to label, both ways: 0, 1, then powers of ten. */
function tickMargins(reach: number): number[] {
  const sizes = [1];
  for (let size = 10; size <= reach; size *= 10) sizes.push(size);
  return [...sizes.map((size) => -size).reverse(), 0, ...sizes];
}
