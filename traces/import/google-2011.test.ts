import { afterAll, expect, test } from 'vitest';
import { importGoogle2011 } from './google-2011.ts';
import { testContext } from './test-context.ts';
import { createTestFiles } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const AFTER = '9223372036854775807';
const machines = files.write(
  'machine_events/part-00000-of-00001.csv.gz',
  ['0,5,0,HofLG,0.5,0.2493', '700000000,5,2,HofLG,0.5,', `${AFTER},7,1,x,,`].join('\n'),
);
const event = (us: string, kind: number, machine: string, rest = 'user,3,9,0.0625,0.0159,0.0004,0') =>
  `${us},,3418309,0,${machine},${kind},${rest}`;
const tasks = files.write(
  'task_events/part-00000-of-00001.csv.gz',
  [
    event('0', 0, ''),
    event('660000000', 1, '5'),
    event('720000000', 2, '5'),
    event('720000000', 0, ''),
    event('780000000', 1, '7'),
    event('900000000', 4, '7'),
    '601000000,2,1,4,,0,user,0,1,,,,0',
  ].join('\n'),
);
const usage = files.write(
  'task_usage/part-00000-of-00001.csv.gz',
  '600000000,900000000,3418309,0,5,0.03,0.01,0.01,0,0,0.02,0,0,0.09,0,1.2,0.01,1,0,0.05\n' +
    '900000000,1200000000,3418309,0,5,0.05,,0.01,0,0,0.02,0,0,,0,1.2,0.01,1,0\n',
);

test('time 600 s is 0, time 0 is before and stands at 0; the last run 180 s to 300 s lasts 120 s; 1 eviction, 1 reconstructed event', async () => {
  const { context } = testContext({ scale: { cpu: 64, mem: 262_144 } });
  const { tasks: columns, notes, startUnixMs } = await importGoogle2011([machines, tasks, usage], context);
  expect(new Date(startUnixMs ?? 0).toISOString()).toBe('2011-05-01T23:00:00.000Z');
  expect(columns.ids).toEqual(['3418309/0', '1/4']);
  expect(Array.from(columns.submitMs)).toEqual([0, 1_000]);
  expect(Array.from(columns.durationMs)).toEqual([120_000, Number.NaN]);
  expect(columns.hosts).toEqual(['7', '']);
  expect(columns.qos).toEqual(['prod', 'free']);
  expect(columns.requestMilliCpu[0]).toBe(0.0625 * 64_000);
  expect(Number.isNaN(columns.requestMilliCpu[1])).toBe(true);
  expect(notes).toEqual([
    '1 task events are marked as reconstructed (missing info)',
    '1 task events happened before the trace; they stand at 0',
    '1 times a task was evicted, failed or lost and may have run again',
  ]);
});

test('half of a 64-core machine is 32 000 milli; a memory that is empty is unknown; 2^63-1 is after the trace', async () => {
  const { context } = testContext({ scale: { cpu: 64, mem: 1000 } });
  const { hosts, events } = await importGoogle2011([machines], context);
  expect(hosts.ids).toEqual(['5']);
  expect(hosts.milliCpu[0]).toBe(32_000);
  expect(Number.isNaN(hosts.memMib[0])).toBe(true);
  expect(Array.from(events?.timeMs ?? [])).toEqual([0, 100_000, Infinity]);
  expect(events?.kinds).toEqual(['add', 'update', 'remove']);
});

test('rows of 20 fields (2.1) and of 19 (2.0) are both read; an empty memory or maximum is unknown', async () => {
  const { context, samples } = testContext({ scale: { cpu: 100 } });
  await importGoogle2011([usage], context);
  expect(samples.map((one) => [one.timeMs, one.milliCpu, one.peakMilliCpu, one.memMib])).toEqual([
    [0, 3_000, 9_000, 0.01],
    [300_000, 5_000, Number.NaN, Number.NaN],
  ]);
});

test('an event type 12 and a row of 5 fields are named; without a scale a note says so', async () => {
  const bad = files.write('bad/task_events.csv', event('0', 12, ''));
  await expect(importGoogle2011([bad], testContext().context)).rejects.toThrow(/csv:1 event type is 12; 0 to 8/);
  const short = files.write('bad/machine_events.csv', '0,5,0,HofLG,0.5');
  await expect(importGoogle2011([short], testContext().context)).rejects.toThrow(
    /csv:1 has 5 fields; machine_events has 6/,
  );
  const { notes } = await importGoogle2011([machines], testContext().context);
  expect(notes[0]).toBe('one unit of CPU is taken as one core; give --scale cpu=CORES of the largest machine');
});

test('priorities 0 and 1 are free, 2 to 8 middle, 9 to 11 prod; an update changes the request and starts nothing anew; lost counts as run again, killed does not', async () => {
  const at = (us: string, task: number, machine: string, kind: number, priority: number, cpu: string) =>
    `${us},,7,${task},${machine},${kind},user,3,${priority},${cpu},0.1,0,0`;
  const path = files.write(
    'all/task_events.csv',
    [
      ...[0, 1, 2, 8, 9, 10, 11].map((priority, task) => at('600000000', task, '', 0, priority, '0.1')),
      at('610000000', 0, '', 7, 0, '0.2'),
      at('620000000', 0, '5', 1, 0, '0.2'),
      at('630000000', 0, '5', 8, 0, '0.5'),
      at('640000000', 0, '5', 6, 0, '0.5'),
      at('650000000', 1, '6', 1, 1, '0.1'),
      at('660000000', 1, '6', 5, 1, '0.1'),
    ].join('\n'),
  );
  const { tasks: read, notes } = await importGoogle2011([path], testContext({ scale: { cpu: 10 } }).context);
  expect(read.qos).toEqual(['free', 'free', 'middle', 'middle', 'prod', 'prod', 'prod']);
  expect(Array.from(read.requestMilliCpu.subarray(0, 2))).toEqual([5_000, 1_000]);
  // From 620 to 640 s, and from 650 to 660 s: the update at 630 s is no start.
  expect(Array.from(read.durationMs.subarray(0, 3))).toEqual([20_000, 10_000, Number.NaN]);
  expect(read.status.slice(0, 3)).toEqual(['lost', 'kill', 'submit']);
  expect(notes).toEqual(['1 times a task was evicted, failed or lost and may have run again']);
});

test('usage that is missing stays a gap; the sampled CPU of the 20th field and CPI, MAI and disk time are not use', async () => {
  const row = (second: number) => `${second}000000,${second + 300}000000,1,0,5,0.5,,,,,,0.9,,,0.9,9,9,1,0`;
  const path = files.write('gap/task_usage.csv', `${row(600)},0.7\n${row(1500)}\n`);
  const { context, samples } = testContext();
  await importGoogle2011([path], context);
  expect(samples.map((one) => [one.timeMs, one.milliCpu, one.peakMilliCpu, one.memMib])).toEqual([
    [0, 500, Number.NaN, Number.NaN],
    [900_000, 500, Number.NaN, Number.NaN],
  ]);
});
