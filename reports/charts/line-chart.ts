/** Lines over simulated time in percent or another unit: what several charts are made of. */
import type { Row } from '../frames.ts';
import type { Piece } from './theme.ts';
import { colourScale, timeAxis } from './theme.ts';

export interface Line {
  readonly name: string;
  readonly column: string;
  readonly colour: string;
  readonly dash?: readonly number[];
}

/** Layers of `lines` over `rows` (each with `hour`); `scale` turns a row's entry into what is drawn. */
export function lineLayer(
  rows: readonly Row[],
  lines: readonly Line[],
  axis: { readonly title: string; readonly hours: number; readonly width: number; readonly domain?: readonly number[] },
  scale: (row: Row, column: string) => number,
): Piece {
  const values = rows.flatMap((row) =>
    lines.map((line) => ({ hour: row.hour, name: line.name, value: scale(row, line.column) })),
  );
  const named = lines.map((line) => [line.name, line.colour] as const);
  return {
    data: { values },
    mark: { type: 'line', strokeWidth: 1.8, interpolate: 'linear' },
    encoding: {
      x: { field: 'hour', ...timeAxis(axis.hours, axis.width) },
      y: {
        field: 'value',
        type: 'quantitative',
        title: axis.title,
        ...(axis.domain === undefined ? { scale: { zero: true } } : { scale: { domain: axis.domain } }),
      },
      color: {
        field: 'name',
        type: 'nominal',
        scale: colourScale(named),
        title: null,
        ...(lines.length > 1 ? {} : { legend: null }),
      },
      ...(lines.some((line) => line.dash !== undefined)
        ? {
            strokeDash: {
              field: 'name',
              type: 'nominal',
              scale: { domain: lines.map((line) => line.name), range: lines.map((line) => line.dash ?? [1, 0]) },
              title: null,
            },
          }
        : {}),
    },
  };
}
