/** `trace generate`: a fit drawn into a folder of the format that imports have. */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConfigError } from '../policies/base/assert.ts';
import { pow } from '../policies/base/exact-math.ts';
import { type FittedHosts, readFit } from './fit-trace.ts';
import { drawServices, drawTaskHours } from './generate-draws.ts';
import { type HostRow, hostColumns, type ImportedTrace, serviceColumns, taskColumns } from './import/canonical.ts';
import { writeImport } from './import/store.ts';
import { writeTaskBatches } from './import/task-sink.ts';
import { freeBytesOf, parquetSink } from './import/usage-sink.ts';
import { GRID_MS, GRID_PER_DAY } from './series-set.ts';

export interface GenerateOptions {
  readonly days: number;
  readonly services?: number;
  /** Hosts instead of those of the source; services and tasks follow unless they are given. */
  readonly hosts?: number;
  readonly tasksScale?: number;
  /** Percent in 30 days. */
  readonly growth: number;
  /** Each `start+days*factor`; factors of events that meet are multiplied. */
  readonly event?: readonly string[];
  readonly seed: string;
}

const DAYS_PER_MONTH = 30;

/** Growth and events as a factor by the day. Throws ConfigError. */
export function loadFactor(growthPercent: number, events: readonly string[] = []): (day: number) => number {
  if (!(growthPercent > -100)) throw new ConfigError(`--growth ${growthPercent}; more than -100 percent is expected`);
  const monthly = 1 + growthPercent / 100;
  const parsed = events.map((event) => {
    const match = /^([\d.]+)\+([\d.]+)\*([\d.]+)$/.exec(event);
    if (match === null) throw new ConfigError(`--event ${event}; start+days*factor is expected, as 3+1*1.8`);
    const [start, length, factor] = match.slice(1).map(Number);
    return { start, end: start + length, factor };
  });
  return (day) =>
    parsed.reduce(
      (load, { start, end, factor }) => (day >= start && day < end ? load * factor : load),
      monthly === 1 ? 1 : pow(monthly, day / DAYS_PER_MONTH),
    );
}

/** Hosts of the sizes of the fit in their shares, `count` in all: the running share is rounded, so that nothing is lost. */
function drawHosts(sizes: readonly FittedHosts[], count: number): HostRow[] {
  const all = sizes.reduce((sum, size) => sum + size.count, 0);
  let seen = 0;
  return sizes.flatMap(({ count: own, ...size }, at) => {
    const before = Math.round((seen / all) * count);
    seen += own;
    const length = Math.round((seen / all) * count) - before;
    return Array.from({ length }, (_, index) => ({ id: `host-${at}-${index}`, ...size }));
  });
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
    const sourceHosts = (fit.hosts ?? []).reduce((sum, size) => sum + size.count, 0);
    if (options.hosts !== undefined && sourceHosts === 0)
      throw new ConfigError(
        `--hosts ${options.hosts}: the source of ${path} lists no hosts; scale with --services and --tasks-scale`,
      );
    const hostCount = Math.round(options.hosts ?? sourceHosts);
    const larger = sourceHosts === 0 ? 1 : hostCount / sourceHosts;
    const tasksScale = options.tasksScale ?? larger;
    const count = fit.services === null ? 0 : Math.round(options.services ?? fit.services.services * larger);
    const drawn = fit.services === null ? [] : drawServices(fit.services, count, slots, options.seed, factorAt);
    if (drawn.length > 0) {
      const table = parquetSink(partial).open('generated');
      // In the order of time: a run that replays it then reads each row group once.
      for (let slot = 0; slot < slots; slot++)
        for (const { id, milliCpu, peakOverMean, requestMilliCpu } of drawn) {
          const peak = Math.min(requestMilliCpu, milliCpu[slot] * peakOverMean);
          table.add(id, slot * GRID_MS, milliCpu[slot], peak, Number.NaN, () => id);
        }
      table.finish();
    }
    const scaled = (day: number) => factorAt(day) * tasksScale;
    const batches = writeTaskBatches(partial, () => freeBytesOf(partial));
    if (fit.batch !== null)
      for (const rows of drawTaskHours(fit.batch, Math.round(options.days * 24), options.seed, scaled))
        batches.add(rows);
    const tasks = batches.finish();
    const memMibPerCore = fit.services?.memMibPerCore ?? Number.NaN;
    const trace: ImportedTrace = {
      format: `generated from ${fit.source.format}`,
      startUnixMs: null,
      hosts: hostColumns(sourceHosts === 0 ? [] : drawHosts(fit.hosts ?? [], hostCount)),
      tasks: taskColumns([]).tasks,
      stored: { tasks },
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
        `drawn for ${options.days} days, growth ${options.growth} % in 30 days, tasks x ${Number(tasksScale.toPrecision(4))}` +
          (options.event ?? []).map((event) => `, event ${event}`).join(''),
        ...fit.backtest.rows.map((row) => `held out, ${row.name}: ${row.measure} ${(row.value * 100).toFixed(1)} %`),
      ],
    };
    await writeImport(trace, partial);
    await rm(out, { recursive: true, force: true });
    await rename(partial, out);
    return [`${drawn.length} services and ${tasks.count} tasks over ${options.days} days`, ...trace.notes, folder];
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}
