import { describe, expect, test } from 'vitest';
import { TaskStatus } from '../framework.ts';
import { contextAt, offersOf, rowsOf, workOf } from '../framework-test-kit.ts';
import { SPARK_DEFAULTS, type SparkConfig, type SparkState, sparkLikeFramework as spark } from './framework.ts';

function started(mode: SparkConfig['mode'], instances: number): SparkState {
  const state = spark.create({ ...SPARK_DEFAULTS, mode });
  rowsOf((out) => spark.submit(state, workOf('app', 1000, { instances }), contextAt(0), out));
  return state;
}
const offer = (state: SparkState, firstId: number, ...agents: number[]): string[] => {
  const rows = agents.map((agent, i) => ({ id: firstId + i, agent, milliCpu: 4000 }));
  return rowsOf((out) => spark.resourceOffers(state, offersOf(rows), contextAt(0), out));
};
const fail = (state: SparkState, task: number): void => {
  rowsOf((out) => spark.statusUpdate(state, { task, status: TaskStatus.Failed, agent: 0 }, contextAt(0), out));
};

describe('Spark-like', () => {
  test('coarse: one executor per agent, the third offer is refused for 120 s once both run', () => {
    const state = started('coarse', 2);
    expect(offer(state, 1, 0, 0, 1)).toEqual(['Launch 1 task 0', 'Decline 2 for 5000', 'Launch 3 task 1']);
    expect(offer(state, 10, 2)).toEqual(['Decline 10 for 120000']);
  });
  test('fine: four tasks of 1 CPU fill one offer of 4', () => {
    expect(offer(started('fine', 5), 1, 0)).toEqual([0, 1, 2, 3].map((task) => `Launch 1 task ${task}`));
  });
  test('coarse: an agent on which two executors failed is not used again', () => {
    const state = started('coarse', 1);
    for (const task of [0, 1]) {
      expect(offer(state, task, 0)).toEqual([`Launch ${task} task ${task}`]);
      fail(state, task);
    }
    expect(offer(state, 5, 0)).toEqual(['Decline 5 for 5000']);
    expect(offer(state, 6, 1)).toEqual(['Launch 6 task 2']);
  });
});
