import { afterAll, describe, expect, test } from 'vitest';
import { importAlibaba2018 } from './alibaba-2018.ts';
import { parseDagName } from './alibaba-dag.ts';
import { testContext } from './test-context.ts';
import { createTestFiles } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

describe('task names', () => {
  const cases: [string, number | null, number[], boolean][] = [
    ['M5_3_4', 5, [3, 4], false],
    ['M1', 1, [], false],
    ['J10_7_9_Stg4', 10, [7, 9], false],
    ['R12_Stg1', 12, [], false],
    ['MergeTask', null, [], false],
    ['task_Nzg3ODY4', null, [], false],
    ['task_12_3', null, [], false],
    ['J45_1_2_3_', 45, [1, 2, 3], true],
    ['3_4', null, [], false],
  ];
  for (const [name, index, parents, truncated] of cases)
    test(`${name}: ${index === null ? 'independent' : `task ${index} needs ${parents.join(' and ') || 'nothing'}`}`, () =>
      expect(parseDagName(name)).toEqual({ index, parents, truncated }));
});

test('tasks: 2 instances of half a core are 1 000 milli; end 0 still runs, end before start is unknown; parents by number', async () => {
  const batch = files.write(
    'batch_task.csv',
    [
      'M1,2,j_1,1,Terminated,100,160,50,0.3',
      'R2_1,1,j_1,1,Terminated,170,160,100,0.5',
      'J3_1_2_9,1,j_1,1,Running,180,0,100,',
      'task_x,1,j_2,1,Failed,90,90,,0.1',
      'task_x,1,j_2,1,Terminated,95,96,100,0.1',
    ].join('\n'),
  );
  const instances = files.write(
    'batch_instance.csv',
    [
      'i1,M1,j_1,1,Terminated,100,130,m_1,1,1,20,40,,',
      'i2,M1,j_1,1,Terminated,100,110,m_2,1,1,60,90,,',
      'i3,M1,j_1,1,Failed,100,0,m_2,1,1,60,90,,',
    ].join('\n'),
  );
  const { tasks, notes } = await importAlibaba2018([batch, instances], testContext().context);
  expect(tasks.ids).toEqual(['j_2/task_x', 'j_2/task_x#2', 'j_1/M1', 'j_1/R2_1', 'j_1/J3_1_2_9']);
  expect(Array.from(tasks.requestMilliCpu)).toEqual([Number.NaN, 1_000, 1_000, 1_000, 1_000]);
  expect(Array.from(tasks.durationMs)).toEqual([0, 1_000, 60_000, Number.NaN, Number.NaN]);
  expect(Array.from(tasks.instances)).toEqual([1, 1, 2, 1, 1]);
  // (30 s x 200 + 10 s x 600) / 40 s = 300 milli for each of two instances.
  expect(tasks.usedMilliCpu[2]).toBe(600);
  expect(Array.from(tasks.parents)).toEqual([2, 2, 3]);
  expect(notes.slice(1)).toEqual([
    '1 tasks end before they start: their duration is unknown',
    '1 tasks have end 0: they still ran, their duration is unknown',
    '1 tasks repeat a name of their job; they got a number',
    '1 parents are not in the trace and are left out',
  ]);
});

