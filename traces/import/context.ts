/** What every importer is given besides its files: scales, where use goes, and what to do with a row that is wrong. */
import { ConfigError, TraceError } from '../../policies/base/assert.ts';
import type { ReadOptions } from '../readers/rows.ts';
import type { Bulk } from './bulk.ts';
import type { UsageSink } from './usage-sink.ts';

/** Rows and parts that were left out because the user asked for that. */
export interface Drops {
  count: number;
  /** The first messages, with file and row. */
  readonly listed: string[];
}

export interface ImportContext {
  readonly reading: ReadOptions;
  readonly usage: UsageSink;
  readonly drops: Drops;
  readonly skipInvalid: boolean;
  /** What the user knows and the file does not say, by name: `cpu`, `mem`, `machines`. */
  readonly scale: Readonly<Record<string, number>>;
  /** Whether large tables may go through DuckDB. */
  readonly duckdb: boolean;
  /** Where tables go that are too large for memory; null when the input is small. */
  readonly bulk: Bulk | null;
}

/** What a format of one small table needs of it. */
export type RowContext = Pick<ImportContext, 'reading' | 'drops' | 'skipInvalid'>;

/** Refuses the first invalid row. */
export const STRICT: RowContext = { reading: {}, drops: { count: 0, listed: [] }, skipInvalid: false };

const MOST_LISTED = 100;

/** Counts and lists `error` when invalid rows are to be skipped; throws it otherwise, and always when it is not about data. */
export function dropRow(context: Pick<ImportContext, 'drops' | 'skipInvalid'>, error: unknown): void {
  if (!(error instanceof TraceError) || !context.skipInvalid) throw error;
  context.drops.count += 1;
  if (context.drops.listed.length < MOST_LISTED) context.drops.listed.push(error.message);
}

/** The scale the user gave, or `fallback`. Throws ConfigError when it is not above 0. */
export function scaleOf(context: ImportContext, name: string, fallback: number): number {
  const value = context.scale[name] ?? fallback;
  if (!(value > 0 && Number.isFinite(value)))
    throw new ConfigError(`--scale ${name}=${value}; a number above 0 is expected`);
  return value;
}
