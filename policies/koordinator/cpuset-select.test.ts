import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandomSource } from '../base/random-source.ts';
import { formatCpuList, parseCpuList } from './cpu-list.ts';
import type { CpuHolders, Processor } from './cpuset-select.ts';
import { adjustCpuset, cpusetCount, cpusetStep, recoveredCpuset, selectCpus } from './cpuset-select.ts';
import { nextCpusetUs } from './policy-cpu-suppress.ts';
import { PRODUCTION_QUIRKS } from './quirks.ts';

/** `count` cpus, two threads a core, `perNode` cpus a NUMA node, one socket a node. */
function machine(count: number, perNode = count): Processor[] {
  return Array.from({ length: count }, (_, cpuId) => ({
    cpuId,
    coreId: cpuId >> 1,
    socketId: Math.floor(cpuId / perNode),
    numaNodeId: Math.floor(cpuId / perNode),
  }));
}

const nobody: CpuHolders = { lsrCpus: [], lseCpus: [], reservedCpus: [], systemExclusiveCpus: [] };
const carefully = { ...PRODUCTION_QUIRKS, cpusetPartialPools: false };

describe('how many', () => {
  test('at least 2, rounded up, and growing by ceil(16 * 0.1) = 2 a tick', () => {
    expect(cpusetCount(-5000, 8, 16)).toBe(2);
    expect(cpusetCount(3001, 8, 16)).toBe(4);
    expect(cpusetCount(12_000, 2, 16)).toBe(4);
  });

  test('the growth bound wins over the floor: from none, 8 cpus grow to 1', () => {
    expect(cpusetCount(5000, 0, 8)).toBe(1);
  });

  test('the sweep counts per host and keeps the number where cpus are too few', () => {
    const current = Float64Array.of(8, 2, 6);
    cpusetStep(3, Float64Array.of(16, 16, 8), Float64Array.of(16, 16, 3), Float64Array.of(-1, 12_000, 4000), current);
    expect([...current]).toEqual([2, 4, 6]);
  });

  test('without holders the counted step equals the size of the selected set', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 16 }),
        fc.integer({ min: -4000, max: 40_000 }),
        fc.nat(16),
        (cores, milli, old) => {
          const cpus = machine(cores * 2);
          const before = cpus.slice(0, Math.min(old, cpus.length)).map((cpu) => cpu.cpuId);
          const counted = Float64Array.of(before.length);
          cpusetStep(1, Float64Array.of(cpus.length), Float64Array.of(cpus.length), Float64Array.of(milli), counted);
          expect(adjustCpuset(milli, before, cpus, nobody).cpus.length).toBe(counted[0]);
        },
      ),
    );
  });
});

describe('which', () => {
  test('whole cores from both nodes in turn, then a single one from where the pairs stopped', () => {
    expect(selectCpus(5, machine(8, 4))).toEqual([0, 1, 4, 5, 2]);
  });

  test('without hyper-threads single cpus alternate between nodes', () => {
    const singles = machine(4, 2).map((cpu) => ({ ...cpu, coreId: cpu.cpuId }));
    expect(selectCpus(3, singles)).toEqual([0, 2, 1]);
  });

  test('more than there are: none; none wanted: none', () => {
    expect([selectCpus(9, machine(8)), selectCpus(0, machine(8))]).toEqual([[], []]);
  });

  test('always as many as wanted, all different, all of the pool', () => {
    const cpu = fc.record({ coreId: fc.nat(5), socketId: fc.nat(2), numaNodeId: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(cpu, { minLength: 1, maxLength: 24 }), fc.nat(24), (list, wanted) => {
        const pool = list.map((entry, cpuId) => ({ ...entry, cpuId }));
        const picked = selectCpus(wanted, pool);
        expect(picked.length).toBe(wanted <= pool.length ? wanted : 0);
        expect(new Set(picked).size).toBe(picked.length);
        expect(picked.every((id) => id < pool.length)).toBe(true);
      }),
    );
  });
});

