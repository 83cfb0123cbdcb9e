import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { importAzure } from './azure.ts';
import { readParquet } from './parquet-columns.ts';
import { testContext } from './test-context.ts';
import { createTestFiles, publicData } from './test-files.ts';
import { parquetSink } from './usage-sink.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const table = [
  'D5js/ZS+KA=,sub,dep-1,0,2591400,94.1,5.8,11.3,Delay-insensitive,2,4',
  'b,sub,dep-1,600,86400,90,50,80,Interactive,>24,>64',
].join('\r\n');
const readings = ['0,D5js/ZS+KA=,1,12,3', '0,b,0,100,50', '300,b,0,80,25', '300,late,0,8,4'].join('\n');

describe('quirks of the format', () => {
  const vmtable = files.write('vmtable.csv.gz', table);
  const part = files.write('vm_cpu_readings-file-1-of-1.csv.gz', readings);

  test('ends at the borders of the trace are unknown; buckets >24 and >64 become 32 cores and 128 GB and are counted', async () => {
    const { context } = testContext();
    const { services, notes } = await importAzure([part, vmtable], context);
    expect(services?.ids).toEqual(['D5js/ZS+KA=', 'b', 'late']);
    expect(Array.from(services?.requestMilliCpu ?? [])).toEqual([2_000, 32_000, 1_000]);
    expect(Array.from(services?.requestMemMib ?? [])).toEqual([4_096, 131_072, Number.NaN]);
    expect(Array.from(services?.startMs ?? [])).toEqual([Number.NaN, 600_000, Number.NaN]);
    expect(Array.from(services?.endMs ?? [])).toEqual([Number.NaN, 86_400_000, Number.NaN]);
    expect(notes).toEqual([
      '1 VMs are in an open bucket (>24 cores or >64 GB); 32 cores and 128 GB are assumed',
      '1 VMs were alive when the trace began: their start is unknown',
      '1 VMs were alive when the trace ended: their end is unknown',
      '1 VMs with readings are not in the VM table: 1 cores are assumed (--scale cpu=N)',
    ]);
    // Only the VM table mixes its line ends: one line of it ends in CR LF.
    expect(context.reading.log).toEqual({ lfLines: 5, crlfLines: 1 });
  });

  test('avg 3 % of 2 cores is 60 milli, its peak of 12 % is 240; 50 % of 32 cores is 16 000', async () => {
    const { context, samples } = testContext();
    await importAzure([vmtable, part], context);
    expect(samples.map((one) => [one.id, one.timeMs, one.milliCpu, one.peakMilliCpu])).toEqual([
      ['D5js/ZS+KA=', 0, 60, 240],
      ['b', 0, 16_000, 32_000],
      ['b', 300_000, 8_000, 25_600],
      ['late', 300_000, 40, 80],
    ]);
  });
});

describe('what is wrong is named, or skipped and listed', () => {
  test('parts 2 and 3 of 3 are missing', async () => {
    const part = files.write('x/vm_cpu_readings-file-1-of-3.csv', readings);
    await expect(importAzure([part], testContext().context)).rejects.toThrow(
      /file-1-of-3\.csv: 2 of 3 parts are missing \(2, 3\)/,
    );
    const { context } = testContext({ skipInvalid: true });
    await importAzure([part], context);
    expect(context.drops.count).toBe(1);
  });

  test('a short row and one above 100 % are dropped and listed with their rows, the good one stays', async () => {
    const part = files.write('y/vm_cpu_readings-file-1-of-1.csv', '0,b,1,2\n0,b,1,2,101\n0,b,0,2,1\n');
    await expect(importAzure([part], testContext().context)).rejects.toThrow(
      /csv:1 has 4 fields; vm_cpu_readings has 5/,
    );
    const { context, samples } = testContext({ skipInvalid: true });
    await importAzure([part], context);
    expect(samples.length).toBe(1);
    expect(context.drops.listed.map((text) => text.replace(/^.*csv/, ''))).toEqual([
      ':1 has 4 fields; vm_cpu_readings has 5',
      ':2 CPU is 101; 0 to 100 is expected',
    ]);
  });

  test('a VM table with 10 columns, a VM twice and a file of no table', async () => {
    const short = files.write('z/vmtable.csv', 'a,b,c,0,1,2,3,4,x,2');
    await expect(importAzure([short], testContext().context)).rejects.toThrow(/vmtable\.csv:1 has 10 fields/);
    const twice = files.write('w/vmtable.csv', `${table.split('\r\n')[0]}\n${table.split('\r\n')[0]}`);
    await expect(importAzure([twice], testContext().context)).rejects.toThrow(/vmtable\.csv:2 VM .* a second time/);
    const odd = files.write('odd.csv', '');
    await expect(importAzure([odd], testContext().context)).rejects.toThrow(
      /no table of azure is called so; known: vmtable, readings/,
    );
  });
});

