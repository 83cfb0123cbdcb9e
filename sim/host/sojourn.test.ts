import { describe, expect, test } from 'vitest';
import { normalUpperTail } from '../../policies/base/exact-math.ts';
import { erlangCExact } from './erlang-c.ts';
import { createNormalTailTable, normalTail } from './normal-tail.ts';
import {
  DISCIPLINE,
  delayedTail,
  lognormalQuantile,
  lognormalTail,
  lognormalTailFast,
  markovTail,
  sojournMean,
  sojournVariance,
  stalledViolation,
  waitScale,
  Z_P99,
} from './sojourn.ts';

const normal = createNormalTailTable();

describe('normalTail', () => {
  test('is within 1e-12 of the exact tail on -9..9, and within 1e-6 of it relatively up to 7.9', () => {
    let worst = 0;
    let relative = 0;
    for (let z = -9; z < 9; z += 0.00371) {
      const exact = normalUpperTail(z);
      worst = Math.max(worst, Math.abs(normalTail(normal, z) - exact));
      if (z < 7.9) relative = Math.max(relative, Math.abs(normalTail(normal, z) / exact - 1));
    }
    expect(worst).toBeLessThan(1e-12);
    expect(relative).toBeLessThan(1e-6);
  });

  test('beyond 8 it stays within 0.1 % of the exact tail and keeps falling', () => {
    for (let z = 8; z < 30; z += 0.5) {
      expect(Math.abs(normalTail(normal, z) / normalUpperTail(z) - 1)).toBeLessThan(1e-3);
      expect(normalTail(normal, z + 0.5)).toBeLessThan(normalTail(normal, z));
    }
  });
});

describe('sojourn moments', () => {
  test('M/M/1 at 0.5: FCFS mean 2 services, variance 4', () => {
    // C = rho = .5, eta = 1/(1-.5) = 2; W = 1; var = 1 + 2*.5*4 - 1 = 4 = mean^2 of the exponential sojourn
    const eta = waitScale(DISCIPLINE.FCFS, 1, 0.5, 1, 1);
    expect(eta).toBe(2);
    expect(sojournMean(1, 1, 0.5, eta)).toBe(2);
    expect(sojournVariance(DISCIPLINE.FCFS, 1, 1, 1, 0.5, 0.5, eta)).toBe(4);
  });

  test('M/D/1 at 0.8 waits half as long as M/M/1: mean 3 services', () => {
    // W = rho/(1-rho) * (1+0)/2 = 2
    const eta = waitScale(DISCIPLINE.FCFS, 1, 0.8, 1, 0);
    expect(sojournMean(1, 1, 0.8, eta)).toBeCloseTo(3, 12);
  });

  test('processor sharing does not care about the spread of services: mean 5 at 0.8', () => {
    for (const scv of [0.1, 1, 4]) {
      expect(sojournMean(1, 1, 0.8, waitScale(DISCIPLINE.PS, 1, 0.8, 1, scv))).toBeCloseTo(5, 12);
    }
  });

  test('only the CPU part of an answer queues: half CPU at 0.5 load on one server is 1.5 services', () => {
    expect(sojournMean(1, 0.5, 0.5, waitScale(DISCIPLINE.FCFS, 1, 0.5, 1, 1))).toBe(1.5);
  });
});

