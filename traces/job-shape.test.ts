import { expect, test } from 'vitest';
import fit from './fits/alibaba-2018-batch.json' with { type: 'json' };
import { createJobShapes, drawJobShape, taskLogSigma } from './job-shape.ts';
import { seedState } from './streams.ts';

const JOBS = 100_000;

/** Tasks, stages and containers over 100 000 jobs. */
function survey() {
  const shapes = createJobShapes();
  const state = new Int32Array(4);
  seedState('jobs', 'survey', state, 0);
  const path5: number[] = [];
  const containers = new Map<number, number>();
  let tasks = 0;
  let rows = 0;
  let single = 0;
  let gaps = 0;
  for (let job = 0; job < JOBS; job++) {
    const count = drawJobShape(shapes, state, 0);
    tasks += count;
    if (count === 1) single += 1;
    if (count === 5) path5.push(shapes.stageOfTask[4] + 1);
    if (shapes.stageOfTask[0] !== 0) gaps += 1;
    for (let task = 0; task < count; task++) {
      rows += shapes.containersOfTask[task];
      containers.set(shapes.containersOfTask[task], (containers.get(shapes.containersOfTask[task]) ?? 0) + 1);
      if (task > 0 && shapes.stageOfTask[task] - shapes.stageOfTask[task - 1] > 1) gaps += 1;
    }
  }
  return { path5, containers, tasks, rows, single, gaps };
}

const seen = survey();

test('jobs have 3.38 tasks on average and 38.3 % have one, as Alibaba 2018', () => {
  // sd of tasks per job about 5.1: standard error .016. Share: sd .486, standard error .0015.
  expect(Math.abs(seen.tasks / JOBS - fit.tasksPerJob.mean)).toBeLessThan(0.08);
  expect(Math.abs(seen.single / JOBS - 0.3833)).toBeLessThan(0.0075);
});

test('stages start at 0 and leave no gap', () => {
  expect(seen.gaps).toBe(0);
});

test('the critical path of 5 tasks has 3.69 of them on average', () => {
  // (1 x 1080 + 2 x 12682 + 3 x 45083 + 4 x 68027 + 5 x 26784) / 153656 = 3.693, sd .93.
  const mean = seen.path5.reduce((a, b) => a + b, 0) / seen.path5.length;
  expect(Math.abs(mean - 3.693)).toBeLessThan((5 * 0.93) / Math.sqrt(seen.path5.length));
});

test('a task becomes 1.53 containers on average: 64 instances each, at most 100', () => {
  // Mean of min(100, ceil(instances / 64)) over the 9.67 M tasks is 1.534; sd about 3.9, 338 000 tasks: standard error .007.
  expect(Math.abs(seen.rows / seen.tasks - 1.534)).toBeLessThan(0.035);
  expect(Math.max(...seen.containers.keys())).toBe(100);
});

test('variance 1.7085^2 less the .4^2 of containers leaves sd 1.661', () => {
  expect(taskLogSigma(1.7085)).toBeCloseTo(1.661, 3);
  expect(taskLogSigma(0.3)).toBe(0);
});
