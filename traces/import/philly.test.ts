import { afterAll, expect, test } from 'vitest';
import { importHelios } from './helios.ts';
import { parsePacific } from './local-time.ts';
import { importPhilly } from './philly.ts';
import { testContext } from './test-context.ts';
import { createTestFiles } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

test('Pacific time: summer until 5 November 2017, 02:00; a zone in the text wins', () => {
  expect(parsePacific('2017-11-05 01:59:59')).toBe(Date.UTC(2017, 10, 5, 8, 59, 59));
  expect(parsePacific('2017-11-05 02:00:00')).toBe(Date.UTC(2017, 10, 5, 10));
  expect(parsePacific('2017-11-05 01:30:00 PST')).toBe(Date.UTC(2017, 10, 5, 9, 30));
  expect(parsePacific('2017-03-12 02:00:00')).toBe(Date.UTC(2017, 2, 12, 9));
  expect(parsePacific('None')).toBeNaN();
});

const attempt = (start: unknown, end: unknown, gpus: string[][] = [['gpu0', 'gpu1']]) => ({
  start_time: start,
  end_time: end,
  detail: gpus.map((list, at) => ({ ip: `m${at + 1}`, gpus: list })),
});

test('Philly: attempts add up; none, null and "None" leave the duration unknown; GPUs over two machines count together', async () => {
  const jobs = [
    {
      status: 'Pass',
      vc: 'v',
      jobid: 'a',
      submitted_time: '2017-10-09 07:02:31',
      user: 'u',
      attempts: [
        attempt('2017-10-09 07:02:41', '2017-10-09 07:02:51'),
        attempt('2017-11-05 01:00:00', '2017-11-05 03:00:00', [['gpu0'], ['gpu3', 'gpu4']]),
      ],
    },
    { status: 'Killed', vc: 'v', jobid: 'b', submitted_time: '2017-10-09 07:02:30', user: 'u', attempts: [] },
    {
      status: 'Failed',
      vc: 'v',
      jobid: 'c',
      submitted_time: '2017-10-09 07:02:30',
      user: 'u',
      attempts: [attempt(null, 'None')],
    },
  ];
  const paths = [
    files.write('cluster_job_log', JSON.stringify(jobs)),
    files.write('cluster_machine_list', 'machineId, number of GPUs, single GPU mem\nm1, 8, 24GB\n'),
    files.write(
      'cluster_cpu_util',
      'time,machine_id,cpu_util\n2017-10-09 07:03:00 PDT,m1,50\n2017-10-09 07:04:00 PDT,m1,NA\n',
    ),
  ];
  const { context, samples } = testContext();
  const { tasks, hosts, notes } = await importPhilly(paths, context);
  expect(tasks.ids).toEqual(['b', 'c', 'a']);
  expect(Array.from(tasks.submitMs)).toEqual([0, 0, 1_000]);
  // 10 s, and 3 h of real time because the clock went back an hour at 02:00.
  expect(Array.from(tasks.durationMs)).toEqual([Number.NaN, Number.NaN, 10_000 + 3 * 3_600_000]);
  expect(Array.from(tasks.gpus)).toEqual([0, 2, 3]);
  expect(hosts.gpus[0]).toBe(8);
  expect(samples.map((one) => [one.timeMs, one.milliCpu])).toEqual([
    [30_000, 16_000],
    [90_000, Number.NaN],
  ]);
  expect(notes.slice(1)).toEqual([
    '1 jobs ran more than once; their duration is the sum',
    '1 jobs have no attempt: they never ran',
    '1 jobs have an attempt without a start or an end: their duration is unknown',
    '1 rows of use say NA: the machine was offline',
  ]);
});

test('Philly: memory is total less free in KiB, GPUs of a machine add up, NA and a comma at the end are no value; tables without a header', async () => {
  files.write('p/cluster_job_log', '[]');
  files.write('p/cluster_machine_list', 'm,2, 12GB\n');
  files.write('p/cluster_cpu_util', '2017-10-09 07:03:00 PST,m,25\n2017-10-09 07:03:00 PST,other,25\n');
  files.write(
    'p/cluster_mem_util',
    'time,machine_id,mem_total,mem_free\n2017-10-09 07:03:00 PST,m,4096,1024.0\n2017-10-09 07:04:00 PST,m,NA,NA\n',
  );
  files.write(
    'p/cluster_gpu_util',
    'time,machineId,gpu0_util,gpu1_util\n2017-10-09 07:02:00 PST,m,60.5,NA,\n2017-10-09 07:03:00 PST,m,100.0,20,,,,,,,\n' +
      '2017-10-09 07:04:00 PST,m,NA,NA,\n',
  );
  const { context, samples } = testContext();
  const { startUnixMs, hosts, services, notes } = await importPhilly([files.path('p')], context);
  // The earliest row is one of GPUs: 07:02 in Pacific standard time, because the row says so, although summer time held on that day.
  expect(startUnixMs).toBe(Date.UTC(2017, 9, 9, 15, 2));
  const nan = Number.NaN;
  expect(samples.map((one) => [one.table, one.id, one.timeMs, one.milliCpu, one.memMib, one.gpuMilli])).toEqual([
    // 2 GPUs of 4 cores; a machine that is not in the list has 8 of them.
    ['cluster_cpu_util', 'm', 60_000, 2_000, nan, undefined],
    ['cluster_cpu_util', 'other', 60_000, 8_000, nan, undefined],
    ['cluster_mem_util', 'm', 60_000, nan, 3, undefined],
    ['cluster_mem_util', 'm', 120_000, nan, nan, undefined],
    ['cluster_gpu_util', 'm', 0, nan, nan, 605],
    ['cluster_gpu_util', 'm', 60_000, nan, nan, 1_200],
    ['cluster_gpu_util', 'm', 120_000, nan, nan, nan],
  ]);
  // Memory of the machine is what it said itself.
  expect(Array.from(hosts.memMib)).toEqual([4]);
  expect(services?.ids).toEqual(['m', 'other']);
  expect(Array.from(services?.requestMemMib ?? [])).toEqual([4, nan]);
  expect(notes.slice(1)).toEqual(['2 rows of use say NA: the machine was offline']);
});

