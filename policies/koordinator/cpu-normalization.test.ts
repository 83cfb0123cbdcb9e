import { describe, expect, test } from 'vitest';
import {
  amplificationRatio,
  amplifiedAllocatable,
  amplifiedRequest,
  normalizationRatio,
  normalizedBatchCpu,
  ratioChanged,
} from './cpu-normalization.ts';

const config = {
  enable: true,
  defaultRatio: 1.1,
  models: { fast: { base: 1.5, hyperThreads: 1, turbo: 1.65, hyperThreadsTurbo: 1.2 }, wild: { base: 5.01 } },
};
const plain = { model: 'fast', hyperThreads: false, turbo: false };

describe('normalization ratio', () => {
  test('each of the four states has its own ratio', () => {
    const states = [
      [false, false],
      [true, false],
      [false, true],
      [true, true],
    ];
    expect(
      states.map(([hyperThreads, turbo]) => normalizationRatio(config, { model: 'fast', hyperThreads, turbo })),
    ).toEqual([1.5, 1, 1.65, 1.2]);
  });

  test('an unknown model takes the default 1.1; a ratio of 5.01 is no ratio', () => {
    expect(normalizationRatio(config, { ...plain, model: 'other' })).toBe(1.1);
    expect(normalizationRatio(config, { ...plain, model: 'wild' })).toBeUndefined();
  });

  test('the label on the node overrides the configuration both ways', () => {
    expect(normalizationRatio(config, { ...plain, enabledLabel: false })).toBe(1);
    expect(normalizationRatio({ ...config, enable: false }, plain)).toBe(1);
    expect(normalizationRatio({ ...config, enable: false }, { ...plain, enabledLabel: true })).toBe(1.5);
  });

  test('1.20 is not rewritten to 1.21 but to 1.22', () => {
    expect([ratioChanged(1.2, 1.205), ratioChanged(1.2, 1.22), ratioChanged(undefined, 1)]).toEqual([
      false,
      true,
      true,
    ]);
  });
});

describe('amounts', () => {
  test('batch cpu of 333 by 1.1 is ceil(366.3) = 367; a ratio of 1 or less changes nothing', () => {
    expect([normalizedBatchCpu(333, 1.1), normalizedBatchCpu(333, 1), normalizedBatchCpu(333, 0.5)]).toEqual([
      367, 333, 333,
    ]);
  });

  test('allocatable 33333 by 1.5 is cut to 49999, a request of 333 is rounded up to 500', () => {
    expect(amplifiedAllocatable(33_333, 1.5)).toBe(49_999);
    expect(amplifiedRequest(333, 1.5)).toBe(500);
  });

  test('ratios multiply and never fall below 1', () => {
    expect(amplificationRatio(2, 1.5)).toBe(3);
    expect(amplificationRatio(undefined, 1.5)).toBe(1.5);
    expect(amplificationRatio(0.5, 1)).toBe(1);
  });
});
