/** The two quirks of elastic quotas at the scheduler's door, by hand. */
import { describe, expect, test } from 'vitest';
import { bind } from '../../cluster/apply.ts';
import { addTask, smallCluster } from '../../cluster/testing/small-cluster.ts';
import type { ElasticQuotaPlan } from '../../plan/kubernetes.ts';
import { createQuotaGate, mayStart, noteRequest, noteUse, type QuotaGate } from './quota-gate.ts';

const GIB = 1_073_741_824;
const named = (name: string) => ({ name, priority: 5_500 });
const quota = (name: string, population: string, minCores: number): ElasticQuotaPlan => ({
  name,
  parent: null,
  populations: [population],
  minMilliCpu: minCores * 1_000,
  minMemMib: 0,
  maxMilliCpu: 100_000,
  maxMemMib: 102_400,
  allowLent: false,
});

function gateOf(minima: readonly [number, number], quirks: object): QuotaGate {
  const all = { quotaScaledMinLazy: true, quotaComparesUnrequested: true, ...quirks };
  const plans = [quota('a', 'one', minima[0]), quota('b', 'two', minima[1])];
  return createQuotaGate(plans, false, [named('one'), named('two')], all) as QuotaGate;
}

describe('quirks of elastic quotas', () => {
  test('K17: minima of 40 and 40 at 50 cores scale to 25 each; at 70 only the one that is read grows, and 10 are left to share', () => {
    const runtimeOf = (lazy: boolean) => {
      const cluster = smallCluster(1);
      const gate = gateOf([40, 40], { quotaScaledMinLazy: lazy });
      const [one, two] = [addTask(cluster, 60), addTask(cluster, 1)];
      cluster.tasks.group[one] = 0;
      cluster.tasks.group[two] = 1;
      for (const row of [one, two]) noteRequest(gate, cluster, row, 1);
      gate.totals.splice(0, 2, 50_000, 100 * GIB);
      for (const row of [one, two]) mayStart(gate, cluster, row);
      gate.totals.splice(0, 2, 70_000, 100 * GIB);
      mayStart(gate, cluster, one);
      return gate.tree.dimensions[0].runtime[0];
    };
    // 70 x 40 / 80 = 35 for a. b keeps its 25 of before: 70 - 35 - 25 = 10 are left, and b, whose minimum may not be lent, asks for its
    // 40 too: 5 each. Both anew: 70 - 35 - 35 = 0.
    expect(runtimeOf(true)).toBe(40_000);
    expect(runtimeOf(false)).toBe(35_000);
  });

  test('K20: a pod without memory waits while memory used is above the share; as meant it starts', () => {
    const lets = (quirk: boolean) => {
      const cluster = smallCluster(1);
      const { tasks } = cluster;
      const gate = gateOf([0, 0], { quotaComparesUnrequested: quirk });
      const [big, small] = [addTask(cluster, 4), addTask(cluster, 1)];
      tasks.requestMemBytes[small] = 0;
      for (const row of [big, small]) noteRequest(gate, cluster, row, 1);
      gate.totals.splice(0, 2, 50_000, 10 * GIB);
      expect(mayStart(gate, cluster, big)).toBe(true);
      bind(cluster, big, 0, 0);
      noteUse(gate, cluster, big, 1);
      // What is sold shrinks below the 4 GiB in use.
      gate.totals.splice(0, 2, 50_000, 2 * GIB);
      return mayStart(gate, cluster, small);
    };
    expect([lets(true), lets(false)]).toEqual([false, true]);
  });
});

describe('arguments of the plugin', () => {
  const plugin = {
    enableRuntimeQuota: true,
    enableMinQuotaScale: true,
    enableCheckParentQuota: false,
    delayEvictMs: 120_000,
  };
  const quirks = { quotaScaledMinLazy: true, quotaComparesUnrequested: true };

  test('a pod of 4 of 3 cores to share is refused by the runtime and admitted by the maximum of 100', () => {
    const lets = (enableRuntimeQuota: boolean) => {
      const cluster = smallCluster(1);
      const plans = [quota('a', 'one', 0)];
      const gate = createQuotaGate(plans, false, [named('one')], quirks, {
        ...plugin,
        enableRuntimeQuota,
      }) as QuotaGate;
      const row = addTask(cluster, 4);
      noteRequest(gate, cluster, row, 1);
      gate.totals.splice(0, 2, 3_000, 100 * GIB);
      return mayStart(gate, cluster, row);
    };
    expect([lets(true), lets(false)]).toEqual([false, true]);
  });

  test('minima of 40 and 40 at 50 cores: 25 scaled, 40 where nothing scales; 40 of a quota that may not be scaled', () => {
    const runtimeOf = (enableMinQuotaScale: boolean, mayScaleMin: boolean) => {
      const cluster = smallCluster(1);
      const plans = [{ ...quota('a', 'one', 40), mayScaleMin }, quota('b', 'two', 40)];
      const gate = createQuotaGate(plans, false, [named('one'), named('two')], quirks, {
        ...plugin,
        enableMinQuotaScale,
      }) as QuotaGate;
      const row = addTask(cluster, 60);
      cluster.tasks.group[row] = 0;
      noteRequest(gate, cluster, row, 1);
      gate.totals.splice(0, 2, 50_000, 100 * GIB);
      mayStart(gate, cluster, row);
      return gate.tree.dimensions[0].runtime[0];
    };
    expect([runtimeOf(true, true), runtimeOf(false, true), runtimeOf(true, false)]).toEqual([25_000, 40_000, 40_000]);
  });
});
