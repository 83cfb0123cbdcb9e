/** A chart that follows the page: its specification, the rows it starts with, and how the script feeds it. */
import type { Chart, Piece } from '../charts/theme.ts';
import { FULL_WIDTH, HALF_WIDTH } from '../charts/theme.ts';
import type { LinkedChartData } from './linked-page.ts';

export interface LinkedChart extends Omit<Chart, 'spec'> {
  readonly kind: LinkedChartData['kind'];
  readonly column: string;
  /** Rows of a chart of points; other kinds take theirs from the series. */
  readonly points: LinkedChartData['points'];
  /** The specification around the rows of the data set `live`. */
  readonly specOf: (live: Piece) => Piece;
}

/** Drawn at its own size, because a brush needs pixels: a little narrower than the still charts of one run. */
export function widthOf(width: Chart['width'], named = false): number {
  if (width === 'full') return FULL_WIDTH - 30;
  // Names of lines stand in the margin to the right.
  return HALF_WIDTH - (named ? 95 : 10);
}

/** Parameters of a chart over hours: what is shown, and hours between two labels (52 units each). */
export function hourParams(from: number, to: number, width: number): readonly Piece[] {
  const steps = [1, 3, 6, 12, 24, 48, 168, 336, 672];
  const fits = steps.map((step) => `(toHour - fromHour) / ${step} * 52 <= ${width} ? ${step} : `).join('');
  return [
    { name: 'fromHour', value: from },
    { name: 'toHour', value: to },
    { name: 'hourStep', expr: `${fits}1344` },
  ];
}

/** Axis of the hours that are shown; labels as in the report of one run. */
export function shownHoursAxis(field = 'hour'): Piece {
  return {
    field,
    type: 'quantitative',
    scale: { domain: [{ expr: 'fromHour' }, { expr: 'toHour' }], nice: false, zero: false },
    title: 'time from the start of the run (UTC day, hour)',
    axis: {
      values: { expr: 'sequence(ceil(fromHour / hourStep) * hourStep, toHour + 0.001, hourStep)' },
      labelExpr:
        "datum.value % 24 === 0 ? 'day ' + (datum.value / 24 + 1) : (datum.value % 24 < 10 ? '0' : '') + datum.value % 24 + ':00'",
      labelFlush: true,
      labelOverlap: true,
      grid: true,
    },
  };
}
