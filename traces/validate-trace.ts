/** What `trace validate` says: an imported folder read back with its tables compared, or foreign files read without writing. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, TraceError } from '../policies/base/assert.ts';
import { describeImport, importTrace } from './import/import-trace.ts';
import { readImport } from './import/store.ts';
import { readUsage } from './import/store-services.ts';
import type { UsageSink, UsageTable } from './import/usage-sink.ts';

export interface ValidateTraceOptions {
  readonly skipInvalid: boolean;
  readonly scale: Readonly<Record<string, number>>;
}

/** Lines that say what was found. Throws ConfigError, TraceError with file and row. */
export async function validateTrace(
  what: string,
  files: readonly string[],
  options: ValidateTraceOptions,
): Promise<string[]> {
  if (files.length > 0) return validateForeign(what, files, options);
  const folder = await stat(what).catch(() => null);
  if (folder?.isDirectory() !== true)
    throw new ConfigError(`${what} is no folder of an import; for a format give its files too`);
  return validateFolder(what);
}

async function validateFolder(folder: string): Promise<string[]> {
  const trace = await readImport(folder);
  const known = new Set(trace.services?.ids ?? []);
  const lastMs = new Map<string, number>();
  let samples = 0;
  for await (const batch of readUsage(folder))
    for (let row = 0; row < batch.count; row++) {
      samples += 1;
      const place = () => `${join(folder, 'usage', batch.table)}.parquet: sample ${samples}`;
      if (!known.has(batch.ids[row]))
        throw new TraceError(`${place()} is of ${batch.ids[row]}, which is not in services.parquet`);
      if (!(batch.timeMs[row] >= 0)) throw new TraceError(`${place()} has time ${batch.timeMs[row]} ms`);
      if (batch.milliCpu[row] < 0) throw new TraceError(`${place()} has ${batch.milliCpu[row]} milli-cores`);
      lastMs.set(batch.ids[row], batch.timeMs[row]);
    }
  const { tasks } = trace;
  for (let task = 0; task < tasks.count; task++)
    if (task > 0 && tasks.submitMs[task] < tasks.submitMs[task - 1])
      throw new TraceError(`${join(folder, 'tasks.parquet')}:${task + 1} is submitted before the row above it`);
  return [`${folder} is valid`, ...describeImport(trace), `${samples} samples of ${lastMs.size} services.`];
}

async function validateForeign(
  format: string,
  files: readonly string[],
  options: ValidateTraceOptions,
): Promise<string[]> {
  const { sink, samples } = countingSink();
  const drops = { count: 0, listed: [] as string[] };
  const log = { lfLines: 0, crlfLines: 0 };
  const trace = await importTrace(format, files, {
    reading: { log },
    usage: sink,
    drops,
    skipInvalid: options.skipInvalid,
    scale: options.scale,
    duckdb: false,
    bulk: null,
  });
  return [
    `${files.join(', ')}: valid ${format}${drops.count > 0 ? ` but for ${drops.count} rows or parts` : ''}`,
    ...describeImport(trace),
    `${samples()} samples of use.`,
    ...drops.listed,
  ];
}

/** Counts samples and keeps none. */
function countingSink(): { sink: UsageSink; samples: () => number } {
  let total = 0;
  const open = (): UsageTable => {
    const ids = new Set<string>();
    return {
      add(id) {
        total += 1;
        ids.add(id);
      },
      finish: () => Array.from(ids).sort(),
    };
  };
  return { sink: { open, pathOf: () => null }, samples: () => total };
}
