/** Scales that stand in a file, looked up in one, two and many portions, against a map of them. */
import { mkdirSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { listServices } from './service-sink.ts';
import { readUsage } from './store-services.ts';
import { testContext } from './test-context.ts';
import { createTestFiles } from './test-files.ts';
import { readUsageCsv, type UsageCsv } from './usage-csv.ts';
import { parquetSink } from './usage-sink.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const TABLE: UsageCsv = {
  ...{ name: 'use', separator: ',', fields: 3, id: [1], time: 0, timeScaleMs: 1000, timeOffsetMs: 0 },
  ...{ cpu: 2, peak: 2, mem: -1, invalid: [], mostCpu: 100, manyIds: true },
};
/** Two of three are listed; the third has no scale. */
const SERVICES = 3_000;
const milliOf = (service: number) => (service % 3 === 2 ? 7 : 100 * (1 + (service % 4)));
const other = { milliCpu: 7, memMib: 1 };

test.each([
  [2_000, 1],
  [1_999, 2],
  [150, 14],
])('2,000 listed services, at most %i at once: the same samples in %i portions', async (portionIds, portions) => {
  const folder = files.path(`at-once-${portionIds}`);
  mkdirSync(folder);
  const steps: number[] = [];
  const bulk = {
    ...{ folder, scratch: folder, parts: 2, freeBytes: () => 1e12, remove: () => undefined },
    onStep: (_: string, share: number) => void steps.push(share),
  };
  const { context } = testContext({ usage: parquetSink(files.path(`out-${portionIds}`)), bulk });
  const listed = listServices(bulk, portionIds);
  for (let service = 0; service < SERVICES; service++)
    if (service % 3 !== 2)
      listed.add({ id: `vm-${service}`, kind: 'vm', requestMilliCpu: 100 * milliOf(service), requestMemMib: 1 }, '');
  await listed.finish(context);
  const scales = listed.scales(1);
  expect(scales.portions).toBe(portions);
  const rows = Array.from({ length: 10_000 }, (_, row) => [row, (row * 7_919) % SERVICES, 0.1 + (row % 90)] as const);
  const csv = files.write(
    `${portionIds}.csv.gz`,
    rows.map(([time, service, cpu]) => `${time},vm-${service},${cpu}\n`).join(''),
  );
  expect((await readUsageCsv(TABLE, [csv], scales, other, context)).rows).toBe(10_000);
  const found: unknown[] = [];
  for await (const { ids, timeMs, milliCpu, peakMilliCpu } of readUsage(files.path(`out-${portionIds}`)))
    ids.forEach((id, row) => void found.push([id, timeMs[row], milliCpu[row], peakMilliCpu[row]]));
  expect(found).toEqual(
    rows.map(([time, service, cpu]) => {
      const milliCpu = cpu * milliOf(service);
      return [`vm-${service}`, 1000 * time, milliCpu, milliCpu];
    }),
  );
  expect(steps.length).toBe(portions - 1);
});