describe('one tick', () => {
  test('K8: 4 wanted, LSR holds 6 of 8 and the others have 2: trunc(4 * 6 / 8) = 3 and 1', () => {
    const holders = { ...nobody, lsrCpus: [0, 1, 2, 3, 4, 5] };
    expect(adjustCpuset(4000, [0, 1, 2, 3], machine(8), holders).cpus).toEqual([0, 1, 2, 6]);
  });

  test('K8: 5 wanted of 4 usable, LSR holds 2: 2 fit and are applied, 3 of 2 do not; off, the old set stays', () => {
    const holders = { ...nobody, lsrCpus: [0, 1], reservedCpus: [4, 5, 6, 7] };
    const old = [2, 3, 4, 5];
    expect(adjustCpuset(5000, old, machine(8), holders)).toEqual({ cpus: [0, 1], applied: true, crashed: false });
    expect(adjustCpuset(5000, old, machine(8), holders, carefully)).toEqual({
      cpus: old,
      applied: false,
      crashed: false,
    });
  });

  test('K8: no usable cpu crashes the agent and leaves the old set; off, it only leaves it', () => {
    const holders = { ...nobody, lseCpus: [0, 1, 2, 3] };
    expect(adjustCpuset(5000, [0, 1], machine(4), holders)).toEqual({ cpus: [0, 1], applied: false, crashed: true });
    expect(adjustCpuset(5000, [0, 1], machine(4), holders, carefully).crashed).toBe(false);
  });

  test('recovery gives back everything but LSE, reserved and exclusive cpus', () => {
    const holders = { lseCpus: [7], reservedCpus: [0], systemExclusiveCpus: [3] };
    expect(recoveredCpuset(machine(8).reverse(), holders)).toEqual([1, 2, 4, 5, 6]);
  });
});

describe('cpu lists', () => {
  test('"0-2,5, 7-7" is 0 1 2 5 7 and is written as "0-2,5,7"', () => {
    expect(parseCpuList('0-2,5, 7-7')).toEqual([0, 1, 2, 5, 7]);
    expect(formatCpuList([0, 1, 2, 5, 7])).toBe('0-2,5,7');
    expect(parseCpuList('')).toEqual([]);
  });

  test('texts that are no list are refused', () => {
    expect(['a', '3-1', '1,', '-1'].map(parseCpuList)).toEqual([undefined, undefined, undefined, undefined]);
  });
});

test('the number of CPUs that a run counts is that of the set adjustCpuset picks, with K8 and without', () => {
  const random = seededRandomSource(8);
  const below = (n: number) => random.nextUint32() % n;
  let short = 0;
  for (let round = 0; round < 2_000; round++) {
    const count = 8 * (1 + below(4));
    const processors = Array.from({ length: count }, (_, cpuId) => ({
      cpuId,
      coreId: cpuId >> 1,
      socketId: 0,
      numaNodeId: 0,
    }));
    const lse = below(count + 1);
    const lsr = below(count - lse + 1);
    const ids = processors.map((cpu) => cpu.cpuId);
    const holders = {
      lseCpus: ids.slice(0, lse),
      lsrCpus: ids.slice(lse, lse + lsr),
      reservedCpus: [],
      systemExclusiveCpus: [],
    };
    const old = ids.slice(lse, lse + 1 + below(Math.max(1, count - lse)));
    const free = below(count * 1_000 + 4_000) - 4_000;
    for (const cpusetPartialPools of [true, false]) {
      const quirks = { ...PRODUCTION_QUIRKS, cpusetPartialPools };
      const picked = adjustCpuset(free, old, processors, holders, quirks);
      if (!picked.applied) short++;
      const counted = nextCpusetUs(count, free, old.length * 100_000, lse, lsr, cpusetPartialPools);
      expect(counted).toBe(picked.cpus.length * 100_000);
    }
  }
  expect(short).toBeGreaterThan(100);
});
