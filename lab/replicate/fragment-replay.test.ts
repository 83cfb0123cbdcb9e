import { describe, expect, test } from 'vitest';
import { type FragmentWorkload, type ReplayHosts, type ReplayOptions, replayFragments } from './fragment-replay.ts';

/** Tasks of one core: [submit ms, fragments [ms, MHz]...]. */
function workloadOf(tasks: readonly (readonly [number, ...(readonly [number, number])[]])[]): FragmentWorkload {
  const fragments = tasks.map(([, ...list]) => list as readonly (readonly [number, number])[]);
  const fragmentStart = new Int32Array(tasks.length + 1);
  fragments.forEach((list, row) => {
    fragmentStart[row + 1] = fragmentStart[row] + list.length;
  });
  return {
    count: tasks.length,
    startUnixMs: 0,
    submitMs: Float64Array.from(tasks, ([at]) => at),
    cores: new Int32Array(tasks.length).fill(1),
    memBytes: new Float64Array(tasks.length),
    fragmentStart,
    fragmentMs: Float64Array.from(fragments.flat(), ([ms]) => ms),
    fragmentMhz: Float64Array.from(fragments.flat(), ([, mhz]) => mhz),
    parentStart: new Int32Array(tasks.length + 1),
    parents: new Int32Array(0),
  };
}

function hostsOf(count: number, cores: number): ReplayHosts {
  return {
    count,
    cores: new Int32Array(count).fill(cores),
    coreMhz: new Float64Array(count).fill(1000),
    memBytes: new Float64Array(count),
    powerModel: new Uint8Array(count).fill(1),
    idleWatts: new Float64Array(count).fill(10),
    maxWatts: new Float64Array(count).fill(30),
  };
}

const OPTIONS: ReplayOptions = { progress: 'no-delay', failures: [], carbon: null, sampleMs: 1000, probesMs: [] };

describe('energy and utilisation by hand: 10 to 30 W linear, cores of 1,000 MHz', () => {
  test('2 hosts, one task of 3 s at 500 MHz: 20 W + 10 W for 3 s = 90 J, mean use 0.25', () => {
    const result = replayFragments(workloadOf([[0, [3000, 500]]]), hostsOf(2, 1), OPTIONS);
    expect([result.energyJ, result.meanUse, result.makespanMs, result.completed]).toEqual([90, 0.25, 3000, 1]);
    // Samples at 1, 2 and 3 s and once at the end, all with one host at 0.5.
    expect(result.sampledUse).toBe(0.25);
  });

  test('samples stand just before the instant: 1 s of 1,000 and 1 s of 0 MHz give 1, 0 and 0 at the end', () => {
    const result = replayFragments(workloadOf([[0, [1000, 1000], [1000, 0]]]), hostsOf(1, 1), OPTIONS);
    expect(result.sampledUse).toBeCloseTo(1 / 3, 12);
  });

  test('carbon: 36 kJ in the first hour at 100 g, 18 kJ in the next half at 200 g: 1 + 1 g', () => {
    const carbon = { atMs: Float64Array.of(-3_600_000, 0, 3_600_000), gramsPerKwh: Float64Array.of(999, 100, 200) };
    const result = replayFragments(workloadOf([[0, [5_400_000, 0]]]), hostsOf(1, 1), { ...OPTIONS, carbon });
    expect(result.energyJ).toBe(54_000);
    expect(result.carbonGrams).toBeCloseTo(2, 12);
  });
});

describe('queue, sharing and progress', () => {
  test('one core, three tasks of 2 s submitted at 0, 1 and 1 s wait 0, 1 and 3 s', () => {
    const tasks = workloadOf([
      [0, [2000, 1000]],
      [1000, [2000, 1000]],
      [1000, [2000, 1000]],
    ]);
    const result = replayFragments(tasks, hostsOf(1, 1), OPTIONS);
    expect([result.makespanMs, result.meanWaitMs]).toEqual([6000, 4000 / 3]);
  });

  test('perfect: 3,000 and 500 MHz for 1 s on 2,000: 1,500 + 500 until 1 s, then the rest, 1,500, at 2,000: 1.75 s', () => {
    const tasks = workloadOf([
      [0, [1000, 3000]],
      [0, [1000, 500]],
    ]);
    const result = replayFragments(tasks, hostsOf(1, 2), { ...OPTIONS, progress: 'perfect', probesMs: [500, 1500] });
    expect(result.probes).toEqual([
      [1500, 500],
      [2000, 0],
    ]);
    expect(result.makespanMs).toBe(1750);
  });

  test('a host down from 1 to 2 s loses its task, which starts over on the other: 1 + 3 s, 0 waits twice', () => {
    const failures = [{ intervalMs: 1000, durationMs: 1000, intensity: 0.5 }];
    const result = replayFragments(workloadOf([[0, [3000, 1000]]]), hostsOf(2, 1), { ...OPTIONS, failures });
    expect([result.makespanMs, result.meanWaitMs]).toEqual([4000, 0]);
    // 30 + 10 W all 4 s: the host that is down draws idle power.
    expect(result.energyJ).toBe(160);
  });

  test('what can never run is said: 1 core is not 2; two tasks that wait for each other', () => {
    const wide = { ...workloadOf([[0, [1, 1]]]), cores: Int32Array.of(2) };
    expect(() => replayFragments(wide, hostsOf(3, 1), OPTIONS)).toThrow(/wants 2 cores.*none of 3 hosts/);
    const cycle = {
      ...workloadOf([
        [0, [1, 1]],
        [0, [1, 1]],
      ]),
      parentStart: Int32Array.of(0, 1, 2),
      parents: Int32Array.of(1, 0),
    };
    expect(() => replayFragments(cycle, hostsOf(1, 2), OPTIONS)).toThrow(/2 of 2 tasks never start/);
  });

  test('a task without fragments is done at once', () => {
    expect(replayFragments(workloadOf([[5]]), hostsOf(1, 1), OPTIONS).makespanMs).toBe(5);
  });
});
