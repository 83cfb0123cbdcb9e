/**
 * The same tables of use through DuckDB: one query from CSV to parquet, on one thread, in bounded memory, with no extension fetched.
 *
 * DuckDB is an optional package. Whatever is odd in the data ends the query, and the caller reads the table as a stream instead.
 */
import { rm } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { UsageCsv, UsageScale, UsageScales } from './usage-csv.ts';

const MEMORY_LIMIT = '160MB';
/** DuckDB's own is eight times as large and costs 30 to 75 MiB more, at the same speed. */
const READ_BUFFER_BYTES = 4_194_304;

/** A connection to a database in memory, or null when the package is not installed. */
export async function openDuckdb(temporary: string): Promise<DuckDBConnection | null> {
  let api: typeof import('@duckdb/node-api');
  try {
    api = await import('@duckdb/node-api');
  } catch {
    return null;
  }
  const instance = await api.DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: MEMORY_LIMIT,
    temp_directory: temporary,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    preserve_insertion_order: 'true',
  });
  const connection = await instance.connect();
  // The database goes with its last connection.
  instance.closeSync();
  return connection;
}

/** Text as an SQL literal. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * Copies the parts to the parquet file `target` and gives its ids, if wanted; null when DuckDB is not there or does not accept every row.
 */
export async function copyUsageWithDuckdb(
  table: UsageCsv,
  paths: readonly string[],
  scales: UsageScales,
  other: UsageScale,
  target: string,
  keepIds: boolean,
  onShare: (share0to1: number) => void = () => undefined,
): Promise<{ ids: string[]; rows: number; emptyIds: number } | null> {
  const connection = await openDuckdb(`${target}.tmp`);
  if (connection === null) return null;
  try {
    // The other way round, samples would come in the order of the ids.
    await connection.run(`SET disabled_optimizers = 'join_order,build_side_probe_side'`);
    const worth = await worthOf(connection, scales, other);
    await withProgress(connection, onShare, () =>
      connection.run(
        `COPY (${usageQuery(table, paths, worth)}) TO ${sqlText(target)} (FORMAT parquet, COMPRESSION snappy)`,
      ),
    );
    // The footer counts rows and unknowns of each column: the table is not read again.
    const [rows, bad] = await numbersOf(
      connection,
      `SELECT coalesce(sum(num_values) FILTER (path_in_schema = 'id'), 0), coalesce(sum(stats_null_count), 0) FROM parquet_metadata(${sqlText(target)})`,
    );
    if (bad > 0) {
      await rm(target, { force: true });
      return null;
    }
    const found = keepIds ? await connection.runAndReadAll(`SELECT DISTINCT id FROM ${sqlText(target)}`) : null;
    const ids = found === null ? [] : found.getRows().map(([id]) => String(id));
    return { ids: ids.sort(), rows, emptyIds: 0 };
  } catch {
    await rm(target, { force: true });
    return null;
  } finally {
    connection.closeSync();
    await rm(`${target}.tmp`, { recursive: true, force: true });
  }
}

/** The numbers in the one row of an answer. */
async function numbersOf(connection: DuckDBConnection, sql: string): Promise<number[]> {
  return (await connection.runAndReadAll(sql)).getRows()[0].map(Number);
}

const LOOK_MS = 200;

/** Tells how far the query is while it runs; DuckDB works it out from the packed bytes it has read. */
async function withProgress(
  connection: DuckDBConnection,
  onShare: (share0to1: number) => void,
  query: () => Promise<unknown>,
): Promise<void> {
  await connection.run('SET enable_progress_bar = true');
  await connection.run('SET enable_progress_bar_print = false');
  const timer = setInterval(() => {
    const { percentage } = connection.progress;
    if (percentage > 0) onShare(Math.min(1, percentage / 100));
  }, LOOK_MS);
  try {
    await query();
  } finally {
    clearInterval(timer);
  }
}

/** What a unit of use is worth for each `id`, as SQL, and what has to be joined for it. */
interface Worth {
  readonly milliCpu: string;
  readonly memMib: string;
  readonly join: string;
}

/** So many kinds of scale are told apart by asking for the ids of each. */
const MOST_KINDS = 32;

/**
 * Scales of few kinds are asked for kind by kind: unlike a join this keeps the order of the samples. Ids are compared by a hash of 64 bits, which
 * takes a third of the memory: of 3 million ids no two share one but once in four million tables.
 */