test('container use is a share of the request: 25 % of 4 cores is 1 000 milli; -1 and 101 are unknown; rows without an id are counted', async () => {
  const paths = [
    files.write('machine_meta.csv', 'm_1,0,1,2,96,100,USING\nm_1,500,1,2,96,100,USING'),
    files.write('machine_usage.csv', 'm_1,0,40,90,,,,,\nm_1,10,101,-1,,,,,'),
    files.write(
      'container_meta.csv',
      'c_1,m_1,0,app_1,started,400,800,1.56\nc_1,m_1,60,app_1,started,400,800,1.56\n,m_1,0,a,b,1,1,1',
    ),
    files.write('container_usage.csv', 'c_1,m_1,0,25,50,1.2,0.4,2,1,1,1\n,m_1,0,25,50,1.2,0.4,2,1,1,1'),
  ];
  const { context, samples } = testContext({ scale: { mem: 4000 } });
  const { services, notes, hosts, events } = await importAlibaba2018(paths, context);
  expect(hosts.milliCpu[0]).toBe(96_000);
  expect(hosts.memMib[0]).toBe(400_000);
  expect(events?.kinds).toEqual(['update']);
  expect(services?.ids).toEqual(['c_1', 'm_1']);
  expect(services?.requestMilliCpu[0]).toBe(4_000);
  expect(samples.map((one) => [one.table, one.id, one.timeMs, one.milliCpu])).toEqual([
    ['machine_usage', 'm_1', 0, 38_400],
    ['machine_usage', 'm_1', 10_000, Number.NaN],
    ['container_usage', 'c_1', 0, 1_000],
  ]);
  expect(samples[0].memMib).toBe(360_000);
  expect(notes).toEqual([
    'machine, container and batch tables cover different hours: join them by hour of day, not by time',
    '2 container rows have no container id and are left out',
  ]);
});

test('a wrong number of columns, a text for a number and 0 instances are named with file and row', async () => {
  const of = (name: string, text: string) => importAlibaba2018([files.write(name, text)], testContext().context);
  await expect(of('a/batch_task.csv', 'M1,1,j,1,T,1,2,3')).rejects.toThrow(
    /batch_task\.csv:1 has 8 fields; batch_task has 9/,
  );
  await expect(of('b/batch_task.csv', 'M1,0,j,1,T,1,2,3,4')).rejects.toThrow(/instance_num is 0/);
  await expect(of('c/container_meta.csv', 'c,m,0,a,s,x,1,1')).rejects.toThrow(
    /container_meta\.csv:1 cpu_request is "x"/,
  );
  await expect(of('d/batch_task.csv', 'M1,1,j,1,T,-5,2,3,4')).rejects.toThrow(/has times -5 and 2/);
});

test('a container may use 150 % of its request, 101 and -1 are unknown; of repeated rows the last size and the first time count; unlisted ones get a core', async () => {
  const paths = [
    files.write('r/container_meta.csv', 'c_1,m_1,60,app_1,allocated,400,800,1.56\nc_1,m_2,90,app_1,started,800,800,3'),
    files.write(
      'r/container_usage.csv',
      'c_1,m_1,100,150,50,,,,,,\nc_1,m_1,110,101,-1,,,,,,\nc_1,m_1,120,-1,101,,,,,,\nc_2,m_1,100,50,50,,,,,,',
    ),
  ];
  const { context, samples } = testContext({ scale: { mem: 1000 } });
  const { services, notes } = await importAlibaba2018(paths, context);
  expect(Array.from(services?.requestMilliCpu ?? [])).toEqual([8_000, 1_000]);
  expect(services?.hosts[0]).toBe('m_2');
  expect(services?.startMs[0]).toBe(60_000);
  expect(samples.map((one) => [one.id, one.milliCpu, one.memMib])).toEqual([
    ['c_1', 12_000, 1_500],
    ['c_1', Number.NaN, Number.NaN],
    ['c_1', Number.NaN, Number.NaN],
    ['c_2', 500, Number.NaN],
  ]);
  expect(notes).toContain('1 containers with use are not in container_meta: one core is assumed');
});

test('a name that was cut off keeps the parents before the cut, and is counted', async () => {
  const path = files.write('cut/batch_task.csv', 'M1,1,j,1,Terminated,1,2,100,1\nJ2_1_,1,j,1,Terminated,3,4,100,1');
  const { tasks, notes } = await importAlibaba2018([path], testContext().context);
  expect(Array.from(tasks.parents)).toEqual([0]);
  expect(notes[1]).toBe('1 task names were cut off; parents after the cut are lost');
});
