import { afterAll, describe, expect, test } from 'vitest';
import { type BaseUse, baseRatioAt, createBaseUse, moveBaseTo } from './base-use.ts';
import type { OnlineServices } from './format.ts';
import { hostColumns, type ImportedTrace, type ServiceRow, serviceColumns, taskColumns } from './import/canonical.ts';
import { writeImport } from './import/store.ts';
import { createTestFiles } from './import/test-files.ts';
import { parquetSink } from './import/usage-sink.ts';
import { replayServices, type TraceReplayConfig } from './replay-services.ts';
import { createStream } from './streams.ts';

const files = createTestFiles();
afterAll(() => files.remove());

type Sample = readonly [id: string, timeMs: number, milliCpu: number, peak?: number, mem?: number];

/** Writes a trace of these services and samples, the samples in row groups of 30,720 rows as an import does. */
async function traceOf(name: string, services: readonly ServiceRow[], samples: readonly Sample[]): Promise<string> {
  const folder = files.path(name);
  const table = parquetSink(folder).open('use');
  for (const [id, timeMs, milliCpu, peak = Number.NaN, mem = Number.NaN] of samples)
    table.add(id, timeMs, milliCpu, peak, mem, () => id);
  table.finish();
  const trace: ImportedTrace = {
    format: 'test',
    startUnixMs: null,
    hosts: hostColumns([]),
    tasks: taskColumns([]).tasks,
    use: null,
    services: serviceColumns(services),
    columns: {},
    notes: [],
  };
  await writeImport(trace, folder);
  return folder;
}

const SLOT = 300_000;
const service = (id: string, more: Partial<ServiceRow> = {}): ServiceRow => ({
  id,
  kind: 'vm',
  requestMilliCpu: 1_000,
  requestMemMib: 1_024,
  ...more,
});
const config: TraceReplayConfig = {
  horizonMs: 6 * SLOT,
  startDay: 0,
  limitOverRequest: 2,
  loadFactor: 1,
  seed: 'x',
  blockSlots: 2,
};

/** Ratios of service s at the start of each slot, block after block. */
function ratios(services: OnlineServices, s: number, slots = services.slotCount): number[] {
  const base = createBaseUse(services);
  return Array.from({ length: slots }, (_, slot) => {
    moveBaseTo(base, services, slot * SLOT);
    return baseRatioAt(base, services, s, slot * SLOT);
  });
}

test('limits of the trace stand, and who has none there has none; where no service has one, twice the request does', async () => {
  const samples: Sample[] = ['a', 'b'].flatMap((id) => [0, 5].map((slot): Sample => [id, slot * SLOT, 100]));
  const said = await traceOf('limits', [service('a', { limitMilliCpu: 1_500 }), service('b')], samples);
  const { services, notes } = replayServices(said, config);
  expect(Array.from(services.limitMilliCpu)).toEqual([1_500, 0]);
  expect(notes.join(' ')).toContain('limits are those of the trace; 1 services have none');
  const silent = await traceOf('no-limits', [service('a'), service('b')], samples);
  expect(Array.from(replayServices(silent, config).services.limitMilliCpu)).toEqual([2_000, 2_000]);
});

