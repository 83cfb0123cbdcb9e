/** Ways to sell idle CPU as points: what each gains against what it risks, the peak oracle marked. */
import type { Chart, Piece } from './theme.ts';
import { COLOURS, FULL_WIDTH } from './theme.ts';

/** A mean and the ends of its interval; equal where there is none. */
export interface PointSpan {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export interface SellingPoint {
  readonly name: string;
  readonly gain: PointSpan;
  readonly risk: PointSpan;
  readonly kind: 'policy' | 'bound' | 'several tiers';
}

export interface FrontierFacts {
  readonly id: string;
  readonly riskWords: string;
  /** Whose gain is 0. */
  readonly baseline: string;
  readonly points: readonly SellingPoint[];
  readonly sentence: string;
}

const KINDS = ['policy', 'several tiers', 'bound'] as const;

/** One chart; the dashed line is the gain of the bound. */
export function sellingFrontier({ id, riskWords, baseline, points, sentence }: FrontierFacts): Chart {
  const values = points.map(({ name, gain, risk, kind }) => ({
    name,
    kind,
    gain: gain.mean,
    gainLow: gain.low,
    gainHigh: gain.high,
    risk: risk.mean,
    riskLow: Math.max(0, risk.low),
    riskHigh: risk.high,
  }));
  // A scale over nothing but zeros would have no length.
  const top = Math.max(0.1, 1.1 * Math.max(...values.map((point) => point.riskHigh)));
  const x = {
    field: 'risk',
    type: 'quantitative',
    title: `${riskWords}, %`,
    scale: { domain: [0, top], nice: false },
  };
  const y = { field: 'gain', type: 'quantitative', title: `core-hours done beyond ${baseline}`, scale: { zero: true } };
  const whisker: Piece = { type: 'rule', opacity: 0.45 };
  const bound = values.filter(({ kind }) => kind === 'bound');
  return {
    id,
    title: `Gain against ${riskWords}`,
    subtitle:
      'means over the seeds with 95 % intervals; up and to the left is better; dashed: what knowing the next 24 h would gain',
    width: 'full',
    sentence,
    spec: {
      width: FULL_WIDTH - 190,
      height: 380,
      data: { values },
      layer: [
        {
          data: { values: bound },
          mark: { type: 'rule', strokeDash: [6, 4], color: COLOURS.line },
          encoding: { y: { field: 'gain', type: 'quantitative' } },
        },
        { mark: whisker, encoding: { x: { ...x, field: 'riskLow' }, x2: { field: 'riskHigh' }, y } },
        { mark: whisker, encoding: { x, y: { ...y, field: 'gainLow' }, y2: { field: 'gainHigh' } } },
        {
          mark: { type: 'point', filled: true, size: 70, opacity: 1 },
          encoding: {
            x,
            y,
            color: {
              field: 'kind',
              type: 'nominal',
              title: null,
              scale: { domain: KINDS, range: [COLOURS.online, COLOURS.bestEffort, COLOURS.line] },
            },
            shape: {
              field: 'kind',
              type: 'nominal',
              title: null,
              scale: { domain: KINDS, range: ['circle', 'square', 'diamond'] },
            },
          },
        },
        {
          mark: { type: 'text', align: 'left', dx: 7, dy: -5 },
          encoding: { x, y, text: { field: 'name', type: 'nominal' } },
        },
      ],
    },
  };
}
