import { describe, expect, test } from 'vitest';
import { exp } from '../policies/base/exact-math.ts';
import {
  analyticsScale,
  type BatchConfig,
  type BatchPopulationConfig,
  coreHoursPerWeek,
  durationLaw,
  LONGEST_TASK_MS,
  meanDurationMs,
} from './batch-config.ts';
import { type BatchChunk, createBatchChunk } from './format.ts';
import { createBatchSource, describeBatchSource } from './generate-batch.ts';

const GIB = 1024 ** 3;
const HOUR_MS = 3_600_000;
const nightly = Array.from({ length: 24 }, (_, hour) => (hour < 8 ? 1.9 : 0.55));

const transcode: BatchPopulationConfig = {
  name: 'transcode',
  kind: 'transcode',
  pressureClass: 'transcode',
  priority: 5500,
  taskShare: 0.6,
  lifeLogMean: 5.6,
  lifeLogSigma: 1.5,
  coresChoices: [2, 4, 8],
  coresWeights: [0.5, 0.25, 0.25],
  memGibPerCore: 2,
  usageOverRequest: 0.8,
  arrivalByHour: nightly,
  deadlineMs: 0,
};
const analytics: BatchPopulationConfig = {
  ...transcode,
  name: 'analytics',
  kind: 'analytics',
  pressureClass: 'spark',
  priority: 5100,
  taskShare: 0.4,
  coresChoices: [4],
  coresWeights: [1],
  deadlineMs: 12 * HOUR_MS,
};
const config: BatchConfig = {
  tasksPerWeek: 300_000,
  offeredPercent: 30,
  clusterCoreHoursPerWeek: 200 * 64 * 168,
  horizonMs: 168 * HOUR_MS,
  startDay: 0,
  populations: [transcode, analytics],
};

/** Every hour of a run, each row as one object. */
function readAll(source: ReturnType<typeof createBatchSource>): BatchChunk {
  const all = createBatchChunk(400_000);
  const chunk = createBatchChunk(1);
  for (let hour = 0; hour < source.firstJobOfHour.length - 1; hour++) {
    source.fillHour(hour, chunk);
    for (const key of Object.keys(chunk) as (keyof BatchChunk)[]) {
      const column = chunk[key];
      const target = all[key];
      if (typeof column === 'number' || typeof target === 'number') continue;
      target.set(column.subarray(0, chunk.count), all.count);
    }
    all.count += chunk.count;
  }
  return all;
}

const source = createBatchSource(config, 'week');
const week = readAll(source);

