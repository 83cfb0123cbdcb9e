/**
 * OpenDC's SURF week: 6,295 tasks, each on a host of its own, replayed fragment by fragment.
 *
 * Energy counts from the first submission to the last completion over all hosts; carbon is energy between steps of the carbon trace times
 * its intensity. Any workload, topology and carbon trace of the same kind runs; figures are compared where the inputs are the published ones.
 */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { BYTES_PER_MIB, MS_PER_HOUR } from '../../policies/base/units.ts';
import { POWER_MODEL_NAMES } from '../../sim/host/power-models.ts';
import published from './expected/opendc-surf-week.json' with { type: 'json' };
import { type ReplayHosts, type ReplayResult, replayFragments } from './fragment-replay.ts';
import { contentSha256 } from './inputs.ts';
import { readCarbon, readOpendcWorkload, readTopology, type Topology } from './opendc-inputs.ts';
import type { TieOrder } from './submission-order.ts';
import type { Table, TableRow } from './table.ts';

export interface SurfWeekRun {
  readonly topology: string;
  /** Hosts instead of the topology's count. */
  readonly hosts?: number;
  /** Carbon trace instead of the one the topology names; null = none. */
  readonly carbon?: string | null;
}

export interface SurfWeekRequest {
  readonly tasks: string;
  readonly fragments: string;
  readonly runs: readonly SurfWeekRun[];
  /** Folder in which carbon traces named by topologies are looked up; without it they are left out. */
  readonly carbonFolder?: string;
  readonly progress: 'no-delay' | 'perfect';
  /** Who goes first of tasks submitted together: `duckdb` as in the recomputed figures, `file` as OpenDC itself reads them. */
  readonly ties: TieOrder;
  /** Told before every run. */
  readonly onProgress?: (done0to1: number, run: string) => void;
}

type Wanted = readonly [value: number, tolerance: number] | undefined;

/** Runs every topology on the workload. Throws TraceError. */
export async function surfWeekTable(request: SurfWeekRequest): Promise<Table> {
  const workload = await readOpendcWorkload(request.tasks, request.fragments, request.ties);
  const known =
    request.progress === 'no-delay' &&
    (await contentSha256(request.tasks)) === published.tasksSha256 &&
    (await contentSha256(request.fragments)) === published.fragmentsSha256;
  const rows: TableRow[] = [];
  const notes = new Set<string>();
  for (const [at, run] of request.runs.entries()) {
    request.onProgress?.(at / request.runs.length, basename(run.topology));
    const topology = await readTopology(run.topology, run.hosts);
    const carbon = carbonPath(run, topology, request.carbonFolder);
    if (carbon === null && topology.carbonName !== null && run.carbon !== null)
      notes.add(
        `carbon trace ${basename(topology.carbonName)} is not at hand: no carbon for ${basename(run.topology)}`,
      );
    const result = replayFragments(workload, topology.hosts, {
      progress: request.progress,
      failures: [],
      carbon: carbon === null ? null : await readCarbon(carbon, workload.startUnixMs),
      sampleMs: MS_PER_HOUR,
      probesMs: [],
    });
    const model = known ? publishedModel(topology.hosts) : null;
    const country = carbon === null ? '' : await knownCountry(carbon);
    // Where no task waits, ties do not matter.
    const tied = request.ties !== 'duckdb' && result.meanWaitMs > 0;
    rows.push(...runRows(run, topology.hosts, result, model, country, tied));
    if (model !== null && tied) notes.add(published.ties.file);
  }
  return {
    name: 'opendc-surf-week',
    about: `${workload.count} tasks, ${workload.fragmentMs.length} fragments, progress ${request.progress}, ties ${request.ties}`,
    rows,
    notes: [...notes],
  };
}

function carbonPath(run: SurfWeekRun, topology: Topology, folder: string | undefined): string | null {
  if (run.carbon !== undefined) return run.carbon;
  if (folder === undefined || topology.carbonName === null) return null;
  const path = join(folder, basename(topology.carbonName));
  return existsSync(path) ? path : null;
}

/** Name of the power model when the hosts are the published ones, else null. */
function publishedModel(hosts: ReplayHosts): string | null {
  const { host } = published;
  for (let h = 0; h < hosts.count; h++)
    if (
      hosts.cores[h] !== host.cores ||
      hosts.coreMhz[h] !== host.coreMhz ||
      hosts.memBytes[h] !== host.memMib * BYTES_PER_MIB ||
      hosts.idleWatts[h] !== host.idleWatts ||
      hosts.maxWatts[h] !== host.maxWatts ||
      hosts.powerModel[h] !== hosts.powerModel[0]
    )
      return null;
  return POWER_MODEL_NAMES[hosts.powerModel[0]];
}

async function knownCountry(path: string): Promise<string> {
  const sha = await contentSha256(path);
  return Object.entries(published.carbonSha256).find(([, known]) => known === sha)?.[0] ?? '';
}

/** Recomputed figures are sums of millions of doubles: equal to 9 digits. They hold for one order of ties only, asserted ones for all. */
function wanted(
  model: string | null,
  field: 'energyJ' | 'sampledUse' | 'carbonGrams' | 'makespanH' | 'meanUse' | 'meanWaitH',
  key: string,
  tied: boolean,
): Wanted {
  if (model === null) return undefined;
  const asserted = (published.upstream as unknown as Record<string, Record<string, [number, number]>>)[field]?.[key];
  if (asserted !== undefined) return asserted;
  const value = (published.recomputed as unknown as Record<string, Record<string, number>>)[field]?.[key];
  return value === undefined || tied ? undefined : [value, Math.abs(value) * 1e-9];
}

function runRows(
  run: SurfWeekRun,
  hosts: ReplayHosts,
  result: ReplayResult,
  model: string | null,
  country: string,
  tied: boolean,
): TableRow[] {
  const n = hosts.count;
  const name = `${n} hosts ${POWER_MODEL_NAMES[hosts.powerModel[0]]}`;
  const row = (what: string, want: Wanted, got: number, places: number): TableRow => ({
    name: `${name}: ${what}`,
    expected: want?.[0] ?? null,
    got: Number(got.toFixed(places)),
    tolerance: (want?.[1] ?? 0) + (places < 9 ? 0.5 * Number(`1e-${places}`) : 0),
  });
  const rows = [
    row('tasks completed', model === null ? undefined : [published.completed, 0], result.completed, 0),
    row('makespan h', wanted(model, 'makespanH', `${n}`, tied), result.makespanMs / MS_PER_HOUR, 8),
    row('energy J', wanted(model, 'energyJ', `${model} ${n}`, tied), result.energyJ, 1),
    row('mean utilisation', wanted(model, 'meanUse', `${n}`, tied), result.meanUse, 8),
    row('mean sampled utilisation', wanted(model, 'sampledUse', `${n}`, tied), result.sampledUse, 5),
    row('mean queue wait h', wanted(model, 'meanWaitH', `${n}`, tied), result.meanWaitMs / MS_PER_HOUR, 6),
  ];
  if (!Number.isNaN(result.carbonGrams))
    rows.push(
      row(
        `carbon g ${country || basename(run.carbon ?? '')}`.trimEnd(),
        wanted(model, 'carbonGrams', `${model} ${n} ${country}`, tied),
        result.carbonGrams,
        2,
      ),
    );
  rows.push({ name: `${name}: digest`, expected: null, got: result.digest, tolerance: 0 });
  return rows;
}
