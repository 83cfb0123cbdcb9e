import { expect, test } from 'vitest';
import { beCgroup } from './be-cgroup.ts';

const rule = { cfsQuotaEnabled: true, cpuNormalizationRatio: 1 };

test('shares stay within 2 and 262144: 1m asks for 1.024 shares, 300 cpus for 307200', () => {
  expect(beCgroup([{ requestMilliCpu: 1 }], rule).cpuShares).toBe(2);
  expect(beCgroup([{ requestMilliCpu: -5 }], rule).cpuShares).toBe(2);
  expect(beCgroup([{ requestMilliCpu: 300_000 }], rule).cpuShares).toBe(262_144);
});

test('a limit of 5m is 500 us and is lifted to 1000 us; 20m is 2000 us', () => {
  expect(beCgroup([{ limitMilliCpu: 5 }], rule).cfsQuotaUs).toBe(1000);
  expect(beCgroup([{ limitMilliCpu: 20 }], rule).cfsQuotaUs).toBe(2000);
});

test('one unlimited container makes the pod unlimited in cpu and memory, wherever it stands', () => {
  const limited = { limitMilliCpu: 1000, limitMemBytes: 1024 };
  for (const containers of [
    [limited, {}],
    [{}, limited],
    [limited, { limitMilliCpu: 0, limitMemBytes: 0 }],
  ])
    expect(beCgroup(containers, rule)).toEqual({ cpuShares: 2, cfsQuotaUs: -1, memoryLimitBytes: -1 });
});

test('normalization by 3 turns 100000 us into 33334, rounded up; switched off quota is -1', () => {
  expect(beCgroup([{ limitMilliCpu: 1000 }], { ...rule, cpuNormalizationRatio: 3 }).cfsQuotaUs).toBe(33_334);
  expect(beCgroup([{ limitMilliCpu: 1000 }], { ...rule, cfsQuotaEnabled: false }).cfsQuotaUs).toBe(-1);
});
