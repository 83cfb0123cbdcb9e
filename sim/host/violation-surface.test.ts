import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { latencyClassTable } from './contention.ts';
import { createP99Surface, p99AnswerMs } from './p99-surface.ts';
import { defaultParameters } from './parameters.ts';
import { serviceModel } from './service-model.ts';
import { defaultTarget } from './slo.ts';
import { DISCIPLINE } from './sojourn.ts';
import {
  createViolationSurface,
  meanAnswerMs,
  violationProbability,
  violationProbabilityDelayed,
} from './violation-surface.ts';
import {
  createLatencyTables,
  createWindowLatency,
  setKappa,
  setLoad,
  windowMeanMs,
  windowQuantileMs,
  windowTail,
} from './window-latency.ts';

const p = defaultParameters();
const tables = createLatencyTables(p.stationaryCap);
const classes = latencyClassTable(p);
const services = [0, 1, 2, 3].map((row) => {
  const model = serviceModel(p, classes, row, 4, 64, DISCIPLINE.PS);
  const { targetMs } = defaultTarget(p, tables, model);
  return { model, targetMs, surface: createViolationSurface(tables, model, targetMs, 0.56) };
});

describe('violation surface', () => {
  test('is within 5 % of the formula where P > 1e-4, rho kappa < 1.2 and kappa < 2.5, for all four classes', () => {
    for (const { model, targetMs, surface } of services) {
      const w = createWindowLatency(tables, model);
      for (let n = 0; n < 800; n++) {
        const rho = ((n * 0.6180339) % 1) * 1.2;
        const kappa = 1 + ((n * 0.7548776) % 1) * 1.5;
        setLoad(w, rho);
        setKappa(w, kappa, 0.56);
        const exact = windowTail(w, targetMs, false);
        if (exact > 1e-4)
          expect(Math.abs(Math.log(violationProbability(surface, rho, kappa) / exact))).toBeLessThan(0.05);
        const mean = windowMeanMs(w);
        if (rho < 0.9) expect(Math.abs(meanAnswerMs(surface, rho, kappa) / mean - 1)).toBeLessThan(0.05);
      }
    }
  });

  test('at the design load the share of late answers is below 1 %: the target is 1.5 times p99', () => {
    for (const { surface } of services) expect(violationProbability(surface, p.designLoad, 1)).toBeLessThan(0.01);
  });

  test('a target at p99 itself is missed by 1 % of the answers', () => {
    const { model } = services[1];
    const tight = createViolationSurface(tables, model, defaultTarget(p, tables, model).baselineP99Ms, 0);
    expect(violationProbability(tight, p.designLoad, 1) / 0.01).toBeCloseTo(1, 1);
  });

  test('no delayed request and no delay leave P as it is, to the bit', () => {
    const { surface } = services[2];
    const plain = violationProbability(surface, 0.63, 1.21);
    expect(violationProbabilityDelayed(surface, 0.63, 1.21, 0)).toBe(plain);
    expect(violationProbabilityDelayed(surface, 0.63, 1.21, 1e-14) - plain).toBeLessThan(1e-12);
  });

  test('outside the grid its edge counts, and P never leaves [0, 1]', () => {
    const { surface } = services[0];
    expect(violationProbability(surface, 50, 100)).toBe(violationProbability(surface, 1.25, 8));
    expect(violationProbability(surface, -1, 0.5)).toBe(violationProbability(surface, 0, 1));
    expect(violationProbability(surface, 9, 9)).toBeLessThanOrEqual(1);
  });

  test('more load, more slowdown or more delayed requests never lower P, the mean or p99', () => {
    const surfaces = services.map(({ model, surface }) => ({ surface, p99: createP99Surface(tables, model, 0.56) }));
    const rho = fc.double({ min: 0, max: 1.3, noNaN: true });
    const step = fc.double({ min: 0, max: 0.3, noNaN: true });
    const kappa = fc.double({ min: 1, max: 6, noNaN: true });
    fc.assert(
      fc.property(fc.nat(3), rho, step, kappa, step, step, step, (row, load, more, slow, slower, late, later) => {
        const { surface, p99 } = surfaces[row];
        const before = violationProbabilityDelayed(surface, load, slow, late);
        const after = violationProbabilityDelayed(surface, load + more, slow + slower, late + later);
        expect(after).toBeGreaterThanOrEqual(before * (1 - 1e-12));
        const mean = meanAnswerMs(surface, load, slow);
        expect(meanAnswerMs(surface, load + more, slow + slower)).toBeGreaterThanOrEqual(mean * (1 - 1e-12));
        const tail = p99AnswerMs(p99, load, slow, late);
        expect(p99AnswerMs(p99, load + more, slow + slower, late + later)).toBeGreaterThanOrEqual(tail * (1 - 1e-12));
      }),
      { numRuns: 3000, seed: 5 },
    );
  });
});

describe('p99 surface', () => {
  test('is within 10 % of the formula in the median, 35 % at worst (on the cliff where ramps reach 1 %)', () => {
    const { model } = services[1];
    const surface = createP99Surface(tables, model, 0.56);
    const w = createWindowLatency(tables, model);
    const errors: number[] = [];
    for (let n = 0; n < 300; n++) {
      const rho = ((n * 0.6180339) % 1) * 0.9;
      const kappa = 1 + ((n * 0.7548776) % 1) * 0.8;
      const share = ((n * 0.5698403) % 1) * 0.3;
      setLoad(w, rho);
      setKappa(w, kappa, 0.56);
      errors.push(Math.abs(Math.log(p99AnswerMs(surface, rho, kappa, share) / windowQuantileMs(w, 0.01, share))));
    }
    errors.sort((a, b) => a - b);
    expect(errors[150]).toBeLessThan(0.1);
    expect(errors[299]).toBeLessThan(0.35);
  });
});
