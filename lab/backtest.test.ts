import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import type { RunResults } from '../sim/results/schema.ts';
import { hostColumns, serviceColumns, taskColumns } from '../traces/import/canonical.ts';
import { writeImport } from '../traces/import/store.ts';
import { parquetSink } from '../traces/import/usage-sink.ts';
import { type HourlyUse, measuredHours } from '../traces/measured-use.ts';
import { compareHours, hoursOfRun, loadHash } from './backtest.ts';
import { backtestSentence, spanWords } from './backtest-text.ts';
import { runPlan } from './run-plan.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-backtest-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Series of 48 hours from a function of the hour. */
function use(series: readonly [size: number, used: (hour: number) => number][]): HourlyUse {
  return {
    of: 'services',
    names: series.map((_, at) => `s${at}`),
    hours: 48,
    usedMilliCpu: Float64Array.from(series.flatMap(([, used]) => Array.from({ length: 48 }, (_, hour) => used(hour)))),
    sizeMilliCpu: Float64Array.from(series, ([size]) => size),
  };
}

describe('errors by hand', () => {
  // 100 at night and 300 by day: p/t 3. Sizes 1,000 and 3,000.
  const day = (hour: number) => (hour % 24 < 12 ? 100 : 300);
  const measured = use([
    [1_000, day],
    [3_000, () => 600],
  ]);
  const run = use([
    [1_000, (hour) => 2 * day(hour)],
    [3_000, () => 540],
  ]);

  test('the run has 200 and 600 for 100 and 300, and 540 for 600: bias +3.5 points of 20 %, MAE 4, peaks 28.5 and 22.5 %', () => {
    const [all, strong, flat] = compareHours(run, measured, 0);
    expect([all.name, strong.name, flat.name]).toEqual(['all', 'strong', 'flat']);
    // Of 4,000: (200 + 540), (600 + 540) against (100 + 600), (300 + 600).
    expect(all.runMeanPercent).toBeCloseTo((18.5 + 28.5) / 2, 12);
    expect(all.measuredMeanPercent).toBeCloseTo((17.5 + 22.5) / 2, 12);
    expect(all.biasPoints).toBeCloseTo(3.5, 12);
    expect(all.maePoints).toBeCloseTo((1 + 6) / 2, 12);
    expect([all.runPeakPercent, all.measuredPeakPercent]).toEqual([28.5, 22.5]);
    expect(strong.biasPoints).toBeCloseTo(20, 12);
    expect(strong.maePoints).toBeCloseTo(20, 12);
    expect(flat.biasPoints).toBeCloseTo(-2, 12);
    expect([flat.runSeries, flat.measuredSeries]).toEqual([1, 1]);
  });

  test('a service that was not measured for a day counts neither as use nor as size then; hours without any are left out', () => {
    const gap = use([
      [1_000, (hour) => (hour < 24 ? 500 : Number.NaN)],
      [1_000, (hour) => (hour < 47 ? 100 : Number.NaN)],
    ]);
    const [all] = compareHours(use([[1_000, () => 100]]), gap, 0);
    // 24 hours of 30 % and 23 of 10 %.
    expect(all.measuredMeanPercent).toBeCloseTo((24 * 30 + 23 * 10) / 47, 12);
    expect(all.runMeanPercent).toBeCloseTo(10, 12);
  });

  test('days in words, hours where they are not whole days; a sentence for reports', () => {
    expect([spanWords(480, 696), spanWords(482, 696)]).toEqual(['days 20 to 29', 'hours 482 to 696']);
    const backtest = {
      ...{ version: 1, scenario: 'x', loadHash: '', digest: '', of: 'services' as const, hours: 48 },
      measured: { folder: 'az', sha256: '', fromHour: 480, toHour: 528 },
      rows: compareHours(run, measured, 0),
    };
    expect(backtestSentence(backtest)).toBe(
      'Backtest of this load: online CPU over request was foretold as 23.5 % and measured as 20 % over 48 hours (days 20 to 22 of az); an hour is off by 3.5 points on average, bias +3.5, p95 +6, peak +6.',
    );
  });

  test('less than a day is refused', () => {
    const short = { ...measured, hours: 12 };
    expect(() => compareHours(short, short, 0)).toThrow(
      'a backtest needs a day or more after warm-up; 12 hours are there',
    );
  });
});

