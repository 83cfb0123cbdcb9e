import { beforeAll, describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import type { Plan } from '../sim/plan.ts';
import { pointsOf } from './design.ts';
import { checkFactors, knownPaths, parseVary } from './vary.ts';

let plan: Plan;
beforeAll(async () => {
  plan = (await loadPlan('scenarios/library/quickstart.yaml')).plan;
});

const LINE = 'koordinator.cpuSuppressThresholdPercent';

describe('--vary', () => {
  test('reads a list, a range of 60..70/5 = 60, 65, 70, one with units, and commas inside brackets', () => {
    expect(parseVary(`${LINE}=60, 65,70`)).toEqual({ path: LINE, values: ['60', '65', '70'] });
    expect(parseVary('a.b=60..70/5').values).toEqual(['60', '65', '70']);
    expect(parseVary('a.b=60%..61%/0.5%').values).toEqual(['60%', '60.5%', '61%']);
    // 0.1 + 2 x 0.1 is 0.30000000000000004 in doubles; twelve digits are kept.
    expect(parseVary('a=0.1..0.3/0.1').values).toEqual(['0.1', '0.2', '0.3']);
    expect(parseVary('a={b: 1, c: 2},"x,y",[1, 2]').values).toEqual(['{b: 1, c: 2}', '"x,y"', '[1, 2]']);
    expect(parseVary('a=10m..12m').values).toEqual(['10m', '11m', '12m']);
  });

  test('refuses what names no values, naming the problem', () => {
    expect(() => parseVary('koordinator')).toThrow('expected path=values');
    expect(() => parseVary('a=')).toThrow('a value is empty');
    expect(() => parseVary('a=1,,2')).toThrow('a value is empty');
    expect(() => parseVary('a=70..60/5')).toThrow('the range is empty: 60 is below 70');
    expect(() => parseVary('a=60..70/0')).toThrow('the step is not positive');
    expect(() => parseVary('a=60%..70m')).toThrow('different units');
    expect(() => parseVary('a=1,2,1')).toThrow('1 stands there twice');
    expect(() => parseVary('a=0..1000000000')).toThrow('the range has 1000000001 values, at most 10000');
  });

  test('knows every water-line and the host shapes of the scenario by name', () => {
    const known = knownPaths(plan);
    for (const path of [
      LINE,
      'koordinator.cpuReclaimThresholdPercent',
      'koordinator.memoryEvictThresholdPercent',
      'koordinator.loadAwareCpuThresholdPercent',
      'cluster.hosts.t4-96c-512g.count',
      'bestEffort.populations.transcode.taskShare',
      'physics.isolation',
      'horizon',
    ])
      expect(known).toContain(path);
    expect(known).not.toContain('seed');
  });

  test('an unknown path is refused with the nearest known ones', () => {
    const check = (...paths: string[]) =>
      checkFactors(
        paths.map((path) => ({ path, values: ['1'] })),
        plan,
      );
    expect(() => check('koordinator.cpuSupressThresholdPercent')).toThrow(`Did you mean "${LINE}"?`);
    expect(() => check('cpuSuppressThresholdPercent')).toThrow(`Did you mean "${LINE}"?`);
    expect(() => check('cluster.hosts.t5-96c-512g.count')).toThrow('unknown path; nearest known: cluster.hosts.');
    expect(() => check('physics.parameters.nonsense')).toThrow('unknown path');
    expect(() => check('seed')).toThrow('use --seeds N');
    expect(() => check(LINE, LINE)).toThrow('is given twice');
    check(LINE, 'policies[0].config.x', 'cluster.hosts.t4-96c-512g.count');
  });
});

describe('a design', () => {
  const factors = [
    { path: 'a', values: ['1', '2', '3'] },
    { path: 'b', values: ['x', 'y', 'z'] },
  ];

  test('factorial: 3 x 3 = 9 points, the last factor fastest; no factor gives one point', () => {
    const points = pointsOf(factors, { kind: 'factorial' }, 's');
    expect(points.map((point) => point.join(''))).toEqual('1x 1y 1z 2x 2y 2z 3x 3y 3z'.split(' '));
    expect(pointsOf([], { kind: 'factorial' }, 's')).toEqual([[]]);
  });

  test('paired: 3 points side by side; lists of different length are refused', () => {
    const points = pointsOf(factors, { kind: 'paired' }, 's');
    expect(points.map((point) => point.join(''))).toEqual(['1x', '2y', '3z']);
    const uneven = [factors[0], { path: 'c', values: ['1'] }];
    expect(() => pointsOf(uneven, { kind: 'paired' }, 's')).toThrow('a has 3 values, c has 1');
  });

  test('latin hypercube of 8 points over 50.0..90.0: one value in each of the 8 parts of 5, the same for the same seed', () => {
    const ranges = [
      { path: 'a', values: ['50.5%', '90.5%'] },
      { path: 'b', values: ['x', 'y'] },
    ];
    const points = pointsOf(ranges, { kind: 'lhs', points: 8 }, 's');
    const parts = points.map((point) => Math.floor((Number.parseFloat(point[0]) - 50.5) / 5));
    expect([...parts].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(points.filter((point) => point[1] === 'x')).toHaveLength(4);
    expect(points.every((point) => point[0].endsWith('%'))).toBe(true);
    expect(pointsOf(ranges, { kind: 'lhs', points: 8 }, 's')).toEqual(points);
    expect(pointsOf(ranges, { kind: 'lhs', points: 8 }, 't')).not.toEqual(points);
  });

  test('latin hypercube over whole ends 60 and 70 gives whole values; 0 points are refused', () => {
    const points = pointsOf([{ path: 'a', values: ['60', '70'] }], { kind: 'lhs', points: 20 }, 's');
    expect(points.every(([value]) => /^(6\d|70)$/.test(value))).toBe(true);
    expect(() => pointsOf(factors, { kind: 'lhs', points: 0 }, 's')).toThrow('--lhs is 0');
  });

  test('a design of 400 x 400 points is refused before anything is loaded', () => {
    const values = Array.from({ length: 400 }, (_, index) => String(index));
    const many = [
      { path: 'a', values },
      { path: 'b', values },
    ];
    expect(() => pointsOf(many, { kind: 'factorial' }, 's')).toThrow('160000 points, at most 100000');
  });
});
