import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DagShape, drawDag, fitDag, measureDags } from './dag-shape.ts';
import { type TaskRow, taskColumns } from './import/canonical.ts';
import { createStream } from './streams.ts';
import type { TaskGraph } from './task-table.ts';

/** `copies` jobs whose task t waits for parentsOf[t]. */
function jobsOf(parentsOf: readonly (readonly number[])[], copies = 3, name = 'j') {
  const rows = Array.from({ length: copies }, (_, copy) =>
    parentsOf.map((parents, task) => ({
      id: `${name}${copy}/${task}`,
      group: `${name}${copy}`,
      submitMs: copy,
      durationMs: 1,
      requestMilliCpu: 1,
      requestMemMib: 1,
      parents: parents.map((parent) => `${name}${copy}/${parent}`),
    })),
  ).flat();
  return graphOf(rows);
}

function graphOf(rows: readonly TaskRow[]): TaskGraph {
  const { groups, parentStart, parents } = taskColumns(rows).tasks;
  const names = Array.from(new Set(groups));
  return { jobs: names.length, jobOf: Int32Array.from(groups, (name) => names.indexOf(name)), parentStart, parents };
}
const fitOf = (parentsOf: readonly (readonly number[])[]) => fitDag(jobsOf(parentsOf)) as DagShape;
const draw = (parentsOf: readonly (readonly number[])[], seed: string) =>
  drawDag(fitOf(parentsOf), parentsOf.length, createStream(seed, 'dag'));

describe('forms that leave no choice come back as they are', () => {
  const forms: [string, number[][]][] = [
    ['a diamond', [[], [0], [0], [1, 2]]],
    ['a chain', [[], [0], [1], [2], [3]]],
    ['a star', [[], [0], [0], [0], [0]]],
    ['a join', [[], [], [], [], [0, 1, 2, 3]]],
    ['no dependency at all', [[], [], []]],
    ['a shortcut past a stage', [[], [0], [0, 1]]],
  ];
  for (const [name, form] of forms)
    test(name, () => {
      for (const seed of ['1', '2', '3']) expect(draw(form, seed)).toEqual(form);
    });
});

test('a diamond: 3 stages of 4 tasks; 1 parent behind 1 task, 2 behind 3; the further task stands half way', () => {
  expect(fitOf([[], [0], [0], [1, 2]])).toMatchObject({
    sizes: [{ tasksFrom: 4, stages: [[3, 3]] }],
    fanIn: [
      { before: 1, parents: [[1, 6]] },
      { before: 3, parents: [[2, 3]] },
    ],
    nearShare: 1,
    sharedShare: 0,
  });
});

test('fan-out: four children on one of two roots make a hub again; one child each stays one each', () => {
  const counts = (parents: readonly number[][]) => ({
    roots: parents.filter((list) => list.length === 0).length,
    waiting: parents.filter((list) => list.length > 0).length,
    withChild: new Set(parents.flat()).size,
  });
  const hub = [[], [], [0], [0], [0], [0]];
  const spread = [[], [], [], [0], [1], [2]];
  expect([fitOf(hub).sharedShare, fitOf(spread).sharedShare]).toEqual([1, 0]);
  for (const seed of ['a', 'b', 'c', 'd']) {
    expect(counts(draw(hub, seed)).withChild).toBe(1);
    const drawn = counts(draw(spread, seed));
    expect(drawn.withChild).toBe(Math.min(drawn.roots, drawn.waiting));
  }
});

test('parents in another job, jobs of one task and tasks in a circle do not count', () => {
  const row = (id: string, group: string, parents: string[]) => ({
    id,
    group,
    submitMs: 0,
    durationMs: 1,
    requestMilliCpu: 1,
    requestMemMib: 1,
    parents,
  });
  const tasks = graphOf([
    row('a', 'x', []),
    row('b', 'y', ['a']),
    row('c', 'y', ['d']),
    row('d', 'y', ['c']),
    row('e', 'y', ['b']),
  ]);
  expect(measureDags(tasks)).toEqual({
    stages: [[2, 1]],
    parents: [[1, 1]],
    children: [
      [0, 3],
      [1, 1],
    ],
  });
  expect(fitDag(graphOf([row('a', 'x', [])]))).toBeNull();
});

test('whatever the jobs: parents stand before their child, once, and the stages drawn are among those seen or fewer', () => {
  const graph = fc
    .array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 2, maxLength: 12 })
    .map((lists) =>
      lists.map((list, task) => (task === 0 ? [] : Array.from(new Set(list.map((value) => value % task))))),
    );
  fc.assert(
    fc.property(graph, graph, fc.integer({ min: 1, max: 40 }), fc.string(), (one, other, tasks, seed) => {
      const rows = [one, other].map((form, at) => jobsOf(form, 2, `k${at}-`));
      const shapes = rows.map((set) => fitDag(set) as DagShape);
      for (const [at, shape] of shapes.entries()) {
        const drawn = drawDag(shape, tasks, createStream(seed, 'dag'));
        expect(drawn.length).toBe(tasks);
        for (const [task, parents] of drawn.entries()) {
          expect(new Set(parents).size).toBe(parents.length);
          for (const parent of parents) expect(parent).toBeLessThan(task);
        }
        if (tasks === [one, other][at].length)
          expect(measureDags(jobsOf(drawn, 1)).stages).toEqual(
            tasks > 1 ? [[measureDags(rows[at]).stages[0][0], 1]] : [],
          );
      }
    }),
    { numRuns: 60 },
  );
});
