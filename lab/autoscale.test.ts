/** The horizontal autoscaler in whole runs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import { prepare } from './run-plan.ts';

const SECOND = 1_000;
const room = mkdtempSync(join(tmpdir(), 'tidemark-autoscale-'));
afterAll(() => rmSync(room, { recursive: true }));

const TEXT = `
name: autoscale
seed: autoscale
horizon: 10m
window: 15s
cluster: { hosts: { plain: { count: 4, cpu: 64 cores, memory: 256GiB } } }
online:
  source: none
  explicit:
    web:
      replicas: 1
      cpuRequest: 1 cores
      memRequest: 1GiB
      meanUsagePercent: 1000
      peakToTrough: 1
      autoscale: { minReplicas: 1, maxReplicas: 60, targetCpuPercent: 50% }
koordinator: { loadAwareCpuThresholdPercent: 0, loadAwareMemoryThresholdPercent: 0 }
`;

/** Replicas wanted just after every turn, 15 s apart. */
async function wanted(seconds: number, ...sets: string[]): Promise<number[]> {
  const file = join(room, 'autoscale.yaml');
  writeFileSync(file, TEXT);
  const { plan } = await loadPlan(file, { sets });
  const { engine } = prepare(plan, {});
  const seen: number[] = [];
  for (let atMs = 15 * SECOND; atMs <= seconds * SECOND; atMs += 15 * SECOND) {
    runUntil(engine, atMs + 1);
    seen.push(engine.online.wanted[0]);
  }
  checkEngine(engine);
  return seen;
}

describe('up', () => {
  test('10 cores at a target of half a core a pod want 20 pods: 1 + 4, then twice as many each 15 s', async () => {
    const seen = await wanted(90);
    expect(seen.slice(0, 2)).toEqual([5, 10]);
    // The use of a real service wanders, and with it the 20.
    expect(Math.max(...seen.slice(2))).toBeLessThanOrEqual(24);
    expect(Math.min(...seen.slice(2))).toBeGreaterThanOrEqual(17);
  });

  test('a window of a minute holds four turns: 1, 5, 10, 20 at once', async () => {
    const [, , , first] = await wanted(60, 'window=60s');
    expect(first).toBeGreaterThanOrEqual(17);
  });
});

describe('down', () => {
  const IDLE = ['online.explicit.web.replicas=10', 'online.explicit.web.meanUsagePercent=9'];

  test('10 pods at 9 % of their request want 2 of 50 %: after the 300 s in which 10 were wanted, and then at once', async () => {
    const seen = await wanted(315, ...IDLE);
    expect(seen.slice(0, 19)).toEqual(new Array(19).fill(10));
    expect(seen[19]).toBeLessThanOrEqual(3);
  });

  test('with a stabilisation of a minute after a minute', async () => {
    const seen = await wanted(75, ...IDLE, 'online.explicit.web.autoscale.scaleDownStabilisation=60s');
    expect(seen.slice(0, 3)).toEqual([10, 10, 10]);
    expect(seen[3]).toBeLessThanOrEqual(3);
  });

  test('pods on a host that died count whole: with 2 or 3 of 10 there, 2.9 or 3.9 cores want 6 or 8 pods, not 2', async () => {
    const dead = ['failures.outages=[{host: 0, at: 20s, duration: 1h}]', 'online.explicit.web.meanUsagePercent=9'];
    const quick = 'online.explicit.web.autoscale.scaleDownStabilisation=60s';
    const seen = await wanted(90, 'online.explicit.web.replicas=10', ...dead, quick);
    expect(seen.slice(0, 3)).toEqual([10, 10, 10]);
    expect(seen[5]).toBeGreaterThanOrEqual(5);
    expect(seen[5]).toBeLessThanOrEqual(8);
  });
});

test('inside the tolerance nothing happens: 10 pods at 50 % with a tolerance of half', async () => {
  const steady = ['online.explicit.web.replicas=10', 'online.explicit.web.meanUsagePercent=50'];
  expect(await wanted(400, ...steady, 'online.explicit.web.autoscale.tolerance=0.5')).toEqual(new Array(26).fill(10));
});
