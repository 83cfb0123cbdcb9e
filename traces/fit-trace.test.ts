import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drawPoint, ksDistance, quantilePoints } from './distribution.ts';
import { fitTrace, type TraceFit, writeFit } from './fit-trace.ts';
import { generateTrace, loadFactor } from './generate-trace.ts';
import { hostColumns, serviceColumns, type TaskRow, taskColumns } from './import/canonical.ts';
import { runImport } from './import/run-import.ts';
import { writeImport } from './import/store.ts';
import { readUsage } from './import/store-services.ts';
import { createTestFiles, publicData } from './import/test-files.ts';
import { readImport } from './import/test-read.ts';
import { parquetSink } from './import/usage-sink.ts';
import { inspectTrace } from './inspect.ts';
import { inspectionLines, sparkline } from './inspect-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-fit-'));
const files = createTestFiles();
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  files.remove();
});

const SLOTS = 288 * 10;
/** Ten days of three services of 4 cores: steady 400; 300 by day and 100 by night; and the same with a gap of six hours. */
async function writeKnown(path: string): Promise<void> {
  const table = parquetSink(path).open('vms');
  for (let slot = 0; slot < SLOTS; slot++) {
    const hour = Math.floor(slot / 12) % 24;
    const cyclic = hour >= 8 && hour < 20 ? 300 : 100;
    table.add('steady', slot * 300_000, 400, 800, 1_024, () => '');
    table.add('cyclic', slot * 300_000, cyclic, cyclic, 2_048, () => '');
    if (slot < 100 || slot >= 172) table.add('gapped', slot * 300_000, cyclic, cyclic, Number.NaN, () => '');
  }
  table.finish();
  const tasks: TaskRow[] = [];
  for (let hour = 0; hour < 240; hour++)
    for (let at = 0; at < (hour % 24 < 12 ? 3 : 1); at++)
      tasks.push({
        id: `${hour}-${at}`,
        group: `job-${hour}`,
        submitMs: hour * 3_600_000 + at,
        durationMs: 1000 * (1 + ((hour * 7 + at) % 100)),
        requestMilliCpu: 2_000,
        requestMemMib: 512,
        instances: 2,
        usedMilliCpu: 500,
        ...(at > 0 ? { parents: [`${hour}-${at - 1}`] } : {}),
      });
  const row = (id: string) => ({ id, kind: 'vm', requestMilliCpu: 4_000, requestMemMib: 4_096 });
  await writeImport(
    {
      format: 'made',
      startUnixMs: null,
      hosts: hostColumns([]),
      tasks: taskColumns(tasks).tasks,
      use: null,
      services: serviceColumns([row('steady'), row('cyclic'), row('gapped')]),
      columns: {},
      notes: [],
    },
    path,
  );
}

let fit: TraceFit;
beforeAll(async () => {
  await writeKnown(join(folder, 'known'));
  fit = await fitTrace(join(folder, 'known'));
});

describe('inspect', () => {
  test('coverage, one gap of 6 h, p/t of the sum, use over request and arrivals are those of the made trace', async () => {
    const { usage, tasks } = await inspectTrace(join(folder, 'known'));
    expect(usage[0].samples).toBe(3 * SLOTS - 72);
    expect(usage[0].coverageRatio).toBeCloseTo(1 - 72 / (3 * SLOTS), 12);
    expect([usage[0].gaps, usage[0].longestGapHours]).toEqual([1, 6]);
    // Means over request: 400, 200 and about 201 of 4 000; peak over mean 2 for the steady one.
    expect(usage[0].cpuOverRequest.p50).toBeCloseTo(0.05, 2);
    expect(usage[0].peakOverMean.p99).toBeCloseTo(1.98, 2);
    // (400 + 300 + 300) / (400 + 100 + 100), but for the gap.
    expect(usage[0].peakToTrough).toBeCloseTo(10 / 6, 1);
    // 12 hours of 3 and 12 of 1: 2 an hour in 240 jobs; 2 of 3 wait.
    expect(tasks?.perHour).toBe(2);
    expect(tasks?.jobs).toBe(240);
    expect(tasks?.withParents).toBe(240);
    expect(tasks?.hourOfDay[0]).toBe(1.5);
    expect(tasks?.cpuOverRequest.p50).toBe(0.25);
  });

  test('the text has a block for each hour and a dot where nothing is known', async () => {
    expect(sparkline([0, 7, Number.NaN, 3.4])).toBe('▁█.▄');
    const lines = inspectionLines(await inspectTrace(join(folder, 'known')));
    expect(lines.some((line) => line.includes('1 gaps, the longest 6.00 h'))).toBe(true);
  });
});

