// Own CPUs as what binds first: the share by hand, and two live runs that differ in nothing but who owns CPUs.
import { expect, test } from 'vitest';
import { resolve } from '../scenarios/resolve.ts';
import { scenarioSchema } from '../scenarios/schema.ts';
import type { RunResults } from '../sim/results/schema.ts';
import { tableWith, threeWindowResults } from '../sim/results/testing/three-windows.ts';
import { bindingOf, bindingSentence } from './binds.ts';
import type { CellRunner } from './cell-runner.ts';
import type { PlanSearch } from './plan-search.ts';
import { runPlan } from './run-plan.ts';
import { bindingAt } from './water-line.ts';

test('web owns CPUs: of 140 late requests 18 + 72 are its own, 10 of them for want of replicas or memory, 80 / 140 = 57 % for want of CPUs', () => {
  const whole = threeWindowResults();
  const serviceHours = tableWith('serviceHours', 6, {
    service: [0, 0, 0, 1, 1, 1],
    hour: [0, 1, 2, 0, 1, 2],
    requests: [100, 2_000, 3_000, 100, 2_000, 0],
    violatingRequests: [50, 20, 100, 50, 20, 0],
    violatingRequestsAlone: [50, 18, 72, 50, 15, 0],
    violatingUnplaced: [0, 0, 4, 0, 0, 0],
    violatingDeadHosts: [0, 3, 0, 0, 0, 0],
    violatingMemory: [0, 0, 3, 0, 0, 0],
  });
  const results = (fromColocation: number): RunResults => ({
    ...whole,
    summary: { ...whole.summary, lateRequestPercent: 100, lateRequestFromColocationPercent: fromColocation },
    tables: { ...whole.tables, serviceHours },
  });
  const binding = (fromColocation: number, owners: readonly string[]) =>
    bindingOf(results(fromColocation), 99, 3_600_000, new Set(owners));
  expect(binding(25, ['web']).ownedCpusPercent).toBeCloseTo((100 * 80) / 140, 9);
  expect(binding(25, ['web']).mechanism).toBe('CPUs owned');
  expect(bindingSentence(binding(25, ['web']))).toContain(
    '57.1 % of late requests are of pods that run on CPUs of their own',
  );
  // Best effort makes half of them; search owns 15 of 140; nobody owns any.
  expect(binding(50, ['web']).mechanism).toBe('co-location');
  expect(binding(25, ['search'])).toMatchObject({ mechanism: 'own load' });
  expect(binding(25, [])).toMatchObject({ mechanism: 'own load', ownedCpusPercent: 0 });
});

test('two pods that need nearly all of 4 CPUs on a host of 32: late for want of their own CPUs, and hardly late where they share', async () => {
  const bindingWith = async (qos: 'LS' | 'LSR' | 'LSE') => {
    const plan = resolve(
      scenarioSchema.parse({
        name: 'owned',
        horizon: '2h',
        warmUp: '0s',
        cluster: { hosts: { plain: { count: 1, cpu: '32 cores', memory: '64GiB' } } },
        online: {
          source: 'none',
          explicit: {
            own: {
              latencyClass: 'rpc',
              replicas: 2,
              cpuRequest: '4 cores',
              memRequest: '4GiB',
              meanUsagePercent: 90,
              qos,
            },
          },
        },
      }),
    );
    const runner: CellRunner = {
      run: async () => [],
      runWhole: async (own) => runPlan(own.plan, { identity: { planHash: '', tidemarkVersion: '', nodeVersion: '' } }),
      counts: () => ({ ran: 0, reused: 0 }),
    };
    const search = { result: { notSafe: 0 }, cells: new Map(), rule: { figure: 'cost' } } as unknown as PlanSearch;
    const binding = await bindingAt(search, [{ name: 'owned', plan }], runner);
    if (binding === null || binding === undefined) throw new Error('stopped');
    return binding;
  };
  for (const qos of ['LSR', 'LSE'] as const) {
    const binding = await bindingWith(qos);
    expect(binding).toMatchObject({ service: 'own', mechanism: 'CPUs owned' });
    expect(binding.ownedCpusPercent).toBeGreaterThan(95);
  }
  const shared = await bindingWith('LS');
  expect(shared.mechanism).not.toBe('CPUs owned');
  expect(shared.serviceLatePercent).toBeLessThan((await bindingWith('LSR')).serviceLatePercent / 5);
});
