/** `trace generate`: a fit drawn into a folder of the format that imports have. */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConfigError } from '../policies/base/assert.ts';
import { pow } from '../policies/base/exact-math.ts';
import { readFit } from './fit-trace.ts';
import { drawServices, drawTasks } from './generate-draws.ts';
import { hostColumns, type ImportedTrace, serviceColumns, taskColumns } from './import/canonical.ts';
import { writeImport } from './import/store.ts';
import { parquetSink } from './import/usage-sink.ts';
import { GRID_MS, GRID_PER_DAY } from './series-set.ts';

export interface GenerateOptions {
  readonly days: number;
  readonly services?: number;
  readonly tasksScale: number;
  /** Percent in 30 days. */
  readonly growth: number;
  /** `start+days*factor`. */
  readonly event?: string;
  readonly seed: string;
}

const DAYS_PER_MONTH = 30;

/** Growth and one event as a factor by the day. Throws ConfigError. */
export function loadFactor(growthPercent: number, event: string | undefined): (day: number) => number {
  if (!(growthPercent > -100)) throw new ConfigError(`--growth ${growthPercent}; more than -100 percent is expected`);
  const monthly = 1 + growthPercent / 100;
  const match = event === undefined ? null : /^([\d.]+)\+([\d.]+)\*([\d.]+)$/.exec(event);
  if (event !== undefined && match === null)
    throw new ConfigError(`--event ${event}; start+days*factor is expected, as 3+1*1.8`);
  const [start, length, factor] = match === null ? [0, 0, 1] : match.slice(1).map(Number);
  return (day) =>
    (monthly === 1 ? 1 : pow(monthly, day / DAYS_PER_MONTH)) * (day >= start && day < start + length ? factor : 1);
}

/** Draws `path` into `folder`; the same seed gives the same rows. Throws ConfigError. */
export async function generateTrace(path: string, folder: string, options: GenerateOptions): Promise<string[]> {
  const fit = await readFit(path);
  const out = resolve(folder);
  const existing = (await stat(out).catch(() => null)) === null ? [] : await readdir(out);
  if (existing.length > 0 && !existing.includes('trace.json'))
    throw new ConfigError(`--out ${folder} holds something else than a trace; give another folder`);
  const factorAt = loadFactor(options.growth, options.event);
  const slots = Math.round(options.days * GRID_PER_DAY);
  const partial = `${out}.partial-${process.pid}`;
  await mkdir(partial, { recursive: true });
  try {
    const count = fit.services === null ? 0 : Math.round(options.services ?? fit.services.services);
    const drawn = fit.services === null ? [] : drawServices(fit.services, count, slots, options.seed, factorAt);
    if (drawn.length > 0) {
      const table = parquetSink(partial).open('generated');
      for (const { id, milliCpu, peakOverMean, requestMilliCpu } of drawn)
        for (let slot = 0; slot < slots; slot++) {
          const peak = Math.min(requestMilliCpu, milliCpu[slot] * peakOverMean);
          table.add(id, slot * GRID_MS, milliCpu[slot], peak, Number.NaN, () => id);
        }
      table.finish();
    }
    const scaled = (day: number) => factorAt(day) * options.tasksScale;
    const rows = fit.batch === null ? [] : drawTasks(fit.batch, Math.round(options.days * 24), options.seed, scaled);
    const memMibPerCore = fit.services?.memMibPerCore ?? Number.NaN;
    const trace: ImportedTrace = {
      format: `generated from ${fit.source.format}`,
      startUnixMs: null,
      hosts: hostColumns([]),
      tasks: taskColumns(rows).tasks,
      use: null,
      services: serviceColumns(
        drawn.map((one) => ({
          id: one.id,
          kind: fit.services?.kind ?? '',
          group: one.className,
          requestMilliCpu: one.requestMilliCpu,
          requestMemMib: (one.requestMilliCpu / 1000) * memMibPerCore,
        })),
      ),
      columns: { 'usage.milliCpu': { kind: 'assumed', from: `drawn from ${path}, seed ${options.seed}`, scale: 1 } },
      notes: [
        `drawn for ${options.days} days, growth ${options.growth} % in 30 days, tasks x ${options.tasksScale}` +
          (options.event === undefined ? '' : `, event ${options.event}`),
        ...fit.backtest.rows.map((row) => `held out, ${row.name}: ${row.measure} ${(row.value * 100).toFixed(1)} %`),
      ],
    };
    await writeImport(trace, partial);
    await rm(out, { recursive: true, force: true });
    await rename(partial, out);
    return [`${drawn.length} services and ${rows.length} tasks over ${options.days} days`, ...trace.notes, folder];
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}