describe('measured hours', () => {
  const HOUR = 3_600_000;
  async function write(name: string, kind: string): Promise<string> {
    const path = join(folder, name);
    const table = parquetSink(path).open('use');
    for (const [id, timeMs, milliCpu] of [
      ['a', 2 * HOUR, 100],
      ['a', 2 * HOUR + 300_000, 300],
      ['a', 4 * HOUR, 50],
      ['b', 3 * HOUR, 700],
      ['other', 2 * HOUR, 9_999],
    ] as const)
      table.add(id, timeMs, milliCpu, Number.NaN, Number.NaN, () => id);
    table.finish();
    const row = (id: string, requestMilliCpu: number, of = kind) => ({
      id,
      kind: of,
      requestMilliCpu,
      requestMemMib: 1,
    });
    await writeImport(
      {
        format: 'test',
        startUnixMs: null,
        hosts: hostColumns([]),
        tasks: taskColumns([]).tasks,
        use: null,
        services: serviceColumns([
          { ...row('a', 1_000), replicas: 2 },
          row('b', Number.NaN),
          row('other', 1, 'system'),
        ]),
        columns: {},
        notes: [],
      },
      path,
    );
    return path;
  }

  test('means of hours 2 and 3; request of both replicas, the largest sample where no request is said; system series are left out', async () => {
    const found = await measuredHours(await write('vms', 'vm'), 2, 4);
    expect(found.of).toBe('services');
    expect(found.names).toEqual(['a', 'b']);
    expect(Array.from(found.usedMilliCpu)).toEqual([200, Number.NaN, Number.NaN, 700]);
    expect(Array.from(found.sizeMilliCpu)).toEqual([2_000, 700]);
  });

  test('a trace of hosts is measured as hosts; hours without a sample are refused', async () => {
    const hosts = await write('hosts', 'host');
    expect((await measuredHours(hosts, 2, 4)).of).toBe('hosts');
    await expect(measuredHours(hosts, 10, 40)).rejects.toThrow(/no sample lies between hour 10 and hour 40/);
  });
});

describe('hours of a run', () => {
  let results: RunResults;
  beforeAll(async () => {
    const { plan } = await loadPlan('scenarios/library/unit-small.yaml');
    results = runPlan(plan, { identity: { planHash: '', tidemarkVersion: '', nodeVersion: '' } }) as RunResults;
  });

  test('work of the services is the CPU that the windows say was used, but for what a slowdown costs', () => {
    const { usedMilliCpu } = hoursOfRun(results, 'services', 0, 2);
    const perHour = [0, 1].map((hour) => [0, 1, 2].reduce((sum, service) => sum + usedMilliCpu[service * 2 + hour], 0));
    const used = results.tables.windows.columns.onlineUsedMilliCpu as Float64Array;
    for (const hour of [0, 1]) {
      const windows = used.subarray(hour * 60, (hour + 1) * 60);
      const mean = windows.reduce((sum, one) => sum + one, 0) / 60;
      expect(perHour[hour] / mean).toBeGreaterThan(0.9);
      expect(perHour[hour] / mean).toBeLessThanOrEqual(1 + 1e-9);
    }
  });

  test('hosts are the cluster as one: use of everything over capacity', () => {
    const { usedMilliCpu, sizeMilliCpu } = hoursOfRun(results, 'hosts', 0, 2);
    expect(Array.from(sizeMilliCpu)).toEqual([1]);
    const { onlineUsedMilliCpu, systemUsedMilliCpu } = results.tables.windows.columns as Record<string, Float64Array>;
    // 10 hosts of 32 cores, no best effort.
    const sum = (column: Float64Array) => column.subarray(0, 60).reduce((total, one) => total + one, 0);
    expect(usedMilliCpu[0]).toBeCloseTo((sum(onlineUsedMilliCpu) + sum(systemUsedMilliCpu)) / 60 / 320_000, 12);
  });

  test('a backtest of services stands for other hosts and lines, not for another load; one of hosts for neither', async () => {
    const load = async (...sets: string[]) => (await loadPlan('scenarios/library/quickstart.yaml', { sets })).plan;
    const [base, line, more] = [
      await load(),
      await load(
        'koordinator.cpuSuppressThresholdPercent=70',
        'bestEffort.tasksPerWeek=1000',
        'bestEffort.offeredPercent=0',
      ),
      await load('online.loadFactor=1.1'),
    ];
    expect(loadHash(line, 'services')).toBe(loadHash(base, 'services'));
    expect(loadHash(line, 'hosts')).not.toBe(loadHash(base, 'hosts'));
    expect(loadHash(more, 'services')).not.toBe(loadHash(base, 'services'));
  });
});
