/** Tornado: how far an answer moves when each assumption goes to the ends of its range, the widest first. */
import type { Chart } from './theme.ts';
import { COLOURS, colourScale, FULL_WIDTH } from './theme.ts';

export interface TornadoBar {
  readonly name: string;
  /** Ends of the range as text with unit. */
  readonly lowText: string;
  readonly highText: string;
  readonly atLow: number;
  readonly atHigh: number;
}

export interface TornadoFacts {
  /** What is drawn, as it stands in a sentence: `late requests`. */
  readonly words: string;
  readonly unit: string;
  readonly base: number;
  /** Largest swing first. */
  readonly bars: readonly TornadoBar[];
  readonly sentence: string;
}

const LOW = 'at the low end of the range';
const HIGH = 'at the high end of the range';
const ROW_HEIGHT = 20;

export function tornadoChart(facts: TornadoFacts): Chart {
  const { base, bars, words, unit } = facts;
  const values = bars.flatMap((bar, rank) => [
    { rank, name: bar.name, end: LOW, from: base, to: bar.atLow, range: bar.lowText },
    { rank, name: bar.name, end: HIGH, from: base, to: bar.atHigh, range: bar.highText },
  ]);
  const y = {
    field: 'name',
    type: 'nominal',
    sort: { field: 'rank', order: 'ascending' },
    title: null,
    axis: { labelLimit: 220 },
  };
  const title = unit === '' ? words : `${words}, ${unit}`;
  return {
    id: 'tornado',
    title: `What moves ${words}`,
    subtitle: 'one coefficient at a time to the ends of its range, everything else as in the plan; dashed: the plan',
    width: 'full',
    sentence: facts.sentence,
    spec: {
      width: FULL_WIDTH - 190,
      height: Math.max(1, bars.length) * ROW_HEIGHT,
      layer: [
        {
          data: { values },
          mark: { type: 'bar', height: { band: 0.7 }, opacity: 0.85 },
          encoding: {
            y,
            x: { field: 'from', type: 'quantitative', title, scale: { zero: false } },
            x2: { field: 'to' },
            color: {
              field: 'end',
              type: 'nominal',
              title: null,
              scale: colourScale([
                [LOW, COLOURS.online],
                [HIGH, COLOURS.bestEffort],
              ]),
            },
          },
        },
        {
          data: { values: [{ base }] },
          mark: { type: 'rule', color: 'currentColor', strokeDash: [6, 4], strokeWidth: 1.5 },
          encoding: { x: { field: 'base', type: 'quantitative' } },
        },
      ],
    },
  };
}
