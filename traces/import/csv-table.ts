/** CSV with a header line: columns by name, rows with their place. */
import { type RowPlace, readLines, rejectRow } from '../readers/rows.ts';
import { dropRow, type RowContext } from './context.ts';

export interface CsvRow extends RowPlace {
  /** Text of the column, empty when the row has it empty or the file has no such column. */
  field(name: string): string;
}

/**
 * Calls `take` for the rows of a file after its header. Quotes are understood, line breaks inside them are not. `take` throws before it keeps
 * anything: a row that it refuses, or that has another number of fields, is dropped as the context says.
 *
 * Throws TraceError when one of `required` is not in the header.
 */
export async function eachCsvRow(
  path: string,
  required: readonly string[],
  context: RowContext,
  take: (row: CsvRow) => void,
): Promise<void> {
  let columns: Map<string, number> | undefined;
  let row = 0;
  for await (const line of readLines(path, context.reading)) {
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
    const known = columns;
    try {
      const fields = splitCsv(place, line);
      if (fields.length !== known.size) rejectRow(place, `has ${fields.length} fields; the header has ${known.size}`);
      take({ ...place, field: (name) => fields[known.get(name) ?? -1] ?? '' });
    } catch (error) {
      dropRow(context, error);
    }
  }
}

/** Fields of one line; `""` inside quotes is one quote. */
function splitCsv(place: RowPlace, line: string): string[] {
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
