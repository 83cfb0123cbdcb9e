/** The Batsim table: waiting, slowdown and energy of a workload under one policy, beside Batsim's own figures. */
import { createHash } from 'node:crypto';
import type { BatchPlan } from '../../sim/plan/batch.ts';
import { readBatsim, runBatsim, startLines } from './batsim.ts';
import published from './expected/batsim.json' with { type: 'json' };
import { contentSha256 } from './inputs.ts';
import type { Table, TableRow } from './table.ts';

export interface BatsimRequest {
  readonly workload: string;
  readonly policy: BatchPlan['backfill'];
  /** Machines instead of the workload's nb_res. */
  readonly machines?: number;
  /** Power of a machine, drawn all the time. */
  readonly watts: number;
}

/** Figures are published with six decimals. */
const SIX_DECIMALS = 6e-7;

/** Runs one policy and compares where the workload is the published one. Throws TraceError or ConfigError. */
export async function batsimTable(request: BatsimRequest): Promise<Table> {
  const workload = await readBatsim(request.workload, request.machines);
  const result = runBatsim(workload, request.policy, request.watts);
  const known =
    workload.machines === published.machines &&
    request.watts === published.watts &&
    (await contentSha256(request.workload)) === published.workloadSha256;
  const all: Readonly<Record<string, Readonly<Record<string, number | string>>>> = published.policies;
  const expected = known ? (all[request.policy] ?? {}) : {};
  const row = (name: string, field: string, got: number): TableRow => ({
    name,
    expected: expected[field] ?? null,
    got: Math.round(got * 1e6) / 1e6,
    tolerance: SIX_DECIMALS,
  });
  const starts = createHash('sha256');
  for (const line of startLines(workload, result)) starts.update(`${line}\n`);
  return {
    name: 'batsim',
    about: `${result.jobs} jobs on ${workload.machines} machines, ${request.policy}`,
    rows: [
      row('makespan s', 'makespanS', result.makespanS),
      row('mean wait s', 'meanWaitS', result.meanWaitS),
      row('longest wait s', 'maxWaitS', result.maxWaitS),
      row('mean turnaround s', 'meanTurnaroundS', result.meanTurnaroundS),
      row('longest turnaround s', 'maxTurnaroundS', result.maxTurnaroundS),
      row('mean slowdown', 'meanSlowdown', result.meanSlowdown),
      row('largest slowdown', 'maxSlowdown', result.maxSlowdown),
      row('busy machine-s', 'busyMachineS', result.busyMachineS),
      row('energy J', 'energyJ', result.energyJ),
      {
        name: 'starts and machines, sha256',
        expected: expected['startsSha256'] ?? null,
        got: starts.digest('hex'),
        tolerance: 0,
      },
      { name: 'digest', expected: null, got: result.digest, tolerance: 0 },
    ],
    notes: workload.killed > 0 ? [`${workload.killed} jobs would pass their walltime and are killed at it`] : [],
  };
}
