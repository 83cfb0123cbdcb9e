import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { latencyClassTable } from './contention.ts';
import { defaultParameters } from './parameters.ts';
import { serviceModel } from './service-model.ts';
import { defaultTarget } from './slo.ts';
import { DISCIPLINE } from './sojourn.ts';
import { kappaPlace, violationsAt } from './violation-lookup.ts';
import { createViolationSurface, violationProbability, violationProbabilityDelayed } from './violation-surface.ts';
import { createLatencyTables } from './window-latency.ts';

const p = defaultParameters();
const tables = createLatencyTables(p.stationaryCap);
const model = serviceModel(p, latencyClassTable(p), 1, 4, 64, DISCIPLINE.PS);
const surface = createViolationSurface(tables, model, defaultTarget(p, tables, model).targetMs, 0.56);
const { lnTail, lnTailDelayed } = surface;

const rho = fc.double({ min: -0.1, max: 1.5, noNaN: true });
const kappa = fc.double({ min: 0.9, max: 10, noNaN: true });
const share = fc.double({ min: 0, max: 1.2, noNaN: true });

/** One pod read as a batch of one. */
function violationAt(lnTail: Float32Array, load: number, place: number, delayedShare: number): number {
  const out = new Float64Array(1);
  violationsAt(
    lnTail,
    lnTailDelayed,
    Float64Array.of(load),
    Float64Array.of(place),
    Float64Array.of(delayedShare),
    1,
    out,
  );
  return out[0];
}

describe('violationsAt', () => {
  test('equals the plain reading within a relative 1e-5, inside and outside the grid', () => {
    fc.assert(
      fc.property(rho, kappa, share, (load, slow, late) => {
        const plain = violationProbabilityDelayed(surface, load, slow, late);
        expect(Math.abs(violationAt(lnTail, load, kappaPlace(slow), late) / plain - 1)).toBeLessThan(1e-5);
      }),
      { numRuns: 3000, seed: 4 },
    );
  });

  test('a batch is read as its pods one by one, with shares and without', () => {
    const loads = Float64Array.of(-0.1, 0, 0.4, 0.9, 1.25, 2);
    const places = Float64Array.from([1, 1.05, 1.2, 2, 8, 20], kappaPlace);
    const shares = Float64Array.of(0, 0.1, 0.5, 1, 1.2, 0.3);
    const out = new Float64Array(6);
    violationsAt(lnTail, lnTailDelayed, loads, places, shares, 6, out);
    expect([...out]).toEqual([...loads].map((load, n) => violationAt(lnTail, load, places[n], shares[n])));
    violationsAt(lnTail, lnTailDelayed, loads, places, null, 6, out);
    expect([...out]).toEqual([...loads].map((load, n) => violationAt(lnTail, load, places[n], 0)));
  });

  test('more load or more slowdown never lowers it, and it stays within [0, 1]', () => {
    const more = fc.double({ min: 0, max: 0.5, noNaN: true });
    fc.assert(
      fc.property(rho, more, kappa, more, share, (load, extra, slow, slower, late) => {
        const before = violationAt(lnTail, load, kappaPlace(slow), late);
        const after = violationAt(lnTail, load + extra, kappaPlace(slow + slower), late);
        expect(after).toBeGreaterThanOrEqual(before * (1 - 1e-12));
        expect(before).toBeGreaterThanOrEqual(0);
        expect(after).toBeLessThanOrEqual(1 + 1e-12);
      }),
      { numRuns: 3000, seed: 6 },
    );
  });

  test('best effort of size zero (no delayed request, the same slowdown) changes P by less than 1e-12', () => {
    const alone = violationAt(lnTail, 0.6, kappaPlace(1.1), 0);
    expect(Math.abs(violationAt(lnTail, 0.6, kappaPlace(1.1), 1e-14) - alone)).toBeLessThan(1e-12);
    expect(alone / violationProbability(surface, 0.6, 1.1)).toBeCloseTo(1, 5);
  });
});
