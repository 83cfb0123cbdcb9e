import { afterAll, expect, test } from 'vitest';
import { importAlibaba2017 } from './alibaba-2017.ts';
import { testContext } from './test-context.ts';
import { createTestFiles } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

test('server 1 and container 1 keep apart; cores are absolute, 50 % of 4 cores are 2 000 milli, 10 % of 64 are 6 400', async () => {
  const paths = [
    files.write('server_event.csv', '0,1,add,,64,0.69,0.98\n500,1,softerror,links_broken,,,'),
    files.write('server_usage.csv', '39600,1,10,50,40,1,1,1'),
    files.write(
      'container_event.csv',
      '0,Create,1,1,4,0.04,0.02,1|2|3|4\n45000,Remove,1,1,4,0.04,0.02,1|2|3|4\n40000,Create,2,1,8,0.08,0.02,5',
    ),
    files.write('container_usage.csv', '39600,1,50,30,1,0,0,0,1,1,1,1\n39600,3,10,30,1,0,0,0,1,1,1,1'),
  ];
  const { context, samples } = testContext({ scale: { mem: 1000 } });
  const { services, events, notes } = await importAlibaba2017(paths, context);
  expect(services?.ids).toEqual(['container/1', 'container/2', 'container/3', 'server/1']);
  expect(Array.from(services?.startMs ?? [])).toEqual([Number.NaN, 40_000_000, Number.NaN, Number.NaN]);
  expect(services?.endMs[0]).toBe(45_000_000);
  expect(events?.kinds).toEqual(['add', 'softerror']);
  expect(samples.map((one) => [one.id, one.milliCpu])).toEqual([
    ['server/1', 6_400],
    ['container/1', 2_000],
    ['container/3', 100],
  ]);
  expect(notes).toEqual([
    '2 containers are pinned to named CPUs; the sets are not kept',
    '1 containers with use have no Create event: one core is assumed',
  ]);
});

test('task CPU 50 is half a core an instance, instance CPU is in cores; instances at time 0 or below do not count', async () => {
  const paths = [
    files.write('batch_task.csv', '1000,1100,10,20,4,Terminated,50,0.01\n1000,1200,10,21,1,Waiting,100,0.01'),
    files.write(
      'batch_instance.csv',
      '1010,1030,10,20,1,Terminated,1,4,0.9,0.3,0,0\n0,1040,10,20,1,Terminated,1,4,0.9,0.3,0,0\n-5,10,10,20,1,Failed,1,4,0.9,0.3,0,0',
    ),
  ];
  const { tasks, notes } = await importAlibaba2017(paths, testContext().context);
  expect(Array.from(tasks.requestMilliCpu)).toEqual([2_000, 1_000]);
  expect(Array.from(tasks.usedMilliCpu)).toEqual([1_200, Number.NaN]);
  // Its one counted instance ran from 1010 to 1030; the waiting task never ran.
  expect(Array.from(tasks.durationMs)).toEqual([20_000, Number.NaN]);
  expect(notes).toEqual(['2 instances started before the trace (time 0 or negative) and do not count']);
});

test('an event the format does not have is named', async () => {
  const path = files.write('x/server_event.csv', '0,1,explode,,64,0.69,0.98');
  await expect(importAlibaba2017([path], testContext().context)).rejects.toThrow(/csv:1 event is "explode"/);
});

test('a hard error keeps the machine and its size; times before the trace stand at 0; statuses stay as written, only Terminated has a duration', async () => {
  const events = files.write('h/server_event.csv', '-5,1,add,,64,0.5,1\n900,1,harderror,nic_down,,,');
  const statuses = ['Ready', 'Waiting', 'Running', 'Terminated', 'Failed', 'Cancelled'];
  const batch = files.write(
    'h/batch_task.csv',
    statuses.map((status, task) => `100,160,1,${task},2,${status},50,`).join('\n'),
  );
  const read = await importAlibaba2017([events, batch], testContext().context);
  expect(Array.from(read.hosts.milliCpu)).toEqual([64_000]);
  expect(Array.from(read.events?.timeMs ?? [])).toEqual([0, 900_000]);
  expect(read.events?.kinds).toEqual(['add', 'harderror']);
  expect(read.tasks.status).toEqual(statuses);
  expect(Array.from(read.tasks.durationMs)).toEqual(
    statuses.map((one) => (one === 'Terminated' ? 60_000 : Number.NaN)),
  );
  // 50 is half a core of each of two instances; an empty memory is unknown.
  expect(Array.from(read.tasks.requestMilliCpu)).toEqual(statuses.map(() => 1_000));
  expect(read.tasks.requestMemMib[0]).toBeNaN();
});
