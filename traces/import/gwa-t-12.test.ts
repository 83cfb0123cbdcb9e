import { afterAll, expect, test } from 'vitest';
import { importGwaT12 } from './gwa-t-12.ts';
import { testContext } from './test-context.ts';
import { createTestFiles } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const HEADER =
  'Timestamp [ms];\tCPU cores;\tCPU capacity provisioned [MHZ];\tCPU usage [MHZ];\tCPU usage [%];\tMemory capacity provisioned [KB];' +
  '\tMemory usage [KB];\tDisk read throughput [KB/s];\tDisk write throughput [KB/s];\tNetwork received throughput [KB/s];\tNetwork transmitted throughput [KB/s]';
const row = (second: number, cores: number, mhz: number) =>
  `${second};\t${cores};\t${cores * 2926};\t${mhz};\t1.0;\t2097152;\t1048576;\t0;\t0;\t0;\t0`;

test('timestamps are seconds; 2 926 of 11 704 MHz on 4 cores is one core; a gap of 15 days stays one; a row back in time goes', async () => {
  const a = files.write(
    'fast/1.csv',
    [HEADER, row(1_376_314_846, 4, 2_926), row(1_376_314_546, 4, 1), row(1_377_610_846, 8, 0)].join('\n'),
  );
  const b = files.write('fast/2.csv', [HEADER, row(1_376_314_546, 1, 1_463)].join('\n'));
  const { context, samples } = testContext();
  const { services, notes, startUnixMs } = await importGwaT12([a, b], context);
  expect(startUnixMs).toBe(1_376_314_546_000);
  expect(samples.map((one) => [one.id, one.timeMs, one.milliCpu, one.memMib])).toEqual([
    ['1', 300_000, 1_000, 1_024],
    ['1', 1_296_300_000, 0, 1_024],
    ['2', 0, 500, 1_024],
  ]);
  expect(Array.from(services?.requestMilliCpu ?? [])).toEqual([8_000, 1_000]);
  expect(notes).toEqual([
    'timestamps are seconds, whatever the header says',
    '1 gaps of more than ten minutes lie between samples',
    '1 rows stand before the row above them in time and are left out',
    '1 times a VM was resized; its largest size counts',
  ]);
});

test('no header and a short row are named with file and row', async () => {
  const none = files.write('x/1.csv', row(1, 1, 1));
  await expect(importGwaT12([none], testContext().context)).rejects.toThrow(/x\/1\.csv:1 is not the header/);
  const short = files.write('y/1.csv', `${HEADER}\n1;\t2;\t3`);
  await expect(importGwaT12([short], testContext().context)).rejects.toThrow(/y\/1\.csv:2 has 3 fields; a VM has 11/);
});
