/** CSV with a header line: columns by name, rows with their place. */
import { type ReadOptions, type RowPlace, readLines, rejectRow } from '../readers/rows.ts';

export interface CsvRow extends RowPlace {
  /** Text of the column, empty when the row has it empty or the file has no such column. */
  field(name: string): string;
}

/**
 * The rows of a file after its header. Quotes are understood, line breaks inside them are not.
 *
 * Throws TraceError when one of `required` is not in the header or a row has another number of fields.
 */
export async function* readCsv(
  path: string,
  required: readonly string[],
  reading: ReadOptions = {},
): AsyncGenerator<CsvRow> {
  let columns: Map<string, number> | undefined;
  let row = 0;
  for await (const line of readLines(path, reading)) {
    row += 1;
    const place = { path, row };
    if (columns === undefined) {
      const names = splitCsv(place, line);
      columns = new Map(names.map((name, index) => [name.trim(), index]));
      for (const name of required)
        if (!columns.has(name)) rejectRow(place, `has no column ${name}; it has ${names.join(', ')}`);
      continue;
    }
    if (line === '') continue;
    const fields = splitCsv(place, line);
    if (fields.length !== columns.size) rejectRow(place, `has ${fields.length} fields; the header has ${columns.size}`);
    const known = columns;
    yield { path, row, field: (name) => fields[known.get(name) ?? -1] ?? '' };
  }
}

/** Fields of one line; `""` inside quotes is one quote. */
export function splitCsv(place: RowPlace, line: string): string[] {
  if (!line.includes('"')) return line.split(',');
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let at = 0; at < line.length; at++) {
    const char = line[at];
    if (quoted && char === '"' && line[at + 1] === '"') {
      field += '"';
      at += 1;
    } else if (char === '"') quoted = !quoted;
    else if (char === ',' && !quoted) {
      fields.push(field);
      field = '';
    } else field += char;
  }
  if (quoted) rejectRow(place, 'ends inside a quoted field');
  fields.push(field);
  return fields;
}