describe('a week of 300 000 tasks', () => {
  test('holds exactly 300 000 tasks, 180 000 of them transcoding', () => {
    expect(week.count).toBe(300_000);
    expect(week.population.subarray(0, week.count).filter((value) => value === 0).length).toBe(180_000);
  });

  test('is ordered by time, job and stage; jobs count from 0 without gaps; stages of a job start at 0 without gaps', () => {
    expect(week.job[0]).toBe(0);
    let broken = 0;
    for (let row = 1; row < week.count; row++) {
      const step = week.job[row] - week.job[row - 1];
      const climb = week.stage[row] - week.stage[row - 1];
      const later = week.submitMs[row] - week.submitMs[row - 1];
      const sameJob = step === 0 && later === 0 && (climb === 0 || climb === 1);
      const nextJob = step === 1 && later >= 0 && week.stage[row] === 0;
      if (!sameJob && !nextJob) broken += 1;
    }
    expect(broken).toBe(0);
    expect(week.job[week.count - 1] + 1).toBe(source.firstJobOfHour[168]);
  });

  test('brings 1.9 / .55 times as many tasks in an hour before 8 as in one after', () => {
    let night = 0;
    for (let row = 0; row < week.count; row++) if (week.submitMs[row] % (24 * HOUR_MS) < 8 * HOUR_MS) night += 1;
    // 8 x 1.9 / (8 x 1.9 + 16 x .55) = 15.2 / 24 of the tasks; five standard errors are 0.0044 for lone tasks.
    expect(Math.abs(night / week.count - 15.2 / 24)).toBeLessThan(0.0044);
  });

  test('offers 30 % of the cluster within 1.5 points, as solved in closed form', () => {
    let milliMs = 0;
    for (let row = 0; row < week.count; row++) milliMs += week.requestMilliCpu[row] * week.durationMs[row];
    // 120 000 analytics durations capped at a day have a coefficient of variation near 2.5: 0.7 % of 27 points, times 5.
    expect(Math.abs((100 * milliMs) / 1000 / HOUR_MS / config.clusterCoreHoursPerWeek - 30)).toBeLessThan(1.5);
  });

  test('transcoding lives follow lognormal(5.6, 1.5) seconds: median 270 s, mean 833 s', () => {
    const lives = week.durationMs
      .subarray(0, week.count)
      .filter((_, row) => week.population[row] === 0)
      .sort();
    // Standard errors with 180 000: median 1.25 x 1.5 x 270 / 424 = 1.2 s, mean 833 x 2.9 / 424 = 5.7 s. The cap takes 2.7 s.
    expect(Math.abs(lives[90_000] / 1000 - exp(5.6))).toBeLessThan(6);
    expect(Math.abs(lives.reduce((a, b) => a + b, 0) / 180_000_000 - exp(5.6 + 1.125))).toBeLessThan(29);
  });

  test('demand is 64 to 96 % of the request, memory use 50 to 90 %, with means 80 and 70 %', () => {
    let demand = 0;
    let memory = 0;
    for (let row = 0; row < week.count; row++) {
      const share = week.demandMilliCpu[row] / week.requestMilliCpu[row];
      const used = week.usedMemBytes[row] / week.requestMemBytes[row];
      if (share < 0.6395 || share > 0.9605 || used < 0.4999 || used > 0.9001)
        expect({ row, share, used }).toBe('in range');
      demand += share / week.count;
      memory += used / week.count;
    }
    expect(Math.abs(demand - 0.8)).toBeLessThan(0.001);
    expect(Math.abs(memory - 0.7)).toBeLessThan(0.0012);
  });

  test('half of the transcoders ask for 2 cores and 4 GiB; all analytics containers for 4 cores and 8 GiB', () => {
    let two = 0;
    let broken = 0;
    for (let row = 0; row < week.count; row++) {
      if (week.requestMemBytes[row] !== (week.requestMilliCpu[row] / 1000) * 2 * GIB) broken += 1;
      if (week.population[row] === 1 && week.requestMilliCpu[row] !== 4_000) broken += 1;
      if (week.population[row] === 0 && week.requestMilliCpu[row] === 2_000) two += 1;
    }
    expect(broken).toBe(0);
    expect(Math.abs(two / 180_000 - 0.5)).toBeLessThan(0.006);
  });

  test('deadlines are 12 h after submission for analytics and none for transcoding', () => {
    for (let row = 0; row < week.count; row += 11)
      expect(week.deadlineMs[row]).toBe(week.population[row] === 1 ? week.submitMs[row] + 12 * HOUR_MS : Infinity);
  });

  test('38 % of analytics jobs have one task; jobs of one container are shorter than a stage; the longest path passes 10', () => {
    const stages = new Map<number, number>();
    for (let row = 0; row < week.count; row++)
      if (week.population[row] === 1)
        stages.set(week.job[row], Math.max(stages.get(week.job[row]) ?? 0, week.stage[row]));
    const single = [...stages.values()].filter((last) => last === 0).length / stages.size;
    // One stage: the 38.3 % of jobs with one task and the 13 429 of 583 168 jobs of two tasks (20.4 %) side by side, and so on.
    expect(single).toBeGreaterThan(0.38);
    expect(single).toBeLessThan(0.41);
    expect(Math.max(...stages.values())).toBeGreaterThan(10);
  });
});

test('an hour asked for alone, twice or out of order is the same hour', () => {
  const other = createBatchSource(config, 'week');
  const chunk = createBatchChunk(1);
  other.fillHour(100, chunk);
  other.fillHour(3, chunk);
  const start = week.submitMs.findIndex((ms) => ms >= 3 * HOUR_MS);
  expect(chunk.count).toBeGreaterThan(1_000);
  expect(chunk.durationMs.slice(0, chunk.count)).toEqual(week.durationMs.slice(start, start + chunk.count));
  expect(chunk.job.slice(0, chunk.count)).toEqual(week.job.slice(start, start + chunk.count));
});

test('adding a second population leaves every draw of the first as it was', () => {
  const alone = { ...config, tasksPerWeek: 180_000, offeredPercent: 0, populations: [{ ...transcode, taskShare: 1 }] };
  const lone = readAll(createBatchSource(alone, 'week'));
  const shared = week.durationMs.subarray(0, week.count).filter((_, row) => week.population[row] === 0);
  expect(lone.durationMs.slice(0, 180_000)).toEqual(shared);
});

