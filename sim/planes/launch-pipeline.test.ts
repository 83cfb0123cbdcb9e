import { describe, expect, test } from 'vitest';
import { createPipeline, launchDelayMs, noteImage } from './launch-pipeline.ts';

const PLAN = { lanes: 2, createMs: 500, startMs: 1_000, imageMb: 0, nicMbPerSecond: 100, registryMbPerSecond: 200 };

describe('the launch pipeline', () => {
  test('five launches at once on two lanes of 500 ms run after 1.5, 1.5, 2, 2 and 2.5 s', () => {
    // Two at a time: created at 500, 500, 1000, 1000, 1500 ms; the application takes 1 s more.
    const pipeline = createPipeline(PLAN, 3, 1);
    const delays = [1, 2, 3, 4, 5].map(() => launchDelayMs(pipeline, PLAN, 1, 0, 0));
    expect(delays).toEqual([1_500, 1_500, 2_000, 2_000, 2_500]);
    // Another host has lanes of its own, and lanes are free again later.
    expect(launchDelayMs(pipeline, PLAN, 2, 0, 0)).toBe(1_500);
    expect(launchDelayMs(pipeline, PLAN, 1, 0, 60_000)).toBe(1_500);
  });

  test('an image of 300 MB at 100 MB/s is pulled once a host: 3 s before the first launch, none before the next', () => {
    const plan = { ...PLAN, imageMb: 300 };
    const pipeline = createPipeline(plan, 1, 2);
    expect(launchDelayMs(pipeline, plan, 0, 1, 0)).toBe(4_500);
    // A second launch while the pull is under way waits for it too.
    expect(launchDelayMs(pipeline, plan, 0, 1, 1_000)).toBe(3_500);
    expect(launchDelayMs(pipeline, plan, 0, 1, 10_000)).toBe(1_500);
    // What ran from the start has its image.
    noteImage(pipeline, 0, 0);
    expect(launchDelayMs(pipeline, plan, 0, 0, 20_000)).toBe(1_500);
  });

  test('the fourth host that pulls at once shares a registry of 200 MB/s: 4 x 300 / 200 = 6 s', () => {
    const plan = { ...PLAN, imageMb: 300 };
    const pipeline = createPipeline(plan, 4, 1);
    // 300 / 100 = 3 s alone and for two (2 x 300 / 200), 4.5 s for three, 6 s for four; then 1.5 s to create and start.
    expect([0, 1, 2, 3].map((host) => launchDelayMs(pipeline, plan, host, 0, 0))).toEqual([4_500, 4_500, 6_000, 7_500]);
  });

  test('from peers 300 MB at 100 MB/s take 1.5 x 3 s on every host, however many pull at once', () => {
    const plan = { ...PLAN, imageMb: 300, peerPullFactor: 1.5 };
    const pipeline = createPipeline(plan, 8, 1);
    const delays = [0, 1, 2, 3, 4, 5, 6, 7].map((host) => launchDelayMs(pipeline, plan, host, 0, 0));
    expect(delays).toEqual(new Array<number>(8).fill(6_000));
  });
});
