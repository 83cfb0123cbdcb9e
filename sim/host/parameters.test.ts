import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../policies/base/assert.ts';
import { defaultParameters, listParameters, PARAMETER_NAMES, parametersLike, parametersWith } from './parameters.ts';

describe('coefficient table', () => {
  test('every row has low <= value <= high, a tag of F V S M A with confidence H M L, a unit and a source', () => {
    const rows = listParameters(defaultParameters());
    expect(rows.length).toBe(PARAMETER_NAMES.length);
    for (const row of rows) {
      expect(row.low, row.name).toBeLessThanOrEqual(row.value);
      expect(row.high, row.name).toBeGreaterThanOrEqual(row.value);
      expect('FVSMA', row.name).toContain(row.tag);
      expect('HML', row.name).toContain(row.confidence);
      expect(row.unit.length * row.source.length, row.name).toBeGreaterThan(0);
    }
  });

  test('no name stands in both files of rows', () => {
    expect(new Set(PARAMETER_NAMES).size).toBe(PARAMETER_NAMES.length);
  });

  test('defaults are frozen and an override changes one value only', () => {
    const p = parametersWith({ smtYield: 1.2 });
    expect(Object.isFrozen(p)).toBe(true);
    expect(p).toEqual({ ...defaultParameters(), smtYield: 1.2 });
  });

  test('"smtYeild" is refused with its nearest name first', () => {
    expect(() => parametersWith({ smtYeild: 1.2 })).toThrow(ConfigError);
    expect(() => parametersWith({ smtYeild: 1.2 })).toThrow(/Nearest: smtYield,/);
  });

  test('a yield of 2 is refused with its range 1.1 to 1.45; so is NaN', () => {
    expect(() => parametersWith({ smtYield: 2 })).toThrow(/smtYield is 2; its range is 1.1 to 1.45 \(ratio\)/);
    expect(() => parametersWith({ smtYield: Number.NaN })).toThrow(ConfigError);
  });

  test('a name every object has is not a coefficient', () => {
    expect(() => parametersWith({ toString: 1 })).toThrow(ConfigError);
  });
});

test('a table like another has its own values and reads the others only when asked', () => {
  const read: string[] = [];
  const watched = new Proxy(defaultParameters(), {
    get: (table, name) => {
      read.push(String(name));
      return Reflect.get(table, name);
    },
  });
  const like = parametersLike(watched, { rackHosts: 7 });
  expect(read).toEqual([]);
  expect([like.rackHosts, like.rackEventsPerYear]).toEqual([7, 20]);
  expect(read).toEqual(['rackEventsPerYear']);
});
