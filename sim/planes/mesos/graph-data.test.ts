import { describe, expect, test } from 'vitest';
import { fromGraphData, toGraphData } from './graph-data.ts';

class Counter {
  count = 0;
  add(): number {
    this.count += 1;
    return this.count;
  }
}

describe('a graph of objects as plain data', () => {
  test('comes back through structuredClone with its classes, cycles, shared parts, Maps with object keys and columns', () => {
    const strategy = { pick: () => 7 };
    const counter = new Counter();
    counter.add();
    const key = { name: 'a' };
    const root = {
      counter,
      same: counter,
      strategy,
      byKey: new Map<object, number[]>([[key, [1, 2]]]),
      keys: new Set([key]),
      column: Float64Array.of(1.5, Number.NaN, -0),
      nothing: null,
      absent: undefined,
      self: null as unknown,
    };
    root.self = root;
    const data = structuredClone(toGraphData(root, [strategy]));
    const copy = fromGraphData(data, [strategy], { like: new Counter() }) as typeof root;
    expect(copy).not.toBe(root);
    expect(copy.self).toBe(copy);
    expect(copy.same).toBe(copy.counter);
    expect(copy.counter).not.toBe(counter);
    expect(copy.counter.add()).toBe(2);
    expect(counter.count).toBe(1);
    expect(copy.strategy).toBe(strategy);
    const [copiedKey] = [...copy.byKey.keys()];
    expect(copiedKey).toEqual(key);
    expect(copiedKey).not.toBe(key);
    expect(copy.keys.has(copiedKey as typeof key)).toBe(true);
    expect([...copy.column]).toEqual([1.5, Number.NaN, -0]);
    expect(Object.hasOwn(copy, 'absent')).toBe(true);
  });

  test('refuses a function that is not outside, and a class that nobody knows', () => {
    expect(() => toGraphData({ call: () => 1 }, [])).toThrow('a function call cannot be written as data');
    const data = toGraphData({ counter: new Counter() }, []);
    expect(() => fromGraphData(data, [], {})).toThrow('no class Counter to build');
  });
});
