/** Tables of a document as files: CSV (RFC 4180) with full digits, and Parquet. */
import type { LabTable } from '../../sim/results/lab-document.ts';
import { parquetOfColumns } from '../../sim/results/parquet.ts';
import type { Column } from '../../sim/results/schema.ts';

/** Names of the columns, then a line a row; what does not exist is an empty cell. */
export function csvOfTable(table: LabTable): string {
  const lines = [table.columns.map((column) => column.name), ...table.rows.map((row) => row.map(csvText))];
  return `${lines.map((cells) => cells.map(quoted).join(',')).join('\n')}\n`;
}

function csvText(value: string | number | null): string {
  return value === null ? '' : String(value);
}

function quoted(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The same table as Parquet; a number that does not exist is NaN. */
export function parquetOfTable(table: LabTable): Promise<Uint8Array> {
  const columns: Record<string, Column> = {};
  for (const [at, { name, type }] of table.columns.entries()) {
    const cells = table.rows.map((row) => row[at]);
    if (type === 'string') columns[name] = cells.map((cell) => csvText(cell));
    else if (type === 'int32') columns[name] = Int32Array.from(cells, Number);
    else columns[name] = Float64Array.from(cells, (cell) => (cell === null ? Number.NaN : Number(cell)));
  }
  return parquetOfColumns(table.columns, columns);
}
