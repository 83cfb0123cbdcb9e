import { afterAll, expect, test } from 'vitest';
import { importAzurePacking, packingTrace } from './azure-packing.ts';
import { testContext } from './test-context.ts';
import { createTestFiles } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

test('a negative start was before, no end is after 90 days; a quarter of a 64-core machine is 16 cores; half a day is 43 200 s', () => {
  const { context } = testContext({ scale: { cpu: 64, mem: 1000 } });
  const { services, notes } = packingTrace(
    [
      ['1', 't1', '4', 0, -3.5, 0.5, 0.25, 0.5],
      ['2', 't1', '9', 1, 0.25, null, null, null],
    ],
    context,
  );
  expect(Array.from(services?.requestMilliCpu ?? [])).toEqual([16_000, Number.NaN]);
  expect(Array.from(services?.startMs ?? [])).toEqual([Number.NaN, 21_600_000]);
  expect(Array.from(services?.endMs ?? [])).toEqual([43_200_000, Number.NaN]);
  expect(services?.qos).toEqual(['high', 'low']);
  expect(notes).toEqual([
    '1 VMs were alive before the trace: their start is unknown',
    '1 VMs were alive after 90 days: their end is unknown',
    '1 VMs have a type without a machine: their size is unknown',
  ]);
});

test('without the sqlite extension, or with a file that is no database, the reason is said and nothing is fetched', async () => {
  const path = files.write('packing.sqlite', 'not a database');
  await expect(importAzurePacking(path, testContext().context)).rejects.toThrow(/packing\.sqlite: /);
});
