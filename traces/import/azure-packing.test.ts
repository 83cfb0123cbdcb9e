import { existsSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { importAzurePacking, packingTrace } from './azure-packing.ts';
import { loadSqlite } from './sqlite-rows.ts';
import { testContext } from './test-context.ts';
import { createTestFiles } from './test-files.ts';

const files = createTestFiles();
const sqlite = await loadSqlite('the test');
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

/** A file with the two tables as the trace has them. */
function packingFile(name: string, rows: string): string {
  const path = files.path(name);
  const database = new sqlite.Database(path);
  database.exec(`CREATE TABLE vmType(id INTEGER, vmTypeId INTEGER, machineId INTEGER, core REAL, memory REAL, hdd REAL, ssd REAL, nic REAL);
    CREATE TABLE vm(vmId INTEGER, tenantId INTEGER, vmTypeId INTEGER, priority INTEGER, starttime REAL, endtime REAL);
    INSERT INTO vmType VALUES (1, 7, 16, 0.5, 0.25, 0, 0, 0), (2, 7, 3, 0.125, 0.0625, 0, 0, 0), (3, 8, 16, 1, 1, 0, 0, 0);
    ${rows}`);
  database.close();
  return path;
}

test('an SQLite file: type 7 fits machines 16 and 3, the first of which is 3; vm 12 was alive before and is alive after', async () => {
  const path = packingFile(
    'packing.sqlite',
    `INSERT INTO vm VALUES (9007199254740993, 5, 7, 1, 2.5, 3.0), (12, 5, 8, 0, -40.25, NULL), (13, 6, 99, 0, 0.0, 0.25);`,
  );
  const { services, notes } = await importAzurePacking(path, testContext({ scale: { cpu: 64, mem: 1024 } }).context);
  // By start; an id above 2^53 keeps its digits.
  expect(services?.ids).toEqual(['12', '13', '9007199254740993']);
  expect(services?.groups).toEqual(['5/8', '6/99', '5/7']);
  expect(Array.from(services?.requestMilliCpu ?? [])).toEqual([64_000, Number.NaN, 8_000]);
  expect(Array.from(services?.requestMemMib ?? [])).toEqual([1024, Number.NaN, 64]);
  expect(Array.from(services?.startMs ?? [])).toEqual([Number.NaN, 0, 216_000_000]);
  expect(Array.from(services?.endMs ?? [])).toEqual([Number.NaN, 21_600_000, 259_200_000]);
  expect(notes[0]).toBe('1 VMs were alive before the trace: their start is unknown');
  expect(existsSync(`${path}.lock`)).toBe(false);
});

test('text for a number, an end before the start: the VM is named, or skipped and listed', async () => {
  const path = packingFile(
    'odd.sqlite',
    `INSERT INTO vm VALUES (1, 5, 7, 0, 'x', NULL), (2, 5, 7, 0, 3, 1), (3, 5, 7, NULL, 3, 4), (4, 5, 7, 0, 3, 4);`,
  );
  await expect(importAzurePacking(path, testContext().context)).rejects.toThrow(
    /odd\.sqlite: VM 2 ends on day 1, before/,
  );
  expect(existsSync(`${path}.lock`)).toBe(false);
  const { context } = testContext({ skipInvalid: true });
  expect((await importAzurePacking(path, context)).services?.ids).toEqual(['4']);
  expect(context.drops.listed).toEqual([
    `${path}: VM 2 ends on day 1, before it starts on day 3`,
    `${path}: VM 3 has no priority`,
    `${path}: VM 1 has starttime "x"; a number is expected`,
  ]);
});

test('a file that is no database, one without the tables and one that is not there are named', async () => {
  const read = (path: string) => importAzurePacking(path, testContext().context);
  await expect(read(files.write('none.sqlite', 'not a database'))).rejects.toThrow(
    /none\.sqlite: file is not a database/,
  );
  const empty = files.path('empty.sqlite');
  const database = new sqlite.Database(empty);
  database.exec('CREATE TABLE other(a)');
  database.close();
  await expect(read(empty)).rejects.toThrow(/empty\.sqlite: no such table: vm/);
  await expect(read(files.path('absent.sqlite'))).rejects.toThrow(/absent\.sqlite: /);
  expect(existsSync(files.path('absent.sqlite'))).toBe(false);
});