test('a horizon of nine days has the whole first week and two days of the next', () => {
  const nine = createBatchSource({ ...config, horizonMs: 216 * HOUR_MS }, 'week');
  expect(nine.firstJobOfHour.length).toBe(217);
  expect(nine.firstJobOfHour.slice(0, 169)).toEqual(source.firstJobOfHour);
});

test('starting on day .25 moves the night: hours 0 and 1 of the run are 6 and 7 of the clock', () => {
  const moved = createBatchSource({ ...config, startDay: 0.25 }, 'week');
  const tasks = [0, 1, 2].map((hour) => {
    const chunk = createBatchChunk(1);
    moved.fillHour(hour, chunk);
    return chunk.count;
  });
  // 300 000 / 168 x 1.9 = 3 393 tasks in a night hour, 982 in a day hour; sd 58 and 31.
  expect(Math.abs(tasks[0] - 3_393)).toBeLessThan(300);
  expect(Math.abs(tasks[1] - 3_393)).toBeLessThan(300);
  expect(Math.abs(tasks[2] - 982)).toBeLessThan(160);
});

test('1 000 tasks a week are exactly 1 000, and none is none', () => {
  expect(readAll(createBatchSource({ ...config, tasksPerWeek: 1_000, offeredPercent: 0 }, 's')).count).toBe(1_000);
  const none = createBatchSource({ ...config, tasksPerWeek: 0, populations: [] }, 's');
  expect(readAll(none).count).toBe(0);
});

describe('closed forms', () => {
  test('a lognormal of mean 833.0 s has mean 830.3 s under the cap of a day', () => {
    const law = durationLaw(transcode, 1);
    // z = (ln 86 400 - 5.6) / 1.5 = 3.8445; P(Z > 2.3445) = .009526 and P(Z > 3.8445) = 6.04e-5:
    // 832.97 (1 - .009526) + 86 400 x 6.04e-5 = 825.04 + 5.22 = 830.26
    expect(meanDurationMs(law) / 1000).toBeCloseTo(830.26, 1);
    expect(exp(law.logMean[0] + 1.125)).toBeGreaterThan(meanDurationMs(law));
  });

  test('the scale gives the offered core-hours to nine digits', () => {
    const scale = analyticsScale(config);
    const hours = coreHoursPerWeek(transcode, 180_000, scale) + coreHoursPerWeek(analytics, 120_000, scale);
    expect(hours / (0.3 * config.clusterCoreHoursPerWeek)).toBeCloseTo(1, 9);
  });

  test('without an offered percent the fitted durations stay: mean 48.4 s, as measured 49.0', () => {
    // .5116 e^(1.0013 + .8436^2/2) + .4884 e^(3.3475 + 1.5539^2/2) = .5116 x 3.885 + .4884 x 95.09
    expect(analyticsScale({ ...config, offeredPercent: 0 })).toBe(1);
    expect(meanDurationMs(durationLaw(analytics, 1)) / 1000).toBeCloseTo(48.43, 1);
  });

  test('an offer below what transcoding alone asks for is refused with both bounds', () => {
    // 180 000 x 4 cores x 830.26 s = 166 052 of 2 150 400 core-hours = 7.7 %; 120 000 x 4 x 24 h more = 543 %.
    expect(() => createBatchSource({ ...config, offeredPercent: 1 }, 's')).toThrow(/between 7\.7 and 543\.4 %/);
  });

  test('the description names scale, offer and cap', () => {
    const text = describeBatchSource(config).join(' ');
    expect(text).toContain('180,000 tasks a week of');
    expect(text).toContain('Expected offer: 30.00 % of the core-hours of the cluster.');
    expect(text).toContain(`the fitted ones times ${analyticsScale(config).toPrecision(4)}`);
    expect(text).toContain(`No task is longer than ${LONGEST_TASK_MS / HOUR_MS} h`);
  });
});

test('a population without 24 hours of arrival weights is refused by name', () => {
  const broken = { ...config, populations: [transcode, { ...analytics, arrivalByHour: [1, 2] }] };
  expect(() => createBatchSource(broken, 's')).toThrow(/population analytics needs 24 arrival weights/);
});
