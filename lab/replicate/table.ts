/** One published table: rows of a quantity with what was published and what this run got. */

export interface TableRow {
  readonly name: string;
  /** null where nothing is published for these inputs. */
  readonly expected: number | string | null;
  readonly got: number | string;
  /** Largest difference that counts as equal; 0 = exactly equal. */
  readonly tolerance: number;
}

export interface Table {
  readonly name: string;
  /** What was run, in one line. */
  readonly about: string;
  readonly rows: readonly TableRow[];
  readonly notes: readonly string[];
}

/** Whether a row does not contradict what was published; rows without an expected value do. */
export function agrees(row: TableRow): boolean {
  if (row.expected === null) return true;
  if (typeof row.expected === 'number' && typeof row.got === 'number')
    return Math.abs(row.expected - row.got) <= row.tolerance;
  return row.expected === row.got;
}

/** Whether no row contradicts what was published. */
export function tableAgrees(table: Table): boolean {
  return table.rows.every(agrees);
}

function verdict(row: TableRow): string {
  if (row.expected === null) return '';
  return agrees(row) ? 'agrees' : 'DIFFERS';
}

/** Hashes are for comparing, not for reading: their first 16 digits are shown. */
function shown(value: number | string): string {
  const text = String(value);
  return text.length > 48 ? `${text.slice(0, 16)}...` : text;
}

/** The table as text, one line a row. */
export function tableText(table: Table): string {
  const cells = table.rows.map((row) => [
    row.name,
    row.expected === null ? '-' : shown(row.expected),
    shown(row.got),
    verdict(row),
  ]);
  const head = ['', 'published', 'got', ''];
  const width = [0, 1, 2].map((column) => Math.max(...[head, ...cells].map((row) => row[column].length)));
  const line = (row: readonly string[]) =>
    `  ${row[0].padEnd(width[0])}  ${row[1].padStart(width[1])}  ${row[2].padStart(width[2])}  ${row[3]}`.trimEnd();
  const compared = table.rows.filter((row) => row.expected !== null);
  const last =
    compared.length === 0
      ? 'nothing is published for these inputs'
      : `${compared.filter(agrees).length} of ${compared.length} rows agree with what was published`;
  return `${[table.about, line(head), ...cells.map(line), ...table.notes.map((note) => `  note: ${note}`), last].join('\n')}\n`;
}
