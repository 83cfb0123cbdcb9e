/** CPU normalization and amplification of host shapes in whole runs. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import { soldBatchMilliCpu } from '../sim/engine/results.ts';
import { runUntil } from '../sim/engine/run.ts';
import { prepare } from './run-plan.ts';

/** Two hosts of 40 cores, of which 1 % is reserved; the second has the ratio. Pods of one core. */
async function ran(ratio: string, replicas: number, use: string) {
  const text = `
name: ratios
seed: ratios
horizon: 1h
cluster:
  hosts:
    basic: { count: 1, cpu: 40 cores, memory: 256GiB }
    other: { count: 1, cpu: 40 cores, memory: 256GiB, ${ratio} }
online:
  source: none
  explicit:
    web: { latencyClass: rpc, replicas: ${replicas}, cpuRequest: 1 cores, memRequest: 1GiB, meanUsagePercent: ${use} }
`;
  const file = join(mkdtempSync(join(tmpdir(), 'tidemark-')), 'ratios.yaml');
  writeFileSync(file, text);
  const { engine } = prepare((await loadPlan(file)).plan, {});
  runUntil(engine, 30 * 60_000);
  checkEngine(engine);
  return engine;
}

test('a host whose CPUs do 1.5 times the basic work sells 1.5 times the batch CPU', async () => {
  const engine = await ran('cpuNormalizationRatio: 1.5', 2, '0%');
  // 40 x 60 % - 3 % system = 22.8 cores on the basic host. Normalization amplifies too, which hides the reservation: 22.8 as well.
  expect(soldBatchMilliCpu(engine, 0)).toBe(22_800);
  expect(soldBatchMilliCpu(engine, 1)).toBe(34_200);
});

test('amplified by 1.5 a host of 40 cores takes 59 pods of one core, the basic one 39', async () => {
  // 39.6 cores are left beside the reservation; trunc(39.6 x 1.5) = 59.4.
  const engine = await ran('cpuAmplificationRatio: 1.5', 120, '10%');
  expect(Array.from(engine.cluster.hosts.podCount)).toEqual([39, 59]);
});
