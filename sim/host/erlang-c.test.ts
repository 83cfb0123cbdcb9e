import { describe, expect, test } from 'vitest';
import { createErlangCTable, erlangC, erlangCExact, hostRunWaitMs } from './erlang-c.ts';

const table = createErlangCTable();

describe('erlangCExact', () => {
  test('one server waits with probability rho: 0.7', () => {
    expect(erlangCExact(1, 0.7)).toBeCloseTo(0.7, 14);
  });

  test('two servers at 0.5 wait with probability 1/3', () => {
    // C = 2 rho^2 / (1 + rho) = 0.5 / 1.5
    expect(erlangCExact(2, 0.5)).toBeCloseTo(1 / 3, 14);
  });

  test('three servers at 2/3 wait with probability 4/9', () => {
    // a = 2: terms 1, 2, 2 and a^3/3!/(1 - rho) = (8/6) * 3 = 4; C = 4 / (5 + 4)
    expect(erlangCExact(3, 2 / 3)).toBeCloseTo(4 / 9, 14);
  });

  test('100 servers at 0.9 agree with the direct sum of Poisson terms', () => {
    let term = 1;
    let sum = 1;
    for (let k = 1; k < 100; k++) {
      term *= 90 / k;
      sum += term;
    }
    const last = (term * 90) / 100 / 0.1;
    expect(erlangCExact(100, 0.9)).toBeCloseTo(last / (sum + last), 12);
  });
});

describe('erlangC', () => {
  test('the table is within 1e-4 of the recursion for whole servers 1..128', () => {
    let worst = 0;
    for (let servers = 1; servers <= 128; servers++) {
      for (let load = 0.0013; load < 1; load += 0.0137) {
        worst = Math.max(worst, Math.abs(erlangC(table, servers, load) - erlangCExact(servers, load)));
      }
    }
    expect(worst).toBeLessThan(1e-4);
  });

  test('2.5 servers wait as the mean of 2 and 3', () => {
    const between = (erlangC(table, 2, 0.6) + erlangC(table, 3, 0.6)) / 2;
    expect(erlangC(table, 2.5, 0.6)).toBeCloseTo(between, 14);
  });

  test('edges: no load never waits, load 1 always, 128 servers are the most', () => {
    expect(erlangC(table, 4, 0)).toBe(0);
    expect(erlangC(table, 4, 1)).toBe(1);
    expect(erlangC(table, 400, 0.97)).toBe(erlangC(table, 128, 0.97));
    expect(erlangC(table, 0.3, 0.5)).toBeCloseTo(0.5, 12);
  });

  test('the wait for a CPU of a 104-cpu host at 0.9 load stays below 0.1 ms', () => {
    // C(104, .9) is about 0.2: 0.2 / 10.4 * 3 ms = 0.06 ms
    const wait = hostRunWaitMs(table, 104, 0.9, 3);
    expect(wait).toBeGreaterThan(0.03);
    expect(wait).toBeLessThan(0.1);
  });
});
