/** Which of two tasks submitted in the same millisecond goes first. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, TraceError } from '../../policies/base/assert.ts';
import { openDuckdb, sqlText } from '../../traces/import/usage-duckdb.ts';

/**
 * `file`: the one that stands first in the file; OpenDC reads tasks so (it sorts what it has read by a stable sort and submits one by one).
 * `duckdb`: as DuckDB's `ORDER BY submission_time` leaves them. Its sort is not stable, but it is the same on every run and number of
 * threads; another version of DuckDB may order otherwise.
 */
export const TIE_ORDERS = ['duckdb', 'file'] as const;
export type TieOrder = (typeof TIE_ORDERS)[number];

/** Rows of the tasks file by submission. Throws ConfigError without DuckDB, TraceError when it does not read the file. */
export async function submissionOrder(
  path: string,
  submitUnixMs: Float64Array,
  ties: TieOrder,
): Promise<readonly number[]> {
  if (ties === 'duckdb') return await orderByDuckdb(path);
  return Array.from(submitUnixMs.keys()).sort((a, b) => submitUnixMs[a] - submitUnixMs[b] || a - b);
}

async function orderByDuckdb(path: string): Promise<readonly number[]> {
  const connection = await openDuckdb(join(tmpdir(), 'tidemark-submission-order'));
  if (connection === null)
    throw new ConfigError(
      'ties in the order of DuckDB want the package @duckdb/node-api; install it, or use --ties file',
    );
  try {
    const result = await connection.runAndReadAll(
      `SELECT file_row_number FROM read_parquet(${sqlText(path)}, file_row_number = true) ORDER BY submission_time`,
    );
    return result.getRows().map(([row]) => Number(row));
  } catch (error) {
    throw new TraceError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    connection.closeSync();
  }
}