test('DuckDB and the stream write the same 40 000 samples in the same order; a bad row sends DuckDB back to the stream', async () => {
  const lines = Array.from(
    { length: 40_000 },
    (_, row) => `${Math.floor(row / 100) * 300},vm-${row % 100},0,${row % 101},${(row % 997) / 10}`,
  );
  const part = files.write('big/vm_cpu_readings-file-1-of-1.csv.gz', `${lines.join('\n')}\n`);
  const read = async (name: string, duckdb: boolean) => {
    mkdirSync(files.path(name), { recursive: true });
    const usage = parquetSink(files.path(name));
    const trace = await importAzure([part], testContext({ usage, duckdb }).context);
    const file = await readParquet(join(files.path(name), 'usage/vm_cpu_readings.parquet'), [
      'id',
      'timeMs',
      'milliCpu',
      'peakMilliCpu',
    ]);
    return [trace, ...['id', 'timeMs', 'milliCpu', 'peakMilliCpu'].map((column) => file.column(column))];
  };
  const streamed = await read('streamed', false);
  expect(await read('queried', true)).toEqual(streamed);
  const bad = files.write('bad/vm_cpu_readings-file-1-of-1.csv.gz', `${lines.slice(0, 10).join('\n')}\n0,b,0,x,1\n`);
  mkdirSync(files.path('refused'), { recursive: true });
  const context = testContext({ usage: parquetSink(files.path('refused')), duckdb: true }).context;
  await expect(importAzure([bad], context)).rejects.toThrow(/csv\.gz:11 peak CPU is "x"/);
});

test('a disk with 1 MB left ends the import with the row it could not take', async () => {
  mkdirSync(files.path('full'), { recursive: true });
  const usage = parquetSink(files.path('full'), () => 1_000_000);
  const rows = '0,b,0,2,1\n'.repeat(61_441);
  const part = files.write('full/vm_cpu_readings-file-1-of-1.csv', rows);
  await expect(importAzure([part], testContext({ usage }).context)).rejects.toThrow(
    /csv:30721 does not fit on the disk: 1000000 bytes are free/,
  );
});

const data = publicData('Azure V2 table of 514 VMs and readings of 14');
test.skipIf(data === '')('the public sample has 514 VMs of the whole month and 120 874 readings', async () => {
  const { context, samples } = testContext();
  const { services } = await importAzure([join(data, 'azure-v2')], context);
  expect(services?.count).toBe(514);
  expect(services?.startMs.every(Number.isNaN)).toBe(true);
  expect(samples.length).toBe(120_874);
});

test('V1 has counts and fractions of a GB: 1 core and 1.75 GB are 1 000 milli and 1 792 MiB; the V2 buckets 24 and 64 are closed', async () => {
  const path = files.write(
    'v1/vmtable.csv',
    'a+/=,s,d,300,600,1,1,1,Unknown,1,1.75\nb,s,d,300,600,1,1,1,Interactive,24,64\n',
  );
  const { services, notes } = await importAzure([path], testContext().context);
  expect(services?.ids).toEqual(['a+/=', 'b']);
  expect(Array.from(services?.requestMilliCpu ?? [])).toEqual([1_000, 24_000]);
  expect(Array.from(services?.requestMemMib ?? [])).toEqual([1_792, 65_536]);
  expect(services?.qos).toEqual(['Unknown', 'Interactive']);
  expect(notes).toEqual([]);
});
