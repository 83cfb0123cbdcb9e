/** Every predictor once more from plain lists of samples, while tasks come and go and the rings wrap. */
import { expect, test } from 'vitest';
import { pow } from '../base/exact-math.ts';
import { seededRandomSource, uniformBelow } from '../base/random-source.ts';
import { type AutopilotConfig, autopilot, createDecayedUsage, recordDecayedUsage } from './autopilot.ts';
import { averageUsage } from './average-usage.ts';
import { createTypeRatios, empiricalRatio, recordTypeRatios } from './empirical-ratio.ts';
import { gaussianPercentile } from './gaussian-percentile.ts';
import { admitTask, createMachineHistory, recordUsage, removeTask } from './machine-history.ts';
import type { MachinePeakPredictor } from './machine-peak.ts';
import { machinePercentile } from './machine-percentile.ts';
import { maxPredictor } from './max-predictor.ts';
import { nSigma } from './n-sigma.ts';
import { rcLike } from './rc-like.ts';
import { createTimeWindows, recordTimeWindows, timeWindow } from './time-window.ts';

const HOSTS = 4;
const ROWS = 16;
const WINDOW = 6;
const DAYS = 2;
const STEPS = 200;
const SAMPLE_MS = 1_800_000;
const DAY_MS = 86_400_000;
const WINDOW_MS = DAY_MS / 6;
const RECOMMENDATIONS = 3;
const WARM_UP = 4;

/** Half-life of one sample: rows that live for 64 samples have their weights brought back. */
const AUTOPILOT: AutopilotConfig = {
  halfLifeMs: SAMPLE_MS,
  percentile: 90,
  batchTypeMask: 0b10,
  marginPercent: 10,
  warmUpSamples: WARM_UP,
};

interface Sample {
  readonly timeMs: number;
  readonly used: number;
}

interface Task {
  readonly host: number;
  readonly limit: number;
  readonly type: number;
  readonly samples: Sample[];
  readonly recommended: number[];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function nearestRank(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil((percent * sorted.length) / 100)) - 1];
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

function variance(values: readonly number[]): number {
  const middle = mean(values);
  return values.length < 2 ? 0 : sum(values.map((value) => (value - middle) * (value - middle))) / (values.length - 1);
}

function lastUsed(task: Task): number[] {
  return task.samples.slice(-WINDOW).map(({ used }) => used);
}

/** Cold tasks at their limit, the others at what `peakOf` says, never above the limit. */
function taskwise(tasks: readonly Task[], peakOf: (task: Task) => number): number {
  return sum(tasks.map((task) => (isCold(task) ? task.limit : Math.min(task.limit, peakOf(task)))));
}

function isCold(task: Task): boolean {
  return task.samples.length < WARM_UP;
}

function hostwise(tasks: readonly Task[], share: number): number {
  const cold = sum(tasks.filter(isCold).map(({ limit }) => limit));
  const warm = sum(tasks.filter((task) => !isCold(task)).map(({ limit }) => limit));
  return cold + (warm === 0 ? 0 : Math.min(1, share) * warm);
}

/** Middle of the bucket of 1/50, upper edge of the bucket: what a histogram keeps of a share. */
function bucketOf({ used }: Sample, limit: number, buckets: number): number {
  return Math.min(buckets - 1, Math.max(0, Math.ceil((used * buckets) / limit) - 1));
}

function recommendedLimit(task: Task, nowMs: number): number {
  const weighted = task.samples.map((sample) => ({
    bucket: bucketOf(sample, task.limit, 50),
    weight: pow(2, -(nowMs - sample.timeMs) / AUTOPILOT.halfLifeMs),
  }));
  const total = sum(weighted.map(({ weight }) => weight));
  let share = sum(weighted.map(({ bucket, weight }) => (weight * (bucket + 0.5)) / 50)) / total;
  if (task.type !== 1) {
    // The smallest upper edge with at most a tenth of the weight above it.
    const edges = [...new Set(weighted.map(({ bucket }) => bucket))].sort((a, b) => a - b);
    const above = (edge: number): number =>
      sum(weighted.filter(({ bucket }) => bucket > edge).map(({ weight }) => weight));
    share = ((edges.find((edge) => above(edge) <= total * 0.1) ?? 49) + 1) / 50;
  }
  return Math.min(task.limit, share * 1.1 * task.limit);
}

function windowPeak(tasks: readonly Task[], window: number): number {
  return sum(
    tasks.map((task) => {
      const byDay = new Map<number, number>();
      for (const { timeMs, used } of task.samples) {
        if (Math.floor((timeMs % DAY_MS) / WINDOW_MS) !== window) continue;
        const day = Math.floor(timeMs / DAY_MS);
        byDay.set(day, Math.max(byDay.get(day) ?? 0, used));
      }
      const peaks = [...byDay.values()].slice(-DAYS);
      return peaks.length === 0 ? task.limit : Math.min(task.limit, nearestRank(peaks, 60));
    }),
  );
}

