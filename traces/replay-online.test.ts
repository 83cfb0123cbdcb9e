import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { readAzureV2, readGoogle2011, type UsageSeries } from './readers/usage-series.ts';
import { readReplaySeries, replayOnlineServices, replayShiftSlots } from './replay-online.ts';
import { drawServiceTraits, type OnlineConfig } from './service-sizes.ts';

const GIB = 1024 ** 3;
const folder = mkdtempSync(join(tmpdir(), 'replay-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text);
  return path;
}

const config: OnlineConfig = {
  services: 5,
  pods: 20,
  clusterMilliCpu: 200_000,
  clusterMemBytes: 800 * GIB,
  cpuRequestPercent: 50,
  memRequestPercent: 50,
  maxRequestMilliCpu: 48_000,
  maxRequestMemBytes: 192 * GIB,
  limitOverRequest: 0,
  startDay: 0,
  loadFactor: 1,
};

describe('readers', () => {
  test('Azure rows come in any order of VMs; slot 1 of VM a has mean 3 and max 9, its slot 2 is a gap', async () => {
    const path = write('a.csv.gz', '0,a,1,2,1.5\n0,b/+=,1,4,2\n300,a,1,9,3\n900,a,1,1,1\n');
    const series = await readAzureV2(path);
    expect(series.map((one) => one.id)).toEqual(['a', 'b/+=']);
    expect(Array.from(series[0].meanPercent)).toEqual([1.5, 3, Number.NaN, 1]);
    expect(series[0].maxPercent[1]).toBe(9);
  });

  const badAzure: [string, string, RegExp][] = [
    ['short row', '0,a,1,2,3\n300,a,1\n', /bad\.csv:2 has 3 fields/],
    ['word for a number', '0,a,1,2,much\n', /bad\.csv:1 avg CPU is "much"; a number is expected/],
    ['timestamp off the grid', '0,a,1,2,3\n299,a,1,2,3\n', /bad\.csv:2 timestamp 299 is not a multiple of 300 s/],
    ['use above 100 %', '0,a,1,2,101\n', /bad\.csv:1 avg CPU is 101/],
    ['row seen twice', '0,a,1,2,3\n0,b,1,2,3\n0,a,1,2,3\n', /bad\.csv:3 a has a second value for slot 0/],
    ['a date far off', '300000000,a,1,2,3\n', /bad\.csv:1 lies 3472\.\d+ days after the start/],
    ['no row', '\n', /bad\.csv: no row with data/],
  ];
  for (const [what, text, message] of badAzure)
    test(`a ${what} names file and row`, async () => {
      await expect(readAzureV2(write('bad.csv', text))).rejects.toThrow(message);
    });

  test('a missing file and a file that is not gzip are TraceErrors with the path', async () => {
    await expect(readAzureV2(join(folder, 'none.csv'))).rejects.toThrow(/none\.csv: ENOENT/);
    writeFileSync(join(folder, 'plain.csv.gz'), 'not gzip');
    await expect(readAzureV2(join(folder, 'plain.csv.gz'))).rejects.toThrow(/plain\.csv\.gz/);
  });

  test('Google rows count days from 1: day 2, slot 0 is slot 288', async () => {
    const series = await readGoogle2011(write('g.csv', 'job_id,day,slot5m,cpu_pct,mem_pct\n7,1,0,20,1\n7,2,0,30,1\n'));
    expect(series[0].meanPercent.length).toBe(289);
    expect(series[0].meanPercent[288]).toBe(30);
  });

  test('a Google file without its header, or with slot 288, is refused by row', async () => {
    await expect(readGoogle2011(write('h.csv', '7,1,0,20,1\n'))).rejects.toThrow(/h\.csv:1 is not the header/);
    const text = 'job_id,day,slot5m,cpu_pct,mem_pct\n7,1,288,20,1\n';
    await expect(readGoogle2011(write('s.csv', text))).rejects.toThrow(/s\.csv:2 slot5m 288 is not in 0\.\.287/);
  });

  test('an unknown source is refused with the known ones', async () => {
    await expect(readReplaySeries(folder, 'azure')).rejects.toThrow(/"azure"; known: azure-v2, google-2011/);
  });
});

/** A series of `days` days with value = 10 x day + hour / 10 percent and maxima of twice that. */
function ramp(id: string, days: number): UsageSeries {
  const meanPercent = Float64Array.from(
    { length: days * 288 },
    (_, slot) => 10 * Math.floor(slot / 288) + Math.floor((slot % 288) / 12) / 10,
  );
  return { id, meanPercent, maxPercent: meanPercent.map((value) => value * 2) };
}

describe('services from series', () => {
  const replay = { source: 'azure-v2', series: [ramp('x', 8), ramp('y', 9)] } as const;
  const services = replayOnlineServices(replay, config, 's');

  test('two series of 8 and 9 days give one week of 2 016 slots to five services', () => {
    expect(services.slotCount).toBe(2016);
    expect(services.slotMs).toBe(300_000);
    expect(services.names).toEqual(['azure-v2-0-0', 'azure-v2-1-1', 'azure-v2-0-2', 'azure-v2-1-3', 'azure-v2-0-4']);
  });

  test('the third user of a series starts two days in and wraps after the week', () => {
    const row = services.baseRatio.subarray(4 * 2016, 5 * 2016);
    expect(row[0]).toBeCloseTo(0.2, 6); // day 2, hour 0: 20 %
    expect(row[5 * 288 + 13]).toBeCloseTo(0.001, 6); // day 5 + 2 = day 0, slot 13 lies in hour 1: 0.1 %
  });

  test('the eighth use of a week-long series (index 7) starts one hour in', () => {
    expect(replayShiftSlots(6, 7)).toBe(6 * 288);
    expect(replayShiftSlots(7, 7)).toBe(12);
  });

  test('a VM series carries its noise and its peaks: noise 0, peak 2; a job series keeps own noise .36', () => {
    expect(Array.from(services.ownCv)).toEqual([0, 0, 0, 0, 0]);
    expect(Array.from(services.commonCv)).toEqual([0, 0, 0, 0, 0]);
    expect(Array.from(services.peakOverMean)).toEqual([2, 2, 2, 2, 2]);
    const job = { id: 'j', meanPercent: ramp('j', 7).meanPercent, maxPercent: new Float64Array(2016).fill(Number.NaN) };
    const jobs = replayOnlineServices({ source: 'google-2011', series: [job] }, config, 's');
    expect(Array.from(jobs.ownCv)).toEqual([0.36, 0.36, 0.36, 0.36, 0.36]);
    expect(jobs.commonCv[0]).toBe(0);
    expect(jobs.peakOverMean).toEqual(drawServiceTraits(5, 's').peakOverMean);
  });

  test('replicas and requests keep the totals of the generator: 20 pods, half of 200 cores', () => {
    let milli = 0;
    for (let row = 0; row < 5; row++) milli += services.replicas[row] * services.requestMilliCpu[row];
    expect(services.replicas.reduce((a, b) => a + b, 0)).toBe(20);
    expect(Math.abs(milli - 100_000)).toBeLessThan(10 * Math.min(...services.replicas));
  });

  test('a gap keeps the value before it; more than 5 % of gaps is refused by series', () => {
    const gappy = ramp('gappy', 7);
    gappy.meanPercent.fill(Number.NaN, 300, 400); // 100 of 2 016 slots = 4.96 %
    const filled = replayOnlineServices({ source: 'azure-v2', series: [gappy] }, config, 's');
    expect(filled.baseRatio[399]).toBe(filled.baseRatio[299]);
    gappy.meanPercent[400] = Number.NaN;
    expect(() => replayOnlineServices({ source: 'azure-v2', series: [gappy] }, config, 's')).toThrow(
      /series gappy lacks 101 of 2016 slots/,
    );
  });
});

const data = process.env.TIDEMARK_DATA ?? '';
if (data === '') console.log('skipped: replay of the public series. Set TIDEMARK_DATA as traces/fits/SOURCES.md says.');

test.skipIf(data === '')('the public files hold 14 VMs over four weeks and 49 jobs over one', async () => {
  const azure = await readReplaySeries(data, 'azure-v2');
  const google = await readReplaySeries(data, 'google-2011');
  expect([azure.series.length, google.series.length]).toEqual([14, 49]);
  expect(replayOnlineServices(azure, config, 's').slotCount).toBe(4 * 2016);
  expect(replayOnlineServices(google, config, 's').slotCount).toBe(2016);
});
