import { describe, expect, test } from 'vitest';
import {
  alertFires,
  burnRate,
  fanOutViolation,
  isSloMinute,
  serviceTarget,
  survivorLoadFactor,
  violatingFraction,
} from './slo.ts';
import { DISCIPLINE } from './sojourn.ts';
import { createLatencyTables } from './window-latency.ts';

const tables = createLatencyTables(0.95);

describe('targets', () => {
  const nginx = {
    servers: 64,
    discipline: DISCIPLINE.PS,
    answerMs: 0.228 * Math.exp(0.495 ** 2 / 2),
    cpuMs: 0.05,
    scv: Math.exp(0.495 ** 2) - 1,
    arrivalScv: 1,
    rateCv: 0.1,
    rateCorrelationMs: 1000,
  };

  test('an idle nginx answers in 0.228 ms (P50) and 0.721 ms (P99); 1.5 times that is its target', () => {
    // 0.228 e^{2.3263 x 0.495} = 0.7211
    const target = serviceTarget(tables, nginx, 0.25, 1.5, 0);
    expect(target.baselineP50Ms).toBeCloseTo(0.228, 3);
    expect(target.baselineP99Ms).toBeCloseTo(0.721, 2);
    expect(target.targetMs).toBe(1.5 * target.baselineP99Ms);
  });

  test('a contract of 5 ms that is looser stands', () => {
    expect(serviceTarget(tables, nginx, 0.25, 1.5, 5).targetMs).toBe(5);
  });
});

describe('counting', () => {
  test('a minute with 1.01 % late answers is an SLO minute, one with 1 % is not', () => {
    expect([isSloMinute(0.0101), isSloMinute(0.01)]).toEqual([true, false]);
  });

  test('2 % late under an objective of 99 % spends the budget twice as fast', () => {
    expect(burnRate(violatingFraction(2, 100), 0.99)).toBeCloseTo(2, 12);
    expect(violatingFraction(0, 0)).toBe(0);
  });

  test('an alert needs both windows of a pair: 14.4 over 1 h and 5 min, or 6 over 6 h and 30 min', () => {
    expect(alertFires(15, 15, 0, 0)).toBe(true);
    expect(alertFires(15, 1, 7, 1)).toBe(false);
    expect(alertFires(7, 7, 7, 7)).toBe(true);
  });

  test('20 calls at 1 % each make 18 % of user requests late', () => {
    expect(fanOutViolation(0.01, 20)).toBeCloseTo(1 - 0.99 ** 20, 12);
  });

  test('losing 1 of 5 replicas raises the load on the rest by 25 %; losing all leaves none', () => {
    expect(survivorLoadFactor(5, 1)).toBe(1.25);
    expect(survivorLoadFactor(2, 2)).toBe(Infinity);
  });
});
