import { expect, test } from 'vitest';
import { modelWatts, POWER_MODEL } from './power-models.ts';

test('100 to 200 W at a quarter: constant 200, linear 125, sqrt 150, square 106.25, cubic 101.5625', () => {
  const at = (u: number) => Object.values(POWER_MODEL).map((model) => modelWatts(model, 100, 200, u));
  expect(at(0.25)).toEqual([200, 125, 150, 106.25, 101.5625]);
  expect(at(0)).toEqual([200, 100, 100, 100, 100]);
  expect(at(1.5)).toEqual([200, 200, 200, 200, 200]);
  expect(at(-1)).toEqual([200, 100, 100, 100, 100]);
});
