import { describe, expect, test } from 'vitest';
import { autopilot, createDecayedUsage, recordDecayedUsage } from './autopilot.ts';
import { averageUsage } from './average-usage.ts';
import { createTypeRatios, empiricalRatio, recordTypeRatios } from './empirical-ratio.ts';
import { borgDefault, limitSum } from './fixed-ratio.ts';
import { gaussianPercentile } from './gaussian-percentile.ts';
import { admitTask, createMachineHistory, type MachineHistory, recordUsage } from './machine-history.ts';
import { type MachinePeakPredictor, sellableMilliCpu } from './machine-peak.ts';
import { machinePercentile } from './machine-percentile.ts';
import { maxPredictor } from './max-predictor.ts';
import { nSigma } from './n-sigma.ts';
import { peakOracle } from './peak-oracle.ts';
import { historicalMax, rcLike } from './rc-like.ts';
import { createTimeWindows, recordTimeWindows, timeWindow } from './time-window.ts';

const SAMPLE_MS = 300_000;
const WINDOW = 24;

/** Laws that a formula breaks on purpose are switched off next to it. */
const PREDICTORS: readonly { predictor: MachinePeakPredictor<unknown>; coldIsLimit: boolean }[] = [
  { predictor: limitSum as MachinePeakPredictor<unknown>, coldIsLimit: true },
  { predictor: borgDefault as MachinePeakPredictor<unknown>, coldIsLimit: false },
  { predictor: rcLike as MachinePeakPredictor<unknown>, coldIsLimit: true },
  { predictor: historicalMax as MachinePeakPredictor<unknown>, coldIsLimit: true },
  { predictor: machinePercentile as MachinePeakPredictor<unknown>, coldIsLimit: true },
  { predictor: nSigma as MachinePeakPredictor<unknown>, coldIsLimit: true },
  { predictor: maxPredictor as MachinePeakPredictor<unknown>, coldIsLimit: true },
  { predictor: gaussianPercentile as MachinePeakPredictor<unknown>, coldIsLimit: true },
  { predictor: averageUsage as MachinePeakPredictor<unknown>, coldIsLimit: true },
  { predictor: empiricalRatio as MachinePeakPredictor<unknown>, coldIsLimit: true },
  { predictor: timeWindow as MachinePeakPredictor<unknown>, coldIsLimit: true },
  { predictor: autopilot as MachinePeakPredictor<unknown>, coldIsLimit: true },
  { predictor: peakOracle as MachinePeakPredictor<unknown>, coldIsLimit: false },
];

/** Deterministic noise: an integer in 0..mod-1 from two counters. */
function noise(a: number, b: number, mod: number): number {
  let x = Math.imul(a * 31 + b + 1, 0x9e3779b1) >>> 0;
  x = Math.imul(x ^ (x >>> 15), 0x85ebca77) >>> 0;
  return ((x ^ (x >>> 13)) >>> 0) % mod;
}

interface World {
  readonly history: MachineHistory;
  readonly limits: Float64Array;
  readonly hosts: number;
}

/** `hosts` hosts with four tasks each, `samples` samples of usage at most `scale` times nine tenths of the limit. */
function world(hosts: number, samples: number, scale: number, onlyHost = -1): World {
  const tasks = hosts * 4;
  const horizonSamples = 12;
  const future = new Float32Array(tasks * horizonSamples);
  const history = createMachineHistory(hosts, tasks, WINDOW, {
    typeRatios: createTypeRatios(2),
    timeWindows: createTimeWindows(tasks),
    decayedUsage: createDecayedUsage(tasks),
    future: { horizonSamples, usageMilliCpu: future },
  });
  const limits = new Float64Array(hosts);
  for (let task = 0; task < tasks; task++) {
    const host = task % hosts;
    if (onlyHost >= 0 && host !== onlyHost) continue;
    const limit = 1000 * (1 + noise(task, 3, 8));
    limits[host] += limit;
    admitTask(history, task, host, limit, task % 2);
  }
  const limitOf = (task: number): number => history.taskLimitMilliCpu[task];
  const used = (task: number, sample: number): number =>
    Math.floor((scale * limitOf(task) * noise(task, sample, 91)) / 100);
  const usage = new Float64Array(tasks);
  for (let sample = 0; sample < samples; sample++) {
    for (let task = 0; task < tasks; task++) usage[task] = used(task, sample);
    recordDecayedUsage(history, sample * SAMPLE_MS, autopilot.defaults, usage);
    if (onlyHost < 0) recordTypeRatios(history, usage);
    recordTimeWindows(history, sample * SAMPLE_MS, (sample * SAMPLE_MS) % (4 * 3_600_000) === 0, usage);
    recordUsage(history, usage);
  }
  for (let task = 0; task < tasks; task++)
    for (let s = 0; s < horizonSamples; s++) future[task * horizonSamples + s] = used(task, samples + s);
  return { history, limits, hosts };
}

function predict(predictor: MachinePeakPredictor<unknown>, { history, hosts }: World): Float64Array {
  const out = new Float64Array(hosts).fill(Number.NaN);
  predictor.predict(hosts, history, predictor.defaults, out);
  return out;
}

describe.each(PREDICTORS.map((entry) => [entry.predictor.name, entry] as const))('%s', (_name, entry) => {
  const { predictor, coldIsLimit } = entry;

  test.each([0, 5, 24, 60])('after %i samples P lies between 0 and the sum of limits', (samples) => {
    const w = world(5, samples, 1);
    const peak = predict(predictor, w);
    for (let host = 0; host < w.hosts; host++) {
      expect(peak[host]).toBeGreaterThanOrEqual(0);
      expect(peak[host]).toBeLessThanOrEqual(w.limits[host] * (1 + 1e-12));
    }
  });

  test('half of all usage never predicts a higher peak', () => {
    const [half, whole] = [predict(predictor, world(5, 40, 0.5)), predict(predictor, world(5, 40, 1))];
    for (let host = 0; host < 5; host++) expect(half[host]).toBeLessThanOrEqual(whole[host] + 1e-9);
  });

  // A rule without this law has no such test: nothing is skipped.
  if (coldIsLimit)
    test('without a single sample P is the sum of limits', () => {
      const w = world(5, 0, 1);
      expect([...predict(predictor, w)]).toEqual([...w.limits]);
    });

  test('one host alone gets the P that it has among five', () => {
    const among = world(5, 40, 1);
    const alone = world(5, 40, 1, 3);
    // What the cluster taught about types is the same in both worlds.
    alone.history.typeRatios?.counts.set(among.history.typeRatios?.counts ?? []);
    expect(predict(predictor, alone)[3]).toBe(predict(predictor, among)[3]);
  });

  test('a second call gives the same bits', () => {
    const w = world(5, 40, 1);
    expect([...predict(predictor, w)]).toEqual([...predict(predictor, w)]);
  });

  test('only the first `count` hosts are written', () => {
    const w = world(5, 40, 1);
    const out = new Float64Array(5).fill(-7);
    predictor.predict(2, w.history, predictor.defaults, out);
    const all = predict(predictor, w);
    expect([...out]).toEqual([all[0], all[1], -7, -7, -7]);
  });
});

test('a machine of 64 000m with a peak of 51 200.5m has 12 799m to sell, and one that is over its peak none', () => {
  const out = new Float64Array(2);
  // 64000 - 51200.5 = 12799.5, rounded down; 1000 - 1200 is negative.
  sellableMilliCpu(2, Float64Array.of(64_000, 1_000), Float64Array.of(51_200.5, 1_200), out);
  expect([...out]).toEqual([12_799, 0]);
});
