import { describe, expect, test } from 'vitest';
import {
  noiseLossCpus,
  recoveryLossCpus,
  recoverySeconds,
  simulateStep,
  stepExcessCpuSeconds,
  stepExcessWeight,
  suppressStep,
} from './suppress-transient.ts';

function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

describe('a rise of latency-sensitive use', () => {
  test('sample at 0.3, loop at 0.9: 26 cpus for 0.9 s, then 70 % of them for 1 s', () => {
    // The first sample (at 0.3) saw 30 % of the rise, the loop acts on it at 0.9; the full sample of 1.3 is read at 1.9.
    const response = simulateStep(26, 0.3, 0.9);
    expect(response.excessCpuSeconds).toBeCloseTo(26 * (0.9 + 0.7), 10);
    expect(response.complianceSeconds).toBeCloseTo(1.9, 10);
  });

  test('over 100,000 phases: 1.5 core-seconds per core, compliance after 1 to 3 s, 2.0 on average', () => {
    const uniform = randomOf(1);
    let excess = 0;
    let seconds = 0;
    for (let n = 0; n < 100_000; n++) {
      const response = simulateStep(1, uniform(), uniform());
      excess += response.excessCpuSeconds;
      seconds += response.complianceSeconds;
      if (response.complianceSeconds < 1 || response.complianceSeconds >= 3) throw new Error('outside 1..3 s');
    }
    expect(excess / 100_000).toBeCloseTo(1.5, 2);
    expect(seconds / 100_000).toBeCloseTo(2, 2);
  });

  test('10 cpus cost 15 core-seconds, which is 1/40 of a minute; a fall costs nothing', () => {
    expect(stepExcessCpuSeconds(10, 1.5)).toBe(15);
    expect(stepExcessWeight(10, 1.5, 60)).toBe(0.025);
    expect(stepExcessWeight(10, 1.5, 1)).toBe(1);
    expect([stepExcessCpuSeconds(-10, 1.5), stepExcessWeight(0, 1.5, 60)]).toEqual([0, 0]);
  });
});

describe('the way back', () => {
  test('26 freed of 104 cpus come back in 3 s at 10 % of the node a second', () => {
    expect(recoverySeconds(26, 104, 0.1)).toBe(3);
  });

  test('40 freed at 10 a second lose 40 + 30 + 20 + 10 = 100 core-seconds, 1.67 cpus over a minute', () => {
    expect(recoveryLossCpus(40, 100, 0.1, 60)).toBeCloseTo(100 / 60, 12);
    expect(recoveryLossCpus(40, 100, 0.1, 1)).toBe(40);
  });

  test('the loop grows by a tenth, cuts at once and keeps its floor', () => {
    expect(suppressStep(20, 50, 100, 0.1, 2)).toBe(30);
    expect(suppressStep(20, 5, 100, 0.1, 2)).toBe(5);
    expect(suppressStep(20, -9, 100, 0.1, 2)).toBe(2);
  });
});

describe('noise', () => {
  test('104 cpus lose 0.2, 2.2, 5.4 and 9.4 cpus to a 1 s deviation of 5, 10, 15 and 20, within 0.11', () => {
    [5, 10, 15, 20].forEach((sd, row) => {
      expect(Math.abs(noiseLossCpus(sd, 104, 0.1) - [0.2, 2.2, 5.4, 9.4][row])).toBeLessThan(0.11);
    });
    expect(noiseLossCpus(0, 104, 0.1)).toBe(0);
  });

  test('the closed form is within 4 % of the sd of the loop run for 200,000 s, at ratios 0.3 to 10', () => {
    const uniform = randomOf(9);
    const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    for (const sd of [3, 7, 12, 25, 50, 100]) {
      let grant = 0;
      let sum = 0;
      for (let second = 0; second < 200_000; second++) {
        grant = suppressStep(grant, -sd * normal(), 100, 0.1, -1e9);
        sum += grant;
      }
      expect(Math.abs(noiseLossCpus(sd, 100, 0.1) + sum / 200_000) / sd).toBeLessThan(0.04);
    }
  });

  test('more noise never loses less', () => {
    for (let sd = 0; sd < 300; sd += 1)
      expect(noiseLossCpus(sd + 1, 100, 0.1)).toBeGreaterThanOrEqual(noiseLossCpus(sd, 100, 0.1));
  });
});
