import { describe, expect, test } from 'vitest';
import { ConfigError } from '../base/assert.ts';
import { TaskStatus } from '../framework.ts';
import { contextAt, offersOf, rowsOf, workOf } from '../framework-test-kit.ts';
import {
  endApplication,
  executorsWanted,
  SPARK_DEFAULTS,
  type SparkConfig,
  type SparkState,
  sparkLikeFramework as spark,
  wantExecutors,
} from './framework.ts';

function started(mode: SparkConfig['mode'], instances: number): SparkState {
  const state = spark.create({ ...SPARK_DEFAULTS, mode });
  rowsOf((out) => spark.submit(state, workOf('app', 1000, { instances }), contextAt(0), out));
  return state;
}
const offer = (state: SparkState, firstId: number, ...agents: number[]): string[] => {
  const rows = agents.map((agent, i) => ({ id: firstId + i, agent, milliCpu: 4000 }));
  return rowsOf((out) => spark.resourceOffers(state, offersOf(rows), contextAt(0), out));
};
const end = (state: SparkState, task: number, status: TaskStatus): void => {
  rowsOf((out) => spark.statusUpdate(state, { task, status, agent: 0 }, contextAt(0), out));
};

describe('Spark-like', () => {
  test('coarse: six executors of 1 CPU take four of one offer and two of the next, the third is refused for 120 s', () => {
    const state = started('coarse', 6);
    expect(offer(state, 1, 0, 1, 2)).toEqual([
      ...[0, 1, 2, 3].map((task) => `Launch 1 task ${task}`),
      'Launch 2 task 4',
      'Launch 2 task 5',
      'Decline 3 for 120000',
    ]);
  });
  test('fine: four tasks of 1 CPU fill one offer of 4; what nobody needs comes back after 5 s', () => {
    const state = started('fine', 4);
    expect(offer(state, 1, 0)).toEqual([0, 1, 2, 3].map((task) => `Launch 1 task ${task}`));
    expect(offer(state, 2, 1)).toEqual(['Decline 2 for 5000']);
    for (const task of [0, 1, 2, 3]) end(state, task, TaskStatus.Finished);
    expect(state.open.size).toBe(0);
  });
  test('coarse: an agent on which two executors failed is not used again; a killed one is no failure', () => {
    const state = started('coarse', 1);
    expect(offer(state, 0, 0)).toEqual(['Launch 0 task 0']);
    end(state, 0, TaskStatus.Killed);
    for (const task of [1, 2]) {
      expect(offer(state, task, 0)).toEqual([`Launch ${task} task ${task}`]);
      end(state, task, TaskStatus.Failed);
    }
    expect(offer(state, 5, 0)).toEqual(['Decline 5 for 5000']);
    expect(offer(state, 6, 1)).toEqual(['Launch 6 task 3']);
  });
  test('16 cores at most are four executors of 4; with dynamic allocation as many as five tasks fill, two to each', () => {
    const config = { ...SPARK_DEFAULTS, coresMax: 18 };
    expect(executorsWanted(config, 0, 2)).toBe(4);
    expect([0, 1, 5, 50].map((tasks) => executorsWanted({ ...config, dynamicAllocation: true }, tasks, 2))).toEqual([
      0, 1, 3, 4,
    ]);
    expect(executorsWanted(SPARK_DEFAULTS, 0, 1)).toBeGreaterThan(100_000);
  });
  test('more executors wanted revive offers, fewer do not; an application that is over launches nothing', () => {
    const state = started('coarse', 1);
    expect(rowsOf((out) => wantExecutors(state, 0, 3, out))).toEqual(['Revive']);
    expect(rowsOf((out) => wantExecutors(state, 0, 2, out))).toEqual([]);
    expect(offer(state, 1, 0).length).toBe(2);
    end(state, 0, TaskStatus.Lost);
    endApplication(state, 0);
    expect(offer(state, 2, 1)).toEqual(['Decline 2 for 120000']);
  });
  test('fine: the first task of an application on an agent brings an executor of 1 CPU, and another once that is lost', () => {
    const state = spark.create({ ...SPARK_DEFAULTS, mode: 'fine' });
    const submit = (name: string, instances: number, more = {}) =>
      rowsOf((out) => spark.submit(state, workOf(name, 1000, { instances, ...more }), contextAt(0), out));
    submit('executor', 0);
    submit('a', 5, { inside: 0 });
    // Of 4 CPUs one is the executor's.
    expect(offer(state, 1, 7)).toEqual([0, 1, 2, 3].map((task) => `Launch 1 task ${task}`));
    expect(offer(state, 2, 7)).toEqual(['Launch 2 task 4', 'Launch 2 task 5']);
    submit('b', 1, { inside: 0 });
    rowsOf((out) => spark.statusUpdate(state, { task: 0, status: TaskStatus.Lost, agent: 7 }, contextAt(0), out));
    expect(offer(state, 3, 7)).toEqual(['Launch 3 task 6', 'Launch 3 task 7']);
    expect(state.open.get(0)?.agents).toEqual(new Set([7]));
  });
  test('fewer cores at most than one executor has are refused', () => {
    expect(() => spark.create({ ...SPARK_DEFAULTS, coresMax: 2 })).toThrow(ConfigError);
    expect(() => spark.create({ ...SPARK_DEFAULTS, executorCores: 0 })).toThrow('executorCores is 0; above 0');
  });
});
