import { expect, test } from 'vitest';
import { batchSource, yarnAllocation, yarnNodeResource, yarnParentShares, yarnUsedAsBatch } from './yarn-copilot.ts';

const GIB = 1_073_741_824;
const batch = { milliCpu: 16_500, memBytes: 64 * GIB };

test('the origin annotation hides what the node has; without both YARN is offered nothing', () => {
  const [origin, status] = [
    { milliCpu: 1, memBytes: 2 },
    { milliCpu: 3, memBytes: 4 },
  ];
  expect([batchSource(origin, status), batchSource(undefined, status)]).toEqual([origin, status]);
  expect(batchSource(undefined, undefined)).toEqual({ milliCpu: 0, memBytes: 0 });
  expect(batchSource({ milliCpu: 5 }, status)).toEqual({ milliCpu: 5, memBytes: 0 });
});

test('K18: 64 GiB are offered as 68720 MB, which YARN fills with 67.1 GiB; off, as 65536 MiB, which is 64 GiB', () => {
  const production = yarnNodeResource(batch);
  expect(production).toEqual({ vcores: 17, memoryMb: 68_720 });
  expect(yarnUsedAsBatch(production).memBytes).toBeGreaterThan(67 * GIB);
  const intended = yarnNodeResource(batch, undefined, false);
  expect(intended).toEqual({ vcores: 17, memoryMb: 65_536 });
  expect(yarnUsedAsBatch(intended).memBytes).toBe(64 * GIB);
});

test('K18: requests of BE pods are ignored; off, subtracted and never below 0', () => {
  const be = { milliCpu: 6500, memBytes: 80 * GIB };
  expect(yarnNodeResource(batch, be)).toEqual({ vcores: 17, memoryMb: 68_720 });
  expect(yarnNodeResource(batch, be, false)).toEqual({ vcores: 10, memoryMb: 0 });
});

test('what YARN uses comes back as a batch allocation; without a NodeManager it is cleared', () => {
  expect(yarnAllocation({ vcores: 2, memoryMb: 3 })).toEqual({
    name: 'hadoop-yarn',
    priorityClass: 'koord-batch',
    resources: { milliCpu: 2000, memBytes: 3_145_728 },
  });
  expect(yarnAllocation(undefined)).toBeUndefined();
});

test('three containers of 1, 2 and 4 vcores weigh 7168 shares', () => {
  expect(yarnParentShares([1, 2, 4])).toBe(7168);
});
