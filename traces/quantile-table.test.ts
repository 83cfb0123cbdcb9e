import { expect, test } from 'vitest';
import { exp, normalQuantile } from '../policies/base/exact-math.ts';
import {
  createDiscreteTable,
  createLognormalTable,
  drawDiscrete,
  drawLognormal,
  meanOfDiscrete,
} from './quantile-table.ts';

test('for sigma up to 2 the table is within 1e-3 of the exact quantile everywhere and its mean within 3e-5', () => {
  for (const sigma of [0.4, 1, 1.5, 2]) {
    const table = createLognormalTable(1, sigma);
    let worst = 0;
    let sum = 0;
    let exactSum = 0;
    const points = 40_960;
    for (let k = 0; k < points; k++) {
      const unit = (k + 0.5) / points;
      const exact = exp(1 + sigma * normalQuantile(unit));
      const drawn = drawLognormal(table, unit);
      worst = Math.max(worst, Math.abs(drawn / exact - 1));
      sum += drawn;
      exactSum += exact;
    }
    expect(worst).toBeLessThan(1e-3);
    expect(Math.abs(sum / exactSum - 1)).toBeLessThan(3e-5);
  }
});

test('sigma 0 gives e^mu for every uniform', () => {
  const table = createLognormalTable(2, 0);
  for (const unit of [1e-10, 0.01, 0.5, 0.999]) expect(drawLognormal(table, unit)).toBeCloseTo(exp(2), 12);
});

test('values 1, 2 and 12 with shares .5, .25, .25: 3..12 are equally likely and the mean is 2.875', () => {
  const fit = { values: [1, 2, 12], cumulative: [0.5, 0.75, 1] };
  const table = createDiscreteTable(fit);
  const seen = new Array<number>(13).fill(0);
  const points = 40_000;
  for (let k = 0; k < points; k++) seen[drawDiscrete(table, (k + 0.5) / points)] += 1;
  expect(seen[0]).toBe(0);
  expect(seen[1]).toBe(20_000);
  expect(seen[2]).toBe(10_000);
  for (let value = 3; value <= 12; value++) expect(seen[value]).toBe(1_000);
  // .5 x 1 + .25 x 2 + .25 x (3 + 12)/2 = .5 + .5 + 1.875
  expect(meanOfDiscrete(fit)).toBeCloseTo(2.875, 12);
});
