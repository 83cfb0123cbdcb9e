import { describe, expect, test } from 'vitest';
import {
  fluidAfterTimeouts,
  fluidBacklog,
  fluidWaitSeconds,
  gaussHermite,
  gaussLegendre,
  overloadNodes,
  rateNodes,
} from './rate-variation.ts';

describe('rules', () => {
  test('15 Hermite nodes integrate x^28 e^{-x^2} exactly: 27!! / 2^14 sqrt(pi)', () => {
    const { node, weight } = gaussHermite();
    let moment = 0;
    for (let k = 0; k < 15; k++) moment += weight[k] * node[k] ** 28;
    let exact = Math.sqrt(Math.PI);
    for (let odd = 1; odd <= 27; odd += 2) exact *= odd / 2;
    expect(moment / exact).toBeCloseTo(1, 11);
    expect(weight.reduce((a, b) => a + b, 0)).toBeCloseTo(Math.sqrt(Math.PI), 13);
  });

  test('16 Legendre nodes integrate x^30 exactly: 2 / 31', () => {
    const { node, weight } = gaussLegendre();
    let moment = 0;
    for (let k = 0; k < 16; k++) moment += weight[k] * node[k] ** 30;
    expect(moment).toBeCloseTo(2 / 31, 13);
    expect([...node]).toEqual([...node].sort((a, b) => a - b));
  });
});

describe('rate nodes', () => {
  test('a rate of CV 0.3 has mean 1 and second moment 1.09', () => {
    const { factor, weight } = rateNodes(0.3);
    let mean = 0;
    let square = 0;
    for (let k = 0; k < factor.length; k++) {
      mean += weight[k] * factor[k];
      square += weight[k] * factor[k] ** 2;
    }
    expect(mean).toBeCloseTo(1, 12);
    expect(square).toBeCloseTo(1.09, 8);
  });

  test('a constant rate is one rate', () => {
    for (const factor of rateNodes(0).factor) expect(factor).toBeCloseTo(1, 14);
  });

  test('at load 0.7 and CV 0.3 the rate passes capacity 9.0 % of the time', () => {
    // s = sqrt(ln 1.09) = .29356; z = (ln(1/.7) + s^2/2) / s = (.35667 + .04309)/.29356 = 1.3618; Q = .08663
    const factor = new Float64Array(16);
    const weight = new Float64Array(16);
    expect(overloadNodes(gaussLegendre(), 0.3, 0.7, factor, weight)).toBe(16);
    expect(weight.reduce((a, b) => a + b, 0)).toBeCloseTo(0.08663, 4);
    for (const f of factor) expect(f).toBeGreaterThan(1 / 0.7);
  });

  test('no overload is possible without variation or without load', () => {
    const rows = new Float64Array(16);
    expect(overloadNodes(gaussLegendre(), 0, 0.9, rows, rows)).toBe(0);
    expect(overloadNodes(gaussLegendre(), 0.3, 0, rows, rows)).toBe(0);
  });
});

describe('fluid queue', () => {
  test('arrivals of 5 on capacity 4 for 3 s leave 3; the wait is 0.75 s; 10 s of slack empty it', () => {
    const backlog = fluidBacklog(0, 5, 4, 3);
    expect(backlog).toBe(3);
    expect(fluidWaitSeconds(backlog, 4)).toBe(0.75);
    expect(fluidBacklog(backlog, 2, 4, 10)).toBe(0);
  });

  test('clients that give up after 0.5 s keep a backlog of 5 / s at 2.5', () => {
    expect(fluidAfterTimeouts(3, 5, 0.5)).toBe(2.5);
    expect(fluidAfterTimeouts(1, 5, 0.5)).toBe(1);
  });
});
