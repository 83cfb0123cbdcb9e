/**
 * Rows that are objects with members inside members: JSON lines, plain or gzipped, or Parquet with groups and lists. The content says
 * which, not the name.
 */
import { open } from 'node:fs/promises';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { TraceError } from '../../policies/base/assert.ts';
import { readLineBlocks } from '../readers/rows.ts';
import { dropRow, type ImportContext } from './context.ts';
import type { Located } from './json-access.ts';

/**
 * Calls `take` for every row of the files in order. A row that `take` refuses with a TraceError, or that is no JSON, is dropped as the
 * context says. Parquet is read row group by row group, one of which is in memory. Throws TraceError with file and row.
 */
export async function eachObject(
  paths: readonly string[],
  context: ImportContext,
  take: (row: Located) => void,
): Promise<void> {
  for (const path of paths)
    if (await isParquet(path)) await eachParquetRow(path, context, take);
    else await eachLine(path, context, take);
}

async function eachLine(path: string, context: ImportContext, take: (row: Located) => void): Promise<void> {
  let row = 0;
  for await (const lines of readLineBlocks(path, context.reading))
    for (const line of lines) {
      row += 1;
      if (line === '') continue;
      try {
        take({ value: parseLine(line, path, row), where: `${path}:${row}:` });
      } catch (error) {
        dropRow(context, error);
      }
    }
}

function parseLine(line: string, path: string, row: number): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new TraceError(`${path}:${row} is not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
}

const MAGIC = 'PAR1';

async function isParquet(path: string): Promise<boolean> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
      return bytesRead === 4 && buffer.toString('latin1') === MAGIC;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new TraceError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function eachParquetRow(path: string, context: ImportContext, take: (row: Located) => void): Promise<void> {
  const readable = async <T>(work: () => Promise<T>, row: number): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw new TraceError(`${path}:${row} ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const file = await readable(() => asyncBufferFromFile(path), 1);
  const metadata = await readable(() => parquetMetadataAsync(file), 1);
  let start = 0;
  let told = 0;
  for (const [group, { num_rows }] of metadata.row_groups.entries()) {
    const rowStart = start;
    const rowEnd = start + Number(num_rows);
    const rows = await readable(
      () => parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd }),
      rowStart + 1,
    );
    for (let at = 0; at < rows.length; at++)
      try {
        take({ value: rows[at], where: `${path}:${rowStart + at + 1}:` });
      } catch (error) {
        dropRow(context, error);
      }
    start = rowEnd;
    const read = Math.round((file.byteLength * (group + 1)) / metadata.row_groups.length);
    context.reading.onBytes?.(read - told);
    told = read;
  }
}