describe('a trace of six slots by hand', () => {
  test('samples of a slot are averaged, a gap keeps the value before it over the end of a block, a leading gap takes the value after', async () => {
    const folder = await traceOf(
      'hand',
      [service('a'), service('b', { replicas: 2, requestMilliCpu: 500 })],
      [
        ['a', 0, 100],
        ['a', 150_000, 300],
        ['a', 2 * SLOT, 400],
        ['a', 5 * SLOT, 800],
        ['b', 3 * SLOT, 500],
      ],
    );
    const { services, notes } = replayServices(folder, config);
    expect(services.names).toEqual(['a', 'b']);
    expect(services.slotCount).toBe(6);
    // Service a: mean of 100 and 300 over 1,000; nothing in slots 1, 3 and 4.
    expect(ratios(services, 0).map((one) => Number(one.toFixed(6)))).toEqual([0.2, 0.2, 0.4, 0.4, 0.4, 0.8]);
    // Two replicas of 500: 500 milli-CPU in use are half of what both request.
    expect(ratios(services, 1)).toEqual([0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
    expect(Array.from(services.ownCv)).toEqual([0, 0.36]);
    // Samples in 3 of 6 slots and 1 of 6.
    expect(notes.at(-1)).toMatch(/66\.7 % of the five-minute slots have no sample/);
  });

  test('between slots use is interpolated over the end of a block, and from the last slot to the first', async () => {
    const folder = await traceOf(
      'between',
      [service('a')],
      [0, 1, 2, 3, 4, 5].map((slot) => ['a', slot * SLOT, 100 * slot]),
    );
    const { services } = replayServices(folder, config);
    const base = createBaseUse(services);
    const at = (timeMs: number) => {
      moveBaseTo(base, services, timeMs);
      return Number(baseRatioAt(base, services, 0, timeMs).toFixed(6));
    };
    expect([at(1.5 * SLOT), at(1.75 * SLOT), at(5.5 * SLOT), at(0.5 * SLOT)]).toEqual([0.15, 0.175, 0.25, 0.05]);
  });

  test('a service is 0 before it starts (slot 2) and after it ends (in slot 4); loadFactor 2 doubles its use', async () => {
    const folder = await traceOf(
      'life',
      [service('a', { startMs: 2 * SLOT, endMs: 4 * SLOT + 1 })],
      [
        ['a', 2 * SLOT, 100],
        ['a', 5 * SLOT, 900],
      ],
    );
    const { services } = replayServices(folder, { ...config, loadFactor: 2 });
    expect(ratios(services, 0).map((one) => Number(one.toFixed(6)))).toEqual([0, 0, 0.2, 0.2, 0.2, 0]);
  });

  test('request from the largest use, memory by the core, the measured working set and peak', async () => {
    const folder = await traceOf(
      'sizes',
      [
        service('a', { requestMilliCpu: Number.NaN, requestMemMib: Number.NaN }),
        service('b'),
        service('empty'),
        service('h', { kind: 'host' }),
      ],
      [
        ['a', 0, 500],
        ['a', SLOT, 2_000],
        ['b', 0, 100, 300, 256],
        ['b', SLOT, 300, 500, 768],
        ['h', 0, 5_000],
      ],
    );
    const { services, notes } = replayServices(folder, { ...config, horizonMs: 2 * SLOT });
    expect(services.names).toEqual(['a', 'b']);
    expect(Array.from(services.requestMilliCpu)).toEqual([2_000, 1_000]);
    expect(Array.from(services.limitMilliCpu)).toEqual([4_000, 2_000]);
    expect(Array.from(services.requestMemBytes)).toEqual([8_192 * 1_048_576, 1_024 * 1_048_576]);
    expect(services.memUsageRatio[1]).toBe(0.5);
    // (300 + 500) / (100 + 300)
    expect(services.peakOverMean[1]).toBe(2);
    expect(notes.map((note) => note.replace(folder, 'F'))).toEqual([
      'Online use replays 2 services of F from day 0, in blocks of 0.2 h; their use carries its own noise.',
      'Replay of F: 1 services have no sample and are left out.',
      'Replay of F: 1 hosts and system series are no services and are left out.',
      'Replay of F: 1 services do not say what they request; their largest five-minute use stands in.',
      'Replay of F: 1 services do not say their memory; 4096 MiB per core stands in.',
      'Replay of F: 1 services have no measured memory; a fitted share stands in.',
    ]);
  });

  test('a run beyond the end of the trace, a trace of hosts only and a folder without trace.json are refused', async () => {
    const folder = await traceOf('short', [service('a')], [['a', SLOT, 1]]);
    expect(() => replayServices(folder, { ...config, horizonMs: 3 * SLOT })).toThrow(
      /horizon: 0\.3 h from day 0 of .*short, which ends after 0\.2 h/,
    );
    const hosts = await traceOf('hosts', [service('h', { kind: 'host' })], [['h', 0, 1]]);
    expect(() => replayServices(hosts, config)).toThrow(/hosts: the trace has no services with use over time/);
    expect(() => replayServices(files.path('nowhere'), config)).toThrow(/no trace\.json; give a folder that/);
  });
});

/** Ratio of each slot from all samples at once: what the blocks must give. */
function naive(samples: readonly Sample[], id: string, request: number, slots: number): number[] {
  const bySlot = new Map<number, number[]>();
  for (const [of, timeMs, milliCpu] of samples) {
    if (of !== id || Number.isNaN(milliCpu)) continue;
    const slot = Math.floor(timeMs / SLOT);
    bySlot.set(slot, [...(bySlot.get(slot) ?? []), milliCpu]);
  }
  const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
  let value = mean(bySlot.get(Math.min(...bySlot.keys())) ?? []);
  return Array.from({ length: slots }, (_, slot) => {
    const values = bySlot.get(slot);
    if (values !== undefined) value = mean(values);
    return value / request;
  });
}

/** A random trace with gaps, double samples and unknown values, in the order of time or of services. */
function randomSamples(seed: string, ids: readonly string[], slots: number, byTime: boolean): Sample[] {
  const stream = createStream(seed, 'samples');
  const samples: Sample[] = [];
  for (const id of ids)
    for (let slot = 0; slot < slots; slot++)
      for (let part = 0; part < 2; part++) {
        if (stream.next() < 0.4) continue;
        samples.push([
          id,
          slot * SLOT + part * 100_000,
          stream.next() < 0.1 ? Number.NaN : Math.floor(stream.next() * 1_000),
        ]);
      }
  return byTime ? samples.sort((a, b) => a[1] - b[1]) : samples;
}

describe('blocks', () => {
  const ids = ['a', 'b', 'c', 'd'];
  for (const byTime of [true, false])
    for (const blockSlots of [1, 3, 12, 96, 288])
      test(`blocks of ${blockSlots} slots, samples by ${byTime ? 'time' : 'service'}: as from all samples at once, in any order of asking`, async () => {
        const samples = randomSamples(`${blockSlots}`, ids, 100, byTime);
        const folder = await traceOf(
          `random-${byTime}-${blockSlots}`,
          ids.map((id) => service(id)),
          samples,
        );
        const { services } = replayServices(folder, { ...config, horizonMs: 90 * SLOT, blockSlots });
        const base = createBaseUse(services);
        const wanted = ids.map((id) => naive(samples, id, 1_000, services.slotCount));
        const check = (slot: number) => {
          moveBaseTo(base, services, slot * SLOT);
          for (let s = 0; s < ids.length; s++)
            expect(baseRatioAt(base, services, s, slot * SLOT)).toBe(Math.fround(wanted[s][slot]));
        };
        for (let slot = 0; slot < services.slotCount; slot++) check(slot);
        const stream = createStream('jumps', 'slots');
        for (let jump = 0; jump < 30; jump++) check(Math.floor(stream.next() * services.slotCount));
      });

  test('from day 1 slot 0 of the run is slot 288 of the trace, and the gap before it holds the last value of day 0', async () => {
    const folder = await traceOf(
      'shifted',
      [service('a')],
      [
        ['a', 0, 100],
        ['a', 200 * SLOT, 300],
        ['a', 290 * SLOT, 500],
      ],
    );
    const { services } = replayServices(folder, { ...config, startDay: 1, horizonMs: 3 * SLOT });
    expect(ratios(services, 0).map((one) => Number(one.toFixed(6)))).toEqual([0.3, 0.3, 0.5]);
  });
});

describe('what is in memory', () => {
  /** A trace of some days, ordered by time, 400 samples a slot. */
  async function daysOf(days: number): Promise<{ services: OnlineServices; samples: number }> {
    const ids = Array.from({ length: 400 }, (_, at) => `s${at}`);
    const folder = files.path(`days-${days}`);
    const table = parquetSink(folder).open('use');
    for (let slot = 0; slot < days * 288; slot++)
      for (const id of ids) table.add(id, slot * SLOT, slot % 7, Number.NaN, Number.NaN, () => id);
    table.finish();
    await writeImport(
      {
        format: 'test',
        startUnixMs: null,
        hosts: hostColumns([]),
        tasks: taskColumns([]).tasks,
        use: null,
        services: serviceColumns(ids.map((id) => service(id))),
        columns: {},
        notes: [],
      },
      folder,
    );
    const horizonMs = days * 288 * SLOT;
    return {
      services: replayServices(folder, { ...config, horizonMs, blockSlots: 48 }).services,
      samples: days * 288 * 400,
    };
  }
  const bytesOf = (value: unknown): number =>
    ArrayBuffer.isView(value)
      ? value.byteLength
      : typeof value === 'object' && value !== null && !(value instanceof Map)
        ? Object.values(value).reduce((sum: number, inner) => sum + bytesOf(inner), 0)
        : 0;
  const run = (services: OnlineServices): { base: BaseUse; most: number } => {
    const base = createBaseUse(services);
    let most = 0;
    for (let slot = 0; slot < services.slotCount; slot++) {
      moveBaseTo(base, services, slot * SLOT);
      most = Math.max(most, bytesOf(base.ratio) + bytesOf(base.stream?.sum) + bytesOf(base.stream?.count));
    }
    return { base, most };
  };

  test('1 and 3 days hold the same block: 400 services x 49 columns x 14 bytes; each row group is read once or twice', async () => {
    const [one, three] = [await daysOf(1), await daysOf(3)];
    const [short, long] = [run(one.services), run(three.services)];
    expect(short.most).toBe(400 * 49 * 14);
    expect(long.most).toBe(short.most);
    // 6 blocks of 4 hours a day: what grows with the days is one value a service and block.
    expect(three.services.stream?.before.length).toBe(400 * 6 * 3);
    const groups = Math.ceil(three.samples / 30_720);
    const blocks = 18;
    // A group that begins or ends inside a block is read for both; the column behind a block is the first of the next.
    expect(long.base.stream?.groupsRead).toBeLessThanOrEqual(groups + 2 * blocks);
    expect(long.base.stream?.groupsRead).toBeGreaterThanOrEqual(groups);
  });
});