test('200 samples of 16 rows on 4 hosts: rings and plain lists predict the same peaks', () => {
  const random = seededRandomSource(41);
  const below = (bound: number): number => uniformBelow(random, bound);
  const history = createMachineHistory(HOSTS, ROWS, WINDOW, {
    typeRatios: createTypeRatios(2),
    timeWindows: createTimeWindows(ROWS, 6, DAYS),
    decayedUsage: createDecayedUsage(ROWS, 50, RECOMMENDATIONS),
  });
  const rows: (Task | null)[] = Array.from({ length: ROWS }, () => null);
  const hostShares: number[][] = Array.from({ length: HOSTS }, () => []);
  const typeBuckets: number[][] = [[], []];
  const wrong: string[] = [];
  let warmHosts = 0;
  for (let step = 0; step < STEPS; step++) {
    const timeMs = step * SAMPLE_MS;
    for (let row = 0; row < ROWS; row++) {
      const free = rows[row] === null;
      if (below(free ? 4 : 60) > 0) continue;
      if (!free) {
        removeTask(history, row);
        rows[row] = null;
        continue;
      }
      const task: Task = {
        host: below(HOSTS),
        limit: 1000 * (1 + below(8)),
        type: below(2),
        samples: [],
        recommended: [],
      };
      rows[row] = task;
      admitTask(history, row, task.host, task.limit, task.type);
    }
    const usage = new Float64Array(ROWS);
    rows.forEach((task, row) => {
      if (task === null) return;
      usage[row] = Math.floor((task.limit * below(100)) / 100);
      task.samples.push({ timeMs, used: usage[row] });
      task.recommended.push(recommendedLimit(task, timeMs));
      typeBuckets[task.type].push(bucketOf({ timeMs, used: usage[row] }, task.limit, 100));
    });
    const residents = hostShares.map((_, host) => rows.filter((task): task is Task => task?.host === host));
    residents.forEach((tasks, host) => {
      const used = sum(tasks.map(({ samples }) => samples.at(-1)?.used ?? 0));
      if (tasks.length > 0) hostShares[host].push(used / sum(tasks.map(({ limit }) => limit)));
    });
    recordDecayedUsage(history, timeMs, AUTOPILOT, usage);
    recordTypeRatios(history, usage);
    recordTimeWindows(history, timeMs, timeMs % WINDOW_MS === 0, usage);
    recordUsage(history, usage);

    const shares = hostShares.map((all) => all.slice(-WINDOW));
    const same = <C>(
      predictor: MachinePeakPredictor<C>,
      config: C,
      peakOf: (tasks: Task[], host: number) => number,
    ): void => {
      const out = new Float64Array(HOSTS);
      predictor.predict(HOSTS, history, config, out);
      residents.forEach((tasks, host) => {
        const wanted = tasks.length === 0 ? 0 : peakOf(tasks, host);
        if (Math.abs(out[host] - wanted) > 0.005)
          wrong.push(`${predictor.name}, step ${step}, host ${host}: ${out[host]}, not ${wanted}`);
      });
    };
    const percentile = { percentile: 80, warmUpSamples: WARM_UP };
    const sigma = { sigmas: 1.5, warmUpSamples: WARM_UP };
    const perTask = (tasks: readonly Task[]): number => taskwise(tasks, (task) => nearestRank(lastUsed(task), 80));
    const perSigma = (tasks: readonly Task[], host: number): number =>
      hostwise(tasks, mean(shares[host]) + 1.5 * Math.sqrt(variance(shares[host])));
    same(rcLike, percentile, perTask);
    same(machinePercentile, percentile, (tasks, host) => hostwise(tasks, nearestRank(shares[host], 80)));
    same(nSigma, sigma, perSigma);
    same(maxPredictor, { nSigma: sigma, rcLike: percentile }, (tasks, host) =>
      Math.max(perTask(tasks), perSigma(tasks, host)),
    );
    same(averageUsage, { warmUpSamples: WARM_UP }, (tasks) => taskwise(tasks, (task) => mean(lastUsed(task))));
    // z of 0.975 is 1.959964.
    same(gaussianPercentile, { confidence: 0.975, warmUpSamples: WARM_UP }, (tasks) => {
      const warm = tasks.filter((task) => !isCold(task)).map(lastUsed);
      const spread = 1.9599639845 * Math.sqrt(sum(warm.map(variance)));
      return Math.min(sum(tasks.map(({ limit }) => limit)), taskwise(tasks, (task) => mean(lastUsed(task))) + spread);
    });
    same(empiricalRatio, { percentile: 70, warmUpSamples: WARM_UP, minTypeSamples: 20 }, (tasks) =>
      taskwise(tasks, ({ limit, type }) =>
        typeBuckets[type].length < 20 ? limit : ((nearestRank(typeBuckets[type], 70) + 1) / 100) * limit,
      ),
    );
    same(timeWindow, { percentile: 60 }, (tasks) =>
      Math.max(...[0, 1, 2, 3, 4, 5].map((window) => windowPeak(tasks, window))),
    );
    same(autopilot, AUTOPILOT, (tasks) =>
      taskwise(tasks, ({ recommended }) => Math.max(...recommended.slice(-RECOMMENDATIONS))),
    );
    warmHosts += residents.filter((tasks) => tasks.some((task) => task.samples.length > WINDOW)).length;
  }
  expect(wrong).toEqual([]);
  // The rings did wrap: most hosts most of the time.
  expect(warmHosts).toBeGreaterThan(STEPS * HOSTS * 0.8);
});
