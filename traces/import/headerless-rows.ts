/** Rows of a table without a header, each with its number of fields checked and its errors thrown or listed. */
import { type RowPlace, readLineBlocks, rejectRow } from '../readers/rows.ts';
import { dropRow, type ImportContext } from './context.ts';

/**
 * Calls `take` for every row of every path. `take` throws before it keeps anything, so that a dropped row leaves no trace.
 *
 * Throws TraceError with file and row for a row with another number of fields than `fields` (at least, when `more` is set).
 */
export async function takeRows(
  table: { readonly name: string; readonly fields: number; readonly separator?: string; readonly more?: boolean },
  paths: readonly string[],
  context: ImportContext,
  take: (fields: readonly string[], place: RowPlace) => void,
): Promise<void> {
  const separator = table.separator ?? ',';
  for (const path of paths) {
    let row = 0;
    for await (const lines of readLineBlocks(path, context.reading))
      for (const line of lines) {
        row += 1;
        if (line === '') continue;
        const fields = line.split(separator);
        const place = { path, row };
        try {
          if (fields.length < table.fields || (fields.length > table.fields && table.more !== true))
            rejectRow(place, `has ${fields.length} fields; ${table.name} has ${table.fields}`);
          take(fields, place);
        } catch (error) {
          dropRow(context, error);
        }
      }
  }
}
