import { describe, expect, test } from 'vitest';
import { createErlangCTable } from './erlang-c.ts';
import {
  burstLastSeconds,
  burstMeanSeconds,
  laneWaitSeconds,
  launchCapacityPerSecond,
  peerPullSeconds,
  registryPullSeconds,
  startOnLane,
} from './start-up.ts';

const table = createErlangCTable();

describe('image pull', () => {
  test('200 MB at 25 MB/s: 8 s for 10 clients, 160 s for 1,000 at a registry of 1,250 MB/s; 12 s from peers', () => {
    expect(registryPullSeconds(200, 10, 25, 1250)).toBe(8);
    expect(registryPullSeconds(200, 1000, 25, 1250)).toBe(160);
    expect(peerPullSeconds(200, 25, 1.5)).toBe(12);
  });
});

describe('daemon lanes', () => {
  test('2 lanes at half load, exponential creation of 1 s: C = 1/3, wait 1/3 x 1 x 2 / (2 x 2 x 0.5) = 1/3 s', () => {
    expect(laneWaitSeconds(table, 1, 1, 2, 1)).toBeCloseTo(1 / 3, 4);
    expect(laneWaitSeconds(table, 1, 1, 2, 0)).toBeCloseTo(1 / 6, 4);
    expect(laneWaitSeconds(table, 2, 1, 2, 1)).toBe(Infinity);
  });

  test('3 lanes of 0.568 s launch 5.28 a second', () => {
    expect(launchCapacityPerSecond(0.568, 3)).toBeCloseTo(5.28, 2);
  });

  test('a burst of 100 on 3 lanes: last after 34 rounds, 19.3 s; 7 on 3: rounds 1 1 1 2 2 2 3, mean 12/7', () => {
    expect(burstLastSeconds(100, 0.568, 3)).toBeCloseTo(19.312, 10);
    expect(burstMeanSeconds(7, 1, 3)).toBeCloseTo(12 / 7, 12);
    expect(burstMeanSeconds(0, 1, 3)).toBe(0);
  });

  test('lanes of host 1 fill one after another and leave host 0 alone', () => {
    const free = new Float64Array(4);
    expect([0, 0, 0, 0, 5000].map((now) => startOnLane(free, 1, 2, now, 600))).toEqual([600, 600, 1200, 1200, 5600]);
    expect([...free]).toEqual([0, 0, 5600, 1200]);
  });
});
