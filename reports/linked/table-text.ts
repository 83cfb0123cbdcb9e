/** Tables of a document as text cells: for pages and Markdown. A column and the half width behind it become one cell. */
import type { LabColumn, LabTable } from '../../sim/results/lab-document.ts';
import { duration, figures, fixed, percent } from '../format.ts';
import type { PageTable } from '../html-parts.ts';

const HALF_WIDTH = 'HalfWidth';

/** A cell in its unit; nothing for what does not exist. */
function cellText(value: string | number | null, unit: string, rowUnit: boolean): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (unit === '%') return percent(value);
  if (unit === 'ms') return duration(value);
  if (Number.isInteger(value)) return rowUnit && unit !== '' ? `${fixed(value)} ${unit}` : fixed(value);
  // Units of columns stand in their headings, units of rows here.
  return rowUnit && unit !== '' ? `${figures(value)} ${unit}` : figures(value);
}

/** Heading with unit where cells do not carry it. */
function headingOf({ about, name, unit }: LabColumn): string {
  const words = about === '' ? name : about;
  return ['', '%', 'ms', 'row'].includes(unit) ? words : `${words}, ${unit}`;
}

export function pageTableOf(table: LabTable): PageTable {
  const folded = (at: number): boolean => table.columns[at + 1]?.name === `${table.columns[at].name}${HALF_WIDTH}`;
  const unitAt = table.columns.findIndex((column) => column.name === 'unit');
  const shown = table.columns
    .map((_, at) => at)
    .filter((at) => !table.columns[at].name.endsWith(HALF_WIDTH) && at !== unitAt);
  return {
    caption: table.caption,
    columns: shown.map((at) => ({
      heading: headingOf(table.columns[at]),
      kind: table.columns[at].type !== 'string' ? 'number' : table.columns[at].name === 'command' ? 'wrap' : 'text',
    })),
    rows: table.rows.map((row) =>
      shown.map((at) => {
        const unit = table.columns[at].unit === 'row' ? String(row[unitAt]) : table.columns[at].unit;
        const rowUnit = table.columns[at].unit === 'row';
        const text = cellText(row[at], unit, rowUnit);
        const half = folded(at) ? row[at + 1] : null;
        return half === null || half === 0 ? text : `${text} \u00b1 ${cellText(half, unit, rowUnit)}`;
      }),
    ),
  };
}
