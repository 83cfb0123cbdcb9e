import { describe, expect, test } from 'vitest';
import { createStream, keyedWord, NORMAL_STEP_COUNT, NORMAL_STEPS, saltAt, saltOf } from './random.ts';

const N = 1_000_000;

function correlation(a: (i: number) => number, b: (i: number) => number, n: number): number {
  let ab = 0;
  let aa = 0;
  let bb = 0;
  let meanA = 0;
  let meanB = 0;
  for (let i = 0; i < n; i++) {
    meanA += a(i) / n;
    meanB += b(i) / n;
  }
  for (let i = 0; i < n; i++) {
    const x = a(i) - meanA;
    const y = b(i) - meanB;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb);
}

const normal = (word: number) => NORMAL_STEPS[word & 4095];

describe('normal steps', () => {
  test('4,096 steps have mean 0, variance 1, and end at 3.67', () => {
    let sum = 0;
    let squares = 0;
    for (const step of NORMAL_STEPS) {
      sum += step;
      squares += step * step;
    }
    expect(Math.abs(sum / NORMAL_STEP_COUNT)).toBeLessThan(1e-12);
    expect(Math.abs(squares / NORMAL_STEP_COUNT - 1)).toBeLessThan(1e-12);
    // The last step stands for quantile 1 - 1/8192, which is 3.6677; scaling to variance 1 adds 0.05 %.
    expect(NORMAL_STEPS[4095]).toBeGreaterThan(3.66);
    expect(NORMAL_STEPS[4095]).toBeLessThan(3.68);
    expect(NORMAL_STEPS[0]).toBeCloseTo(-NORMAL_STEPS[4095], 12);
  });
});

describe('keyed noise over 1,000,000 rows', () => {
  const salt = saltOf('1', 'online/own');

  test('has mean 0, variance 1 and kurtosis 3 within four standard errors', () => {
    let m1 = 0;
    let m2 = 0;
    let m4 = 0;
    for (let row = 0; row < N; row++) {
      const z = normal(keyedWord(salt, row));
      m1 += z / N;
      m2 += (z * z) / N;
      m4 += (z * z * z * z) / N;
    }
    // Standard errors: 1 / sqrt(N) = 0.001, sqrt(2 / N) = 0.0014, sqrt(96 / N) = 0.0098; the cut tails take 0.02 off the fourth.
    expect(Math.abs(m1)).toBeLessThan(0.004);
    expect(Math.abs(m2 - 1)).toBeLessThan(0.0057);
    expect(Math.abs(m4 - 3)).toBeLessThan(0.06);
  });

  test('neighbouring rows are correlated below 0.005, low bits and bits 12 to 23 alike', () => {
    const low = (row: number) => normal(keyedWord(salt, row));
    const high = (row: number) => normal(keyedWord(salt, row) >>> 12);
    expect(Math.abs(correlation(low, (row) => low(row + 1), N))).toBeLessThan(0.005);
    expect(Math.abs(correlation(high, (row) => high(row + 1), N))).toBeLessThan(0.005);
    expect(Math.abs(correlation(low, high, N))).toBeLessThan(0.005);
  });

  test('one row is uncorrelated over neighbouring windows, and one window over neighbouring roots', () => {
    const atWindow = (window: number) => normal(keyedWord(saltAt(salt, window), 17));
    expect(Math.abs(correlation(atWindow, (window) => atWindow(window + 1), 200_000))).toBeLessThan(0.012);
    const own = (row: number) => normal(keyedWord(saltAt(salt, 3), row));
    const next = (row: number) => normal(keyedWord(saltAt(salt, 4), row));
    expect(Math.abs(correlation(own, next, N))).toBeLessThan(0.005);
  });

  test('a fair coin: each of 32 bits is set in half of the words within 0.2 %', () => {
    const set = new Float64Array(32);
    for (let row = 0; row < N; row++) {
      const word = keyedWord(salt, row);
      for (let bit = 0; bit < 32; bit++) set[bit] += (word >>> bit) & 1;
    }
    // Standard error 0.0005; 0.002 is four of them.
    for (const count of set) expect(Math.abs(count / N - 0.5)).toBeLessThan(0.002);
  });

  test('rows that differ by 2^16 and ids times 16, as failures use them, are as good as others', () => {
    const far = (row: number) => normal(keyedWord(salt, row << 16));
    const byTask = (row: number) => normal(keyedWord(salt, row * 16));
    expect(Math.abs(correlation(far, (row) => far(row + 1), 60_000))).toBeLessThan(0.02);
    expect(Math.abs(correlation(byTask, (row) => byTask(row + 1), N))).toBeLessThan(0.005);
  });
});

describe('streams', () => {
  test('a stream repeats from its seed and name, and from its state in the middle', () => {
    const stream = createStream('s', 'host/17/failure');
    const again = createStream('s', 'host/17/failure');
    for (let i = 0; i < 5; i++) expect(stream.next()).toBe(again.next());
    const kept = structuredClone(stream.state());
    const rest = Array.from({ length: 5 }, () => stream.next());
    const copy = createStream('other', 'name', kept);
    expect(Array.from({ length: 5 }, () => copy.next())).toEqual(rest);
  });

  test('streams of neighbouring hosts, and of one host under neighbouring seeds, are uncorrelated', () => {
    const draws = (seed: string, name: string) => {
      const stream = createStream(seed, name);
      return Array.from({ length: 100_000 }, () => stream.next());
    };
    const base = draws('1', 'host/17/failure');
    // Standard error 1 / sqrt(100,000) = 0.0032; four of them.
    for (const other of [draws('1', 'host/18/failure'), draws('2', 'host/17/failure'), draws('1', 'rack/failure')])
      expect(
        Math.abs(
          correlation(
            (i) => base[i],
            (i) => other[i],
            100_000,
          ),
        ),
      ).toBeLessThan(0.0127);
  });

  test('the first draws of 10,000 host streams are uniform: mean 1/2 and variance 1/12', () => {
    let sum = 0;
    let squares = 0;
    for (let host = 0; host < 10_000; host++) {
      const draw = createStream('1', `host/${host}/failure`).next();
      sum += draw;
      squares += (draw - 0.5) * (draw - 0.5);
    }
    // Standard errors 0.0029 and 0.00075.
    expect(Math.abs(sum / 10_000 - 0.5)).toBeLessThan(0.0116);
    expect(Math.abs(squares / 10_000 - 1 / 12)).toBeLessThan(0.003);
  });
});