test('Philly: with jobs time 0 is the first submission and rows before it are left out; a GPU at 101 % and free above total are named', async () => {
  const job = { status: 'Pass', jobid: 'a', submitted_time: '2017-10-09 07:03:00', attempts: [] };
  const log = files.write('q/cluster_job_log', JSON.stringify([job]));
  const cpu = files.write('q/cluster_cpu_util', '2017-10-09 07:02:00 PDT,m,25\n2017-10-09 07:04:00 PDT,m,50\n');
  const { context, samples } = testContext();
  const { notes } = await importPhilly([log, cpu], context);
  expect(samples.map((one) => [one.timeMs, one.milliCpu])).toEqual([[60_000, 16_000]]);
  expect(notes).toContain('1 rows of use are from before the first submission and are left out');
  const gpu = files.write('r/cluster_gpu_util', '2017-10-09 07:02:00 PDT,m,101,\n');
  await expect(importPhilly([gpu], testContext().context)).rejects.toThrow(/gpu_util:1 gpu0_util is 101; 0 to 100/);
  const mem = files.write('r/cluster_mem_util', '2017-10-09 07:02:00 PDT,m,5,6\n');
  await expect(importPhilly([mem], testContext().context)).rejects.toThrow(
    /mem_util:1 mem_free 6 is above mem_total 5/,
  );
});

test('Philly: a job twice and a time that is none are named', async () => {
  const job = { status: 'Pass', jobid: 'a', submitted_time: '2017-10-09 07:02:31', attempts: [] };
  const of = (value: unknown) =>
    importPhilly([files.write('x/cluster_job_log', JSON.stringify(value))], testContext().context);
  await expect(of([job, job])).rejects.toThrow(/\[1\] repeats job a/);
  await expect(of([{ ...job, submitted_time: 'soon' }])).rejects.toThrow(/\[0\]\.submitted_time is "soon"/);
});

const HEADER = 'job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue';

test('Helios: columns by name, GPUs of a virtual cluster by day as events, a duration that disagrees is counted', async () => {
  const log = files.write(
    'cluster_log.csv',
    `${HEADER}\n2,u,vcA,16,64,2,COMPLETED,2020-04-02 00:00:10,2020-04-02 00:00:20,2020-04-02 00:01:20,60,10\n` +
      '1,u,vcA,0,4,1,NODE_FAIL,2020-04-02 00:00:00,,,5,0\n3,u,vcA,1,4,1,TIMEOUT,2020-04-02 00:00:30,2020-04-02 00:00:30,2020-04-02 00:00:40,9,0\n',
  );
  const numbers = files.write(
    'cluster_gpu_number.csv',
    'date,vcA,total\n2020-04-01 00:00:00,8,8\n2020-04-03 00:00:00,16,16\n',
  );
  const { tasks, events, notes } = await importHelios([log, numbers], testContext().context);
  expect(tasks.ids).toEqual(['1', '2', '3']);
  expect(Array.from(tasks.submitMs)).toEqual([0, 10_000, 30_000]);
  expect(Array.from(tasks.durationMs)).toEqual([5_000, 60_000, 9_000]);
  expect(Array.from(tasks.instances)).toEqual([1, 2, 1]);
  expect(Array.from(tasks.gpus)).toEqual([0, 16, 1]);
  expect(events?.details).toEqual(['8 GPUs', '8 GPUs', '16 GPUs', '16 GPUs']);
  expect(Array.from(events?.timeMs ?? [])).toEqual([0, 0, 86_400_000, 86_400_000]);
  expect(notes[1]).toBe('1 jobs have a duration that is not end minus start; the duration is kept');
  const bad = files.write('y/cluster_log.csv', `${HEADER}\n1,u,v,0,4,1,DONE,2020-04-02 00:00:00,,,5,0\n`);
  await expect(importHelios([bad], testContext().context)).rejects.toThrow(/csv:2 state is "DONE"; known: COMPLETED/);
});

test('Helios: all five states are kept; a job of no node counts as one part, and one that never started has no duration', async () => {
  const states = ['COMPLETED', 'CANCELLED', 'FAILED', 'TIMEOUT', 'NODE_FAIL'];
  const log = files.write(
    'h/cluster_log.csv',
    [
      HEADER,
      ...states.map((state, at) => `${at},u,v,1,4,0,${state},2020-04-02 00:00:00,,,${at === 1 ? '' : 5},0`),
    ].join('\n'),
  );
  const { tasks } = await importHelios([log], testContext().context);
  expect(tasks.status).toEqual(states);
  expect(Array.from(tasks.instances)).toEqual([1, 1, 1, 1, 1]);
  expect(Array.from(tasks.durationMs)).toEqual([5_000, Number.NaN, 5_000, 5_000, 5_000]);
});
