/** Tasks from events, for both traces alike. */
import { afterAll, expect, test } from 'vitest';
import { importGoogle2011 } from './google-2011.ts';
import { importGoogle2019 } from './google-2019.ts';
import { testContext } from './test-context.ts';
import { createTestFiles } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const [SCHEDULE_2011, FINISH_2011] = [1, 4];
const [SCHEDULE_2019, FINISH_2019] = [3, 6];
/** Task, first and last second; both traces begin at 600 s. */
const RUNS = [
  [0, 100, 200],
  [1, 100, 660],
  [2, 630, 660],
] as const;

test('a task that ended before the trace lasts 0 s of it; of one that began before, the part inside counts', async () => {
  const rows2011 = RUNS.flatMap(([task, from, to]) => [
    `${from}000000,,7,${task},5,${SCHEDULE_2011},user,3,9,0.5,0.5,0,0`,
    `${to}000000,,7,${task},5,${FINISH_2011},user,3,9,0.5,0.5,0,0`,
  ]);
  const event = (task: number, second: number, type: number) =>
    JSON.stringify({ time: `${second}000000`, type, collection_id: '7', instance_index: task, machine_id: '5' });
  const rows2019 = RUNS.flatMap(([task, from, to]) => [event(task, from, SCHEDULE_2019), event(task, to, FINISH_2019)]);
  const read = [
    await importGoogle2011([files.write('task_events.csv', rows2011.join('\n'))], testContext().context),
    await importGoogle2019([files.write('instance_events.json', rows2019.join('\n'))], testContext().context),
  ];
  for (const { tasks } of read) {
    expect(tasks.ids).toEqual(['7/0', '7/1', '7/2']);
    expect(Array.from(tasks.submitMs)).toEqual([0, 0, 30_000]);
    expect(Array.from(tasks.durationMs)).toEqual([0, 60_000, 30_000]);
  }
});