describe('tails', () => {
  test('M/M/1 is exponential with rate mu - lambda: P(T > 3) at 0.5 load is e^-1.5', () => {
    expect(markovTail(3, 1, 1, 0.5, 0.5)).toBeCloseTo(Math.exp(-1.5), 12);
  });

  test('M/M/2 at 0.5 (a = mu): P(T > t) = 2/3 e^-t + 1/3 (1 + t) e^-t', () => {
    expect(markovTail(2, 1, 2, 0.5, 1 / 3)).toBeCloseTo((2 / 3) * Math.exp(-2) + (1 / 3) * 3 * Math.exp(-2), 12);
  });

  test('M/M/4 at 0.7 integrates to its mean 1 + C / (c (1 - rho))', () => {
    const waiting = erlangCExact(4, 0.7);
    let area = 0;
    for (let t = 0.0005; t < 60; t += 0.001) area += markovTail(t, 1, 4, 0.7, waiting) * 0.001;
    expect(area).toBeCloseTo(1 + waiting / (4 * 0.3), 5);
  });

  test('the published nginx baseline: median 0.228, sigma 0.495 give P50 0.228 and P99 0.72 ms', () => {
    const variance = Math.exp(0.495 ** 2) - 1;
    const mean = 0.228 * Math.exp(0.495 ** 2 / 2);
    expect(lognormalQuantile(mean, variance * mean * mean, 0)).toBeCloseTo(0.228, 10);
    expect(lognormalQuantile(mean, variance * mean * mean, Z_P99)).toBeCloseTo(
      0.228 * Math.exp(2.3263478740408 * 0.495),
      10,
    );
    expect(lognormalTail(0.228, mean, variance * mean * mean)).toBeCloseTo(0.5, 12);
    expect(lognormalTail(lognormalQuantile(1, 0.3, Z_P99), 1, 0.3)).toBeCloseTo(0.01, 12);
  });

  test('no variance is a step at the mean', () => {
    expect(lognormalTail(0.9, 1, 0)).toBe(1);
    expect(lognormalTail(1.1, 1, 0)).toBe(0);
  });

  test('the fast tail is within 1e-6 of the exact one', () => {
    for (let t = 0.05; t < 12; t += 0.05) {
      const exact = lognormalTail(t, 1, 0.4);
      if (exact > 1e-9) expect(Math.abs(lognormalTailFast(normal, t, 1, 0.4) / exact - 1)).toBeLessThan(1e-6);
    }
  });
});

describe('delayedTail', () => {
  const base = lognormalTail(3, 1, 0.3);

  test('no rare delay leaves the tail as it is, to the bit', () => {
    expect(delayedTail(normal, 3, base, 1, 0.3, 0, 5, 0, 5, 0, 5)).toBe(base);
  });

  test('a delay in every answer replaces the tail by that of mean + d, variance + d^2', () => {
    expect(delayedTail(normal, 3, base, 1, 0.3, 1, 2, 0, 0, 0, 0)).toBeCloseTo(lognormalTail(3, 3, 4.3), 8);
  });

  test('more probability of a delay never lowers the tail, and it stays at most 1', () => {
    let last = base;
    for (let p = 0.05; p <= 1; p += 0.05) {
      const tail = delayedTail(normal, 3, base, 1, 0.3, p, 50, p, 50, p, 50);
      expect(tail).toBeGreaterThanOrEqual(last - 1e-15);
      expect(tail).toBeLessThanOrEqual(1);
      last = tail;
    }
  });
});

describe('stalledViolation', () => {
  test('a tenth of the requests stalled by 50 ms, 20 ms short of the target: 0.9 x 0.001 + 0.1 e^-0.4', () => {
    expect(stalledViolation(0.001, 10, 30, 50, 0.1)).toBeCloseTo(0.0009 + 0.1 * Math.exp(-0.4), 12);
  });

  test('is within a factor 1.3 of the two-moment mixture when the stall is long: mean 10, sd 6, stall 100, target 60', () => {
    const mixture = delayedTail(normal, 60, 0.0001, 10, 36, 0, 0, 0.05, 100, 0, 0);
    const ratio = stalledViolation(0.0001, 10, 60, 100, 0.05) / mixture;
    expect(ratio).toBeGreaterThan(1 / 1.3);
    expect(ratio).toBeLessThan(1.3);
  });

  test('no share and no stall change nothing; an endless stall makes every stalled answer late', () => {
    expect([stalledViolation(0.02, 1, 5, 9, 0), stalledViolation(0.02, 1, 5, 0, 0.5)]).toEqual([0.02, 0.02]);
    expect(stalledViolation(0.02, 1, 5, Infinity, 0.5)).toBeCloseTo(0.51, 12);
  });
});
