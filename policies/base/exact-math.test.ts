// A snapshot with a derivation beside it: `value` pins the bits on every engine, `truth` are 40 digits computed with mpmath 1.3.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as exactMath from './exact-math.ts';

interface Row {
  readonly x: readonly number[];
  readonly value: number;
  readonly truth: string;
}

const golden = JSON.parse(readFileSync(new URL('./exact-math.golden.json', import.meta.url), 'utf8')) as Record<
  string,
  readonly Row[]
>;
const functions = exactMath as unknown as Record<string, (...x: number[]) => number>;

describe.each(Object.entries(golden))('%s', (name, rows) => {
  test(`has the same bits as recorded for ${rows.length} arguments`, () => {
    for (const { x, value } of rows)
      expect(`${name}(${x}) = ${functions[name](...x)}`).toBe(`${name}(${x}) = ${value}`);
  });
});

/** Largest error over the rows that `keep` accepts, relative or absolute. */
function worst(name: string, relative: boolean, keep: (x: number) => boolean = () => true): number {
  let most = 0;
  for (const { x, truth } of golden[name]) {
    if (!keep(x[0])) continue;
    const exact = Number(truth);
    const error = Math.abs(functions[name](...x) - exact);
    most = Math.max(most, relative ? error / Math.abs(exact) : error);
  }
  return most;
}

test('errors against 40 digits stay within what the docstrings promise', () => {
  expect(worst('exp', true, (x) => x > -708)).toBeLessThan(4e-16);
  expect(worst('log', true)).toBeLessThan(5e-16);
  // |y ln x| x 3e-16: the largest product of the rows is 13 ln 7 = 25.3.
  expect(worst('pow', true)).toBeLessThan(25.3 * 3e-16);
  for (const name of ['sin', 'cos'])
    for (const { x, truth } of golden[name])
      expect(Math.abs(functions[name](...x) - Number(truth))).toBeLessThan(3e-16 + Math.abs(x[0]) * 6e-17);
  expect(worst('normalUpperTail', false)).toBeLessThan(1e-15);
  expect(worst('normalUpperTail', true, (z) => z < 8)).toBeLessThan(1e-12);
  expect(worst('normalQuantile', false)).toBeLessThan(1e-13);
});

test('edges: exp(-800) = 0, exp(710) = Infinity, log(0) = -Infinity, log(-1) = NaN, 0^0 = 1', () => {
  const { exp, log, pow, normalQuantile, normalUpperTail } = exactMath;
  expect([exp(-800), exp(710), log(0), pow(0, 0), pow(0, 2), pow(0, -1)]).toEqual([
    0,
    Infinity,
    -Infinity,
    1,
    0,
    Infinity,
  ]);
  expect(log(-1)).toBeNaN();
  expect(exp(Number.NaN)).toBeNaN();
  expect([normalQuantile(0), normalQuantile(1), normalUpperTail(40)]).toEqual([-Infinity, Infinity, 0]);
});

test('the normal tail is symmetric and joins its two formulas at 3.5 within 1e-12', () => {
  const { normalUpperTail } = exactMath;
  for (const z of [0.3, 1, 2, 3]) expect(normalUpperTail(z) + normalUpperTail(-z)).toBeCloseTo(1, 15);
  const [below, above] = [normalUpperTail(3.5 - 1e-13), normalUpperTail(3.5)];
  expect(Math.abs(above / below - 1)).toBeLessThan(2e-12);
});