describe('fit', () => {
  test('two of three services are of the strong class with p/t 3, one is flat; requests are of one instance', () => {
    expect(
      fit.services?.classes.map((one) => [one.name, Number(one.share.toFixed(3)), Number(one.peakToTrough.toFixed(2))]),
    ).toEqual([
      ['strong', 0.667, 3],
      ['flat', 0.333, 1],
    ]);
    expect(fit.services?.memMibPerCore).toBe(1_024);
    expect(fit.batch?.requestMilliCpu[0]).toBe(1_000);
    expect(fit.batch?.chainedShare).toBe(1);
    // Half of the jobs are chains of three, the other half single tasks.
    expect(fit.batch?.dag?.sizes).toEqual([{ tasksFrom: 3, stages: [[3, 120]] }]);
    const ofDags = fit.quality.ks.filter((one) => /stages|parents|children/.test(one.name));
    expect(ofDags.length).toBe(3);
    for (const one of ofDags) expect(one.distance).toBe(0);
    expect(fit.batch?.cpuOverRequest).toBe(0.25);
  });

  test('days that repeat are foretold: 7 days of 10 tell the other 3 within 2 % of use and exactly the tasks a day', () => {
    const row = (measure: string, name: string) =>
      fit.backtest.rows.find((one) => one.measure === measure && one.name.includes(name));
    expect(row('mean absolute error', 'CPU')?.testDays).toBe(3);
    expect(row('mean absolute error', 'CPU')?.value).toBeLessThan(0.02);
    expect(row('mean absolute error', 'tasks a day')?.value).toBe(0);
  });

  test('bursts of one slot an hour at another minute each day: r60 of 0.9 comes back, r5 stays below 0', async () => {
    const path = join(folder, 'hourly');
    const table = parquetSink(path).open('vms');
    for (let slot = 0; slot < SLOTS; slot++) {
      const minute = (Math.floor(slot / 288) * 5) % 12;
      table.add('hourly', slot * 300_000, slot % 12 === minute ? 800 : 200, Number.NaN, Number.NaN, () => '');
    }
    table.finish();
    await writeImport(
      {
        format: 'made',
        startUnixMs: null,
        hosts: hostColumns([]),
        tasks: taskColumns([]).tasks,
        use: null,
        services: serviceColumns([{ id: 'hourly', kind: 'vm', requestMilliCpu: 4_000, requestMemMib: 4_096 }]),
        columns: {},
        notes: [],
      },
      path,
    );
    const { services, quality } = await fitTrace(path);
    const row = (name: string) => quality.rows.find((one) => one.name === name);
    expect(services?.noises[0].hourlyShare).toBeGreaterThan(0.85);
    expect(row('r60')?.source).toBeGreaterThan(0.85);
    expect(Math.abs((row('r60')?.source ?? 0) - (row('r60')?.generated ?? 0))).toBeLessThan(0.1);
    expect(row('r5')?.generated).toBeLessThan(0);
  });

  test('quality: tasks an hour within 10 %, durations within KS 0.06', () => {
    const arrivals = fit.quality.rows.find((row) => row.name === 'tasks an hour');
    expect(arrivals?.source).toBe(2);
    expect(Math.abs((arrivals?.generated ?? 0) - 2)).toBeLessThan(0.2);
    expect(fit.quality.ks.find((one) => one.name === 'durations')?.distance).toBeLessThan(0.06);
  });
});