async function worthOf(connection: DuckDBConnection, scales: UsageScales, other: UsageScale): Promise<Worth> {
  const same = { milliCpu: `${other.milliCpu}::DOUBLE`, memMib: `${other.memMib}::DOUBLE`, join: '' };
  // A join with nothing would still look at every id.
  if (('sql' in scales ? scales.count : scales.size) === 0) return same;
  if (!('sql' in scales)) await loadScales(connection, scales);
  const table = 'sql' in scales ? `(${scales.sql})` : 'scales';
  const kinds = await connection.runAndReadAll(
    `SELECT DISTINCT milliCpu, memMib FROM ${table} ORDER BY ALL LIMIT ${MOST_KINDS + 1}`,
  );
  const found = kinds.getRows().map(([milliCpu, memMib]) => [Number(milliCpu), Number(memMib)]);
  if (found.length > MOST_KINDS)
    return {
      milliCpu: `coalesce(s.milliCpu, ${same.milliCpu})`,
      memMib: `coalesce(s.memMib, ${same.memMib})`,
      join: `LEFT JOIN ${table} s ON s.id = t.id`,
    };
  const number = (value: number) => `'${value}'::DOUBLE`;
  const either = (value: (kind: readonly number[]) => number, otherwise: string) => {
    const whens = found.map((kind) => {
      const ids = `SELECT hash(id) FROM ${table} WHERE milliCpu = ${number(kind[0])} AND memMib = ${number(kind[1])}`;
      return `WHEN hash(t.id) IN (${ids}) THEN ${number(value(kind))}`;
    });
    return `CASE ${whens.join(' ')} ELSE ${otherwise} END`;
  };
  const cpu = either(([milliCpu]) => milliCpu, same.milliCpu);
  const isAlike = found.every(([, memMib]) => memMib === other.memMib);
  const mem = isAlike ? same.memMib : either(([, memMib]) => memMib, same.memMib);
  return { milliCpu: cpu, memMib: mem, join: '' };
}

async function loadScales(connection: DuckDBConnection, scales: ReadonlyMap<string, UsageScale>): Promise<void> {
  await connection.run('CREATE TABLE scales (id VARCHAR, milliCpu DOUBLE, memMib DOUBLE)');
  const appender = await connection.createAppender('scales');
  for (const [id, scale] of scales) {
    appender.appendVarchar(id);
    appender.appendDouble(scale.milliCpu);
    appender.appendDouble(scale.memMib);
    appender.endRow();
  }
  appender.closeSync();
}

/**
 * NULL marks what a row may not be, so that one look at the result says whether all rows were good. A text where a number is expected ends
 * the query; columns that nobody wants are not looked at.
 */
function usageQuery(table: UsageCsv, paths: readonly string[], worth: Worth): string {
  const numbers = [table.time, table.cpu, table.peak, table.mem];
  const columns = Array.from(
    { length: table.fields },
    (_, at) => `'c${at}': '${numbers.includes(at) ? 'DOUBLE' : 'VARCHAR'}'`,
  ).join(', ');
  const value = (at: number, most: number, scale: string): string => {
    if (at < 0) return `'NaN'::DOUBLE`;
    const number = `c${at}`;
    const invalid =
      table.invalid.length === 0 ? '' : `WHEN ${number} IN (${table.invalid.join(', ')}) THEN 'NaN'::DOUBLE`;
    const upper = Number.isFinite(most) ? `AND ${number} <= ${most}` : '';
    return `CASE WHEN c${at} IS NULL THEN 'NaN'::DOUBLE ${invalid}
      WHEN isfinite(${number}) AND ${number} >= 0 ${upper} THEN ${number} * ${scale} ELSE NULL END`;
  };
  const id = table.id.length === 1 ? `nullif(c${table.id[0]}, '')` : table.id.map((at) => `c${at}`).join(` || '/' || `);
  const prefix = table.idPrefix === undefined ? '' : `${sqlText(table.idPrefix)} || `;
  const files = paths.map(sqlText).join(', ');
  const time = `c${table.time}`;
  return `SELECT t.id,
      CASE WHEN isfinite(${time}) THEN greatest(0, round(${time} * ${table.timeScaleMs}::DOUBLE - ${table.timeOffsetMs}::DOUBLE)) END AS timeMs,
      ${value(table.cpu, table.mostCpu, 'milliWorth')} AS milliCpu,
      ${value(table.peak, table.mostCpu, 'milliWorth')} AS peakMilliCpu,
      ${value(table.mem, Infinity, 'memWorth')} AS memMib
    FROM (SELECT t.*, ${worth.milliCpu} AS milliWorth, ${worth.memMib} AS memWorth
      FROM (SELECT *, ${prefix}${id} AS id FROM read_csv([${files}], header = false, delim = ',', quote = '', escape = '', auto_detect = false,
        strict_mode = true, buffer_size = ${READ_BUFFER_BYTES}, columns = {${columns}})) t ${worth.join}) t`;
}
