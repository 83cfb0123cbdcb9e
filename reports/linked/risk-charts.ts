/** What a search tested: risk and figure along the values. */
import type { LabRisk } from '../../sim/results/lab-document.ts';
import type { Piece } from '../charts/theme.ts';
import { COLOURS, colourScale, HALF_WIDTH, ruleLayers } from '../charts/theme.ts';
import { percent, setPercent, figures as shortFigure } from '../format.ts';
import type { LinkedChart } from './linked-chart.ts';

const VERDICT_COLOURS = [
  ['safe', COLOURS.third],
  ['not shown safe', COLOURS.bestEffort],
  ['unsafe', COLOURS.line],
  ['only looked at', COLOURS.system],
] as const;

/** P(violation) with its bounds, and the figure against its budget, along the values tested. */
export function riskCharts(risk: LabRisk | null): LinkedChart[] {
  if (risk === null || risk.candidates.length === 0) return [];
  const { candidates, epsilon, budget, figure } = risk;
  const points = candidates.map((candidate, rank) => ({
    arm: candidate.name,
    rank,
    verdict: candidate.verdict,
    percent: (100 * candidate.hits) / Math.max(1, candidate.n),
    low: 100 * candidate.low,
    high: 100 * candidate.high,
    runs: `${candidate.hits} of ${candidate.n} runs violate`,
    mean: candidate.figure.mean,
    meanLow: candidate.figure.mean - (candidate.figure.halfWidth ?? 0),
    meanHigh: candidate.figure.mean + (candidate.figure.halfWidth ?? 0),
  }));
  const recommended = candidates.find((candidate) => candidate.recommended);
  const color = {
    field: 'verdict',
    type: 'nominal',
    title: null,
    scale: colourScale(VERDICT_COLOURS),
    legend: {
      values: VERDICT_COLOURS.map(([name]) => name).filter((name) => candidates.some((own) => own.verdict === name)),
    },
  };
  const x = {
    field: 'arm',
    type: 'nominal',
    sort: { field: 'rank', order: 'ascending' },
    title: null,
    axis: { labelAngle: -25, labelLimit: 190 },
  };
  const tooltip = [
    { field: 'arm', type: 'nominal' },
    { field: 'runs', type: 'nominal' },
    { field: 'verdict', type: 'nominal' },
  ];
  const panel =
    (axis: string, [low, mid, high]: readonly [string, string, string], line: readonly Piece[]) =>
    (live: Piece): Piece => ({
      width: HALF_WIDTH - 95,
      height: 220,
      layer: [
        {
          data: live,
          mark: { type: 'rule', strokeWidth: 2 },
          encoding: {
            x,
            y: { field: low, type: 'quantitative', title: axis, scale: { zero: true } },
            y2: { field: high },
            color,
          },
        },
        {
          data: live,
          mark: { type: 'point', filled: true, size: 80, opacity: 1 },
          encoding: { x, y: { field: mid, type: 'quantitative' }, color, tooltip },
        },
        ...line,
      ],
    });
  const { unit } = figure;
  const axis = unit === '' ? figure.words : `${figure.words}, ${unit}`;
  const budgetWords = `budget ${shortFigure(budget)}`;
  return [
    {
      id: 'risk',
      kind: 'points',
      column: '',
      points,
      title: 'Risk along the values',
      subtitle: 'share of runs that violate, with one-sided bounds; safe is below the dashed line with its whole bar',
      width: 'half',
      sentence:
        recommended === undefined
          ? `No value lies below ${setPercent(100 * epsilon)} with its whole bar.`
          : `${recommended.name} is the largest value shown safe: ${recommended.hits} of ${recommended.n} runs violate, so at most ${percent(100 * recommended.high)} of runs do.`,
      specOf: panel(
        'runs that violate, %',
        ['low', 'percent', 'high'],
        ruleLayers(100 * epsilon, setPercent(100 * epsilon), COLOURS.line),
      ),
    },
    {
      id: 'budget',
      kind: 'points',
      column: '',
      points,
      title: `${figure.words.charAt(0).toUpperCase()}${figure.words.slice(1)} along the values`,
      subtitle: 'mean over the runs of each value with its 95 % interval; dashed: the budget of one run',
      width: 'half',
      sentence:
        recommended === undefined
          ? `Already ${candidates[0].name} stands at ${shortFigure(candidates[0].figure.mean)} against a budget of ${shortFigure(budget)}.`
          : `At ${recommended.name} the mean is ${shortFigure(recommended.figure.mean)}, ${shortFigure(budget - recommended.figure.mean)} below the budget of ${shortFigure(budget)}.`,
      specOf: panel(axis, ['meanLow', 'mean', 'meanHigh'], ruleLayers(budget, budgetWords, COLOURS.line)),
    },
  ];
}
