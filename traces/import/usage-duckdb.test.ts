import { mkdirSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { readUsage } from './store-services.ts';
import { testContext } from './test-context.ts';
import { createTestFiles } from './test-files.ts';
import { readUsageCsv, type UsageCsv } from './usage-csv.ts';
import { openDuckdb } from './usage-duckdb.ts';
import { parquetSink } from './usage-sink.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const table: UsageCsv = {
  name: 'use',
  separator: ',',
  fields: 4,
  id: [1, 2],
  idPrefix: 'p/',
  time: 0,
  timeScaleMs: 0.001,
  timeOffsetMs: 600_000,
  cpu: 3,
  peak: -1,
  mem: -1,
  invalid: [-1, 101],
  mostCpu: 100,
};
const connection = await openDuckdb(files.path('tmp'));
connection?.closeSync();
if (connection === null) console.log('skipped: DuckDB is not installed');

const read = async (name: string, text: string) => {
  mkdirSync(files.path(name), { recursive: true });
  const { context } = testContext({ usage: parquetSink(files.path(name)), duckdb: true });
  const scales = new Map([['p/a/1', { milliCpu: 20, memMib: 1 }]]);
  return readUsageCsv(table, [files.write(`${name}.csv.gz`, text)], scales, { milliCpu: 10, memMib: 1 }, context);
};

test.skipIf(connection === null)(
  'three good rows go through DuckDB: 900 s is 300 000 ms, -1 is unknown, ids are joined and prefixed',
  async () => {
    const done = await read('good', '900000000,a,1,50\n1200000000,a,1,-1\n0,b,2,1\n');
    expect(done.engine).toBe('duckdb');
    expect(done.rows).toBe(3);
    expect(done.ids).toEqual(['p/a/1', 'p/b/2']);
    const samples: [string, number, number][] = [];
    for await (const { ids, timeMs, milliCpu } of readUsage(files.path('good')))
      ids.forEach((id, row) => void samples.push([id, timeMs[row], milliCpu[row]]));
    expect(samples).toEqual([
      ['p/a/1', 300_000, 1_000],
      ['p/a/1', 600_000, Number.NaN],
      ['p/b/2', 0, 10],
    ]);
  },
);

test.skipIf(connection === null)(
  'samples keep their order and their scales where more ids are listed than measured, of two kinds and of fifty',
  async () => {
    const rows = Array.from({ length: 5_000 }, (_, at) => (at * 7_919) % 5_000);
    const csv = files.write('order.csv', rows.map((id, at) => `${600e6 + at * 1e6},v,${id},1\n`).join(''));
    for (const kinds of [2, 50]) {
      const worth = (id: number) => (id % 3 === 0 ? 10 : 20 + (id % kinds));
      const listed = Array.from({ length: 60_000 }, (_, id) => id).filter((id) => id % 3 !== 0);
      const scales = new Map(listed.map((id) => [`p/v/${id}`, { milliCpu: worth(id), memMib: 1 }]));
      const out = files.path(`order-${kinds}`);
      const { context } = testContext({ usage: parquetSink(out), duckdb: true });
      const done = await readUsageCsv(table, [csv], scales, { milliCpu: 10, memMib: 1 }, context);
      expect(done.engine).toBe('duckdb');
      const found: string[] = [];
      for await (const { ids, milliCpu } of readUsage(out))
        ids.forEach((id, row) => void found.push(`${id} ${milliCpu[row]}`));
      const expected = rows.map((id) => `p/v/${id} ${worth(id)}`);
      // A join of many kinds puts samples of unlisted ids behind others that stand near.
      if (kinds > 32) expect(found.sort()).toEqual(expected.sort());
      else expect(found).toEqual(expected);
    }
  },
);

test.skipIf(connection === null)(
  '102 % is no valid value: DuckDB hands the table over to the stream, which names the row',
  async () => {
    await expect(read('bad', '900000000,a,1,50\n900000000,a,1,102\n')).rejects.toThrow(
      /bad\.csv\.gz:2 CPU is 102; 0 to 100/,
    );
  },
);

test.skipIf(connection === null)(
  '96 MB of good rows that are all alike pack 500 times: refused before DuckDB unpacks them to the disk',
  async () => {
    await expect(read('bomb', '900000000,a,1,50\n'.repeat(6_000_000))).rejects.toThrow(
      /bomb\.csv\.gz: \d+ bytes unpack to more than 200 times as many; refused as a zip bomb/,
    );
  },
);

test.skipIf(connection === null)('a row without a time is no row at time 0: the stream names it', async () => {
  await expect(read('timeless', '900000000,a,1,50\n,a,1,40\n')).rejects.toThrow(/timeless\.csv\.gz:2 time is ""/);
});
