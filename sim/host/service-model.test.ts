import { describe, expect, test } from 'vitest';
import { latencyClassTable } from './contention.ts';
import { defaultParameters } from './parameters.ts';
import { serviceModel } from './service-model.ts';
import { DISCIPLINE } from './sojourn.ts';

const p = defaultParameters();
const classes = latencyClassTable(p);

describe('serviceModel', () => {
  test('an RPC pod of 4 cpus and 64 threads has 4 servers, 10 ms answers, 5 ms of CPU', () => {
    expect(serviceModel(p, classes, 1, 4, 64, DISCIPLINE.PS)).toMatchObject({
      servers: 4,
      answerMs: 10,
      cpuMs: 5,
      scv: 0.6,
    });
  });

  test('half a cpu is one server at half speed: 10 ms of CPU in answers of 15 ms', () => {
    expect(serviceModel(p, classes, 1, 0.5, 64, DISCIPLINE.PS)).toMatchObject({ servers: 1, answerMs: 15, cpuMs: 10 });
  });

  test('2 threads bound the servers of a pod without limit; no thread is refused', () => {
    expect(serviceModel(p, classes, 0, Infinity, 2, DISCIPLINE.FCFS).servers).toBe(2);
    expect(() => serviceModel(p, classes, 0, 4, 0, DISCIPLINE.FCFS)).toThrow(/at least one thread/);
  });
});