describe('generate', () => {
  const options = { days: 4, services: 30, tasksScale: 1, growth: 0, seed: 'a' };
  const sumOf = async (path: string, fromDay: number, toDay: number) => {
    let sum = 0;
    for await (const batch of readUsage(path))
      for (let row = 0; row < batch.count; row++)
        if (batch.timeMs[row] >= fromDay * 86_400_000 && batch.timeMs[row] < toDay * 86_400_000)
          sum += batch.milliCpu[row];
    return sum;
  };

  test('the same seed gives the same bytes, another seed others; the sizes are as asked', async () => {
    const path = join(folder, 'fit.json');
    await writeFit(fit, path);
    for (const [name, seed] of [
      ['g1', 'a'],
      ['g2', 'a'],
      ['g3', 'b'],
    ])
      await generateTrace(path, join(folder, name), { ...options, seed });
    const bytes = (name: string) =>
      ['tasks', 'services', 'usage/generated'].map((file) => readFileSync(join(folder, name, `${file}.parquet`)));
    expect(bytes('g1')).toEqual(bytes('g2'));
    expect(bytes('g1')[0]).not.toEqual(bytes('g3')[0]);
    expect((await readImport(join(folder, 'g1'))).services?.count).toBe(30);
  });

  test('twice the hosts: 4 of 96 cores and 2 of 64 become 8 and 4, services and tasks double; without hosts it is refused', async () => {
    const sizes = [
      { count: 4, milliCpu: 96_000, memMib: 1_000, gpus: 0, gpuModel: '' },
      { count: 2, milliCpu: 64_000, memMib: 500, gpus: 1, gpuModel: 'T4' },
    ];
    const path = join(folder, 'hosts.json');
    await writeFit({ ...fit, hosts: sizes }, path);
    const { services: _, tasksScale: __, ...plain } = options;
    const [once, twice] = [join(folder, 'h1'), join(folder, 'h2')];
    await generateTrace(path, once, plain);
    await generateTrace(path, twice, { ...plain, hosts: 12 });
    const [a, b] = [await readImport(once), await readImport(twice)];
    expect(a.hosts.ids.length).toBe(6);
    expect(Array.from(b.hosts.milliCpu)).toEqual([...Array(8).fill(96_000), ...Array(4).fill(64_000)]);
    expect([a.services?.count, b.services?.count]).toEqual([3, 6]);
    expect(Math.abs(b.tasks.count / a.tasks.count - 2)).toBeLessThan(0.3);
    await expect(generateTrace(join(folder, 'fit.json'), once, { ...plain, hosts: 12 })).rejects.toThrow(
      /--hosts 12: the source of .*fit\.json lists no hosts/,
    );
  });

  test('an event of factor 1.5 on day 2 raises that day by half and no other; growth of 21 % in 30 days is 10 % in 15', async () => {
    await generateTrace(join(folder, 'fit.json'), join(folder, 'g4'), { ...options, event: ['2+1*1.5'] });
    expect((await sumOf(join(folder, 'g4'), 2, 3)) / (await sumOf(join(folder, 'g1'), 2, 3))).toBeCloseTo(1.5, 6);
    expect(await sumOf(join(folder, 'g4'), 3, 4)).toBe(await sumOf(join(folder, 'g1'), 3, 4));
    expect(loadFactor(21, undefined)(15)).toBeCloseTo(1.1, 9);
    expect(loadFactor(0, ['1+3*2', '2+1*1.5'])(2.5)).toBe(3);
    expect(() => loadFactor(0, ['soon'])).toThrow(/--event soon; start\+days\*factor/);
    expect(() => loadFactor(-100, undefined)).toThrow(/--growth -100/);
  });
});

test('quantile points give back their values; KS of two halves of the whole numbers is 1, of equal samples 0', () => {
  const points = quantilePoints(Array.from({ length: 1001 }, (_, at) => at));
  expect(drawPoint(points, 0.25)).toBe(250);
  expect(drawPoint(points, 1)).toBe(1000);
  expect(ksDistance([1, 2, 3], [4, 5, 6])).toBe(1);
  expect(ksDistance([1, 2, 3, 4], [3, 4, 5, 6])).toBe(0.5);
  expect(ksDistance([2, 1], [1, 2])).toBe(0);
});

const data = publicData('a fit of 14 Azure VMs');
test.skipIf(data === '')(
  '14 Azure VMs over 30 days: 20 days foretell 9 within 8 %, use over request within KS 0.1, p/t within 0.3',
  async () => {
    const out = files.path('azure');
    await runImport({
      format: 'azure',
      paths: [join(data, 'azure-v2')],
      out,
      skipInvalid: false,
      scale: {},
      duckdb: false,
    });
    const { backtest, quality } = await fitTrace(out);
    expect(backtest.rows[0].testDays).toBe(9);
    expect(backtest.rows[0].value).toBeLessThan(0.08);
    expect(quality.ks[0].distance).toBeLessThan(0.1);
    const pt = quality.rows.find((row) => row.name === 'p/t');
    expect(Math.abs((pt?.source ?? 0) - (pt?.generated ?? 9))).toBeLessThan(0.3);
  },
);
