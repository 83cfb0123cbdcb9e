import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { importSwf } from './swf.ts';
import { createTestFiles, publicData } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const text = `; Version: 2.2
; UnixStartTime: 1000000000
;MaxNodes: 4
; MaxProcs: 128 (32 per node)
; Note: a second colon: kept

  9  30.5  0.0  100  8  50  2048  16  200  -1  1 7 1 -1 1 -1 -1 -1
  2  10 -1  -1 -1  -1  -1  -1  60  -1  5 -1 -1 -1 -1 -1 -1 -1
  3  10  5  20  4  -1  -1  -1  -1 1024 0  8 1 -1 1 -1 -1 -1 extra 99
`;

describe('quirks of the format', () => {
  const trace = importSwf(files.write('q.swf.gz', text));

  test('jobs are ordered by submit time, equal times by row; times are ms', async () => {
    const { tasks } = await trace;
    expect(tasks.ids).toEqual(['2', '3', '9']);
    expect(Array.from(tasks.submitMs)).toEqual([10_000, 10_000, 30_500]);
    expect(Array.from(tasks.durationMs)).toEqual([Number.NaN, 20_000, 100_000]);
  });

  test('processors are field 8, else 5, else unknown; one is 1 000 milli', async () => {
    expect(Array.from((await trace).tasks.requestMilliCpu)).toEqual([Number.NaN, 4_000, 16_000]);
  });

  test('time asked for is field 9, else the run time of field 4', async () => {
    expect(Array.from((await trace).tasks.wallTimeMs)).toEqual([60_000, 20_000, 200_000]);
  });

  test('memory is KB per processor of field 10, else 7: 1024 x 4 = 4 MiB, 2048 x 16 = 32 MiB', async () => {
    expect(Array.from((await trace).tasks.requestMemMib)).toEqual([Number.NaN, 4, 32]);
  });

  test('50 CPU seconds per processor in a run of 100 s on 16 processors are 8 000 milli', async () => {
    expect((await trace).tasks.usedMilliCpu[2]).toBe(8_000);
  });

  test('status 5 is cancelled, 0 failed, 1 completed; users become groups', async () => {
    const { tasks } = await trace;
    expect(tasks.status).toEqual(['cancelled', 'failed', 'completed']);
    expect(tasks.groups).toEqual(['', 'user-8', 'user-7']);
  });

  test('MaxProcs 128 on MaxNodes 4 are four hosts of 32 cores; UnixStartTime is kept in ms', async () => {
    const { hosts, startUnixMs } = await trace;
    expect(Array.from(hosts.milliCpu)).toEqual([32_000, 32_000, 32_000, 32_000]);
    expect(startUnixMs).toBe(1_000_000_000_000);
  });

  test('notes count the job that never ran, two without requested processors and one row with extra fields', async () => {
    expect((await trace).notes).toEqual([
      '1 jobs have no run time or 0: cancelled or unknown',
      '2 jobs have no requested processors; the used ones stand in',
      '1 rows have more than 18 fields; the rest was not read',
    ]);
  });
});

test('statuses 2 to 4 are partial runs, -1 is unknown; a job without field 8 and 5 keeps no request', async () => {
  const rows = [2, 3, 4, -1].map(
    (status, at) => `${at + 1} ${at} 0 5 -1 -1 -1 -1 -1 -1 ${status} -1 -1 -1 -1 -1 -1 -1`,
  );
  const { tasks } = await importSwf(files.write('partial.swf', rows.join('\n')));
  expect(tasks.status).toEqual(['partial', 'partial-last', 'partial-failed', 'unknown']);
  expect(Array.from(tasks.requestMilliCpu)).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
});

describe('what is refused names file and row', () => {
  const job = '1 0 0 10 1 -1 -1 1 10 -1 1 -1 -1 -1 -1 -1 -1 -1';
  const cases: [string, string, RegExp][] = [
    ['a row of 17 fields', `${job}\n2 0 0 10 1 -1 -1 1 10 -1 1 -1 -1 -1 -1 -1 -1`, /x\.swf:2 has 17 fields/],
    ['a word', `; a: b\n${job.replace(' 10 1', ' ten 1')}`, /x\.swf:2 field 4 \(run\) is "ten"/],
    ['a job twice', `${job}\n${job}`, /x\.swf:2 job 1 appears a second time/],
    ['no submit time', job.replace('1 0', '1 -1'), /x\.swf:1 job 1 has no submit time/],
    ['no job', '; MaxProcs: 3\n', /x\.swf: no job/],
  ];
  for (const [what, content, message] of cases)
    test(what, () => expect(importSwf(files.write('x.swf', content))).rejects.toThrow(message));
});

const data = publicData('SWF file of 800 jobs');
test.skipIf(data === '')('easy_mediumWL_smallPF.swf has 800 jobs, all with a run time', async () => {
  const { tasks, notes } = await importSwf(join(data, 'swf/easy_mediumWL_smallPF.swf'));
  expect(tasks.count).toBe(800);
  expect(notes).toEqual([]);
});
