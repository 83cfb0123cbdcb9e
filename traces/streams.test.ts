import { describe, expect, test } from 'vitest';
import { exp, normalQuantile } from '../policies/base/exact-math.ts';
import {
  createAliasTable,
  logFactorial,
  pickAlias,
  sampleBeta,
  sampleCategorical,
  sampleExponential,
  sampleGamma,
  sampleLognormal,
  sampleNormal,
  samplePoisson,
  shuffle,
} from './samplers.ts';
import { createStream, drawUint32, drawUnit32, drawUnit53, seedState } from './streams.ts';

const COUNT = 40_000;

/** Mean, variance and sorted values of `COUNT` draws. */
function moments(draw: () => number): { mean: number; variance: number; sorted: Float64Array } {
  const sorted = Float64Array.from({ length: COUNT }, draw).sort();
  const mean = sorted.reduce((sum, value) => sum + value, 0) / COUNT;
  const variance = sorted.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / COUNT;
  return { mean, variance, sorted };
}

describe('streams', () => {
  test('sfc32 from the state 1, 2, 3, 4 gives 7, then 34', () => {
    // drawn = a + b + counter = 1 + 2 + 4 = 7; a = 2 ^ 0 = 2, b = 3 + 24 = 27, c = rotl(3, 21) + 7 = 6291463, counter 5.
    // Second: 2 + 27 + 5 = 34.
    const state = Int32Array.of(1, 2, 3, 4);
    expect(drawUint32(state, 0)).toBe(7);
    expect(Array.from(state)).toEqual([2, 27, 6_291_463, 5]);
    expect(drawUint32(state, 0)).toBe(34);
  });

  test('equal seed and name repeat; another name or seed gives other draws', () => {
    const first = createStream('7', 'web/arrivals').nextUint32();
    expect(createStream('7', 'web/arrivals').nextUint32()).toBe(first);
    expect(createStream('7', 'web/arrival').nextUint32()).not.toBe(first);
    expect(createStream('8', 'web/arrivals').nextUint32()).not.toBe(first);
  });

  test('a state inside a column draws what the stream object draws', () => {
    const state = new Int32Array(12);
    seedState('s', 'n', state, 4);
    const stream = createStream('s', 'n');
    for (let k = 0; k < 100; k++) expect(drawUnit53(state, 4)).toBe(stream.next());
    expect(Array.from(state.subarray(0, 4))).toEqual([0, 0, 0, 0]);
  });

  test('uniforms have mean 1/2, variance 1/12 and lie in the interval', () => {
    const state = new Int32Array(4);
    seedState('u', 'u', state, 0);
    for (const draw of [() => drawUnit53(state, 0), () => drawUnit32(state, 0)]) {
      const { mean, variance, sorted } = moments(draw);
      expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / COUNT));
      expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.002);
      expect(sorted[0]).toBeGreaterThanOrEqual(0);
      expect(sorted[COUNT - 1]).toBeLessThan(1);
    }
  });
});

describe('samplers, moments within five standard errors', () => {
  const stream = createStream('test', 'samplers');
  const near = (value: number, wanted: number, sd: number) =>
    expect(Math.abs(value - wanted)).toBeLessThan((5 * sd) / Math.sqrt(COUNT));

  test('normal(3, 2): mean 3, variance 4, ninth decile 3 + 2 x 1.2816', () => {
    const { mean, variance, sorted } = moments(() => sampleNormal(stream, 3, 2));
    near(mean, 3, 2);
    near(variance, 4, 4 * Math.SQRT2);
    near(sorted[Math.floor(0.9 * COUNT)], 3 + 2 * normalQuantile(0.9), 2 * 1.71);
  });

  test('lognormal(1, .5): mean e^1.125, median e', () => {
    const { mean, sorted } = moments(() => sampleLognormal(stream, 1, 0.5));
    near(mean, exp(1.125), exp(1.125) * 0.533);
    near(sorted[COUNT / 2], exp(1), exp(1) * 0.5 * 1.2533);
  });

  test('exponential(5): mean 5, sd 5', () => near(moments(() => sampleExponential(stream, 5)).mean, 5, 5));

  for (const shape of [0.4, 2.5])
    test(`gamma(${shape}, 2): mean ${shape * 2}, variance ${shape * 4}`, () => {
      const { mean, variance } = moments(() => sampleGamma(stream, shape, 2));
      near(mean, shape * 2, Math.sqrt(shape) * 2);
      // Fourth central moment of a gamma: (3 + 6/shape) variance^2.
      near(variance, shape * 4, shape * 4 * Math.sqrt(2 + 6 / shape));
    });

  test('beta(6.5, 3.5): mean .65, variance .65 x .35 / 11', () => {
    const { mean, variance } = moments(() => sampleBeta(stream, 6.5, 3.5));
    near(mean, 0.65, Math.sqrt((0.65 * 0.35) / 11));
    near(variance, (0.65 * 0.35) / 11, 0.032);
  });

  for (const wanted of [0.3, 9.9, 10.1, 5_000])
    test(`Poisson(${wanted}): mean and variance ${wanted}`, () => {
      const { mean, variance } = moments(() => samplePoisson(stream, wanted));
      near(mean, wanted, Math.sqrt(wanted));
      near(variance, wanted, wanted * Math.sqrt(2 + 1 / wanted));
    });

  test('ln 20! is 42.3356164607535', () => expect(logFactorial(20)).toBeCloseTo(42.3356164607535, 10));

  test('alias table and categorical draw 1 : 2 : 0 : 5 as 1/8, 1/4, 0, 5/8', () => {
    const table = createAliasTable([1, 2, 0, 5]);
    for (const draw of [() => pickAlias(table, stream.next()), () => sampleCategorical(stream, [1, 2, 0, 5])]) {
      const seen = [0, 0, 0, 0];
      for (let k = 0; k < COUNT; k++) seen[draw()] += 1 / COUNT;
      expect(seen[2]).toBe(0);
      near(seen[0], 1 / 8, 0.331);
      near(seen[1], 1 / 4, 0.433);
      near(seen[3], 5 / 8, 0.484);
    }
  });

  test('a shuffle keeps the values and puts each of 5 first equally often', () => {
    const first = [0, 0, 0, 0, 0];
    for (let k = 0; k < COUNT; k++) {
      const values = [0, 1, 2, 3, 4];
      shuffle(stream, values);
      first[values[0]] += 1 / COUNT;
      if (k === 0) expect(values.toSorted()).toEqual([0, 1, 2, 3, 4]);
    }
    for (const share of first) near(share, 0.2, 0.4);
  });
});
