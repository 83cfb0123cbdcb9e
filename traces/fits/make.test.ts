import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { exp, normalUpperTail } from '../../policies/base/exact-math.ts';
import { sampleNormal } from '../samplers.ts';
import { createStream } from '../streams.ts';
import { compressHistogram, cumulativeRow, fitLognormal, fitLognormalPair, type Histogram } from './fit-batch.ts';
import { fitUsage } from './fit-online.ts';
import { quantiles, seriesStatistics, solveNoise } from './fit-series.ts';
import { formatFit, makeFits } from './make.ts';

const folder = process.env.TIDEMARK_DATA ?? '';
if (folder === '')
  console.log(
    'skipped: fits made again from the public data. Set TIDEMARK_DATA to a folder laid out as traces/fits/SOURCES.md says.',
  );

test.skipIf(folder === '')('the public data gives every committed fit again, byte for byte', async () => {
  const made = await makeFits(folder);
  expect(Object.keys(made).toSorted()).toEqual(['alibaba-2018-batch.json', 'hour-of-day.json', 'online.json']);
  for (const [name, fit] of Object.entries(made))
    expect(`${formatFit(fit)}\n`).toBe(readFileSync(new URL(name, import.meta.url), 'utf8'));
});

test('committed batch fits lie within KS .001 of the data and keep its mean within 1 %', () => {
  const fit = JSON.parse(readFileSync(new URL('alibaba-2018-batch.json', import.meta.url), 'utf8'));
  for (const one of [fit.tasksPerJob, fit.instancesPerTask]) {
    expect(one.ks).toBeLessThan(0.001);
    expect(Math.abs(one.fittedMean / one.mean - 1)).toBeLessThan(0.01);
  }
});

describe('series statistics', () => {
  test('a day of hours 1, 2, 1, 2, ... repeated has p/t 2, all variance explained and no residual', () => {
    const values = Float64Array.from({ length: 288 * 4 }, (_, slot) => 1 + (Math.floor(slot / 12) % 2));
    const statistics = seriesStatistics(values);
    expect(statistics.mean).toBeCloseTo(1.5, 12);
    expect(statistics.peakToTrough).toBeCloseTo(2, 12);
    expect(statistics.explainedShare).toBeCloseTo(1, 12);
    expect(statistics.residualCv).toBeCloseTo(0, 12);
  });

  test('white noise plus AR(1) with s .6, tau 50 min and CV .2 is found again: s within 10, tau within 15 %', () => {
    const stream = createStream('fit', 'series');
    const keep = exp(-5 / 50);
    const arSd = 0.2 * Math.sqrt(0.6);
    let ar = 0;
    const values = Float64Array.from({ length: 288 * 365 }, () => {
      ar = keep * ar + sampleNormal(stream, 0, arSd * Math.sqrt(1 - keep * keep));
      return 1 + ar + sampleNormal(stream, 0, 0.2 * Math.sqrt(0.4));
    });
    const statistics = seriesStatistics(values);
    const noise = solveNoise(statistics.r5, statistics.r60);
    // Taking out the day's level removes the slow part of the AR(1), about 2 tau / day = 7 % of its variance.
    expect(Math.abs((noise?.arShare ?? 0) / 0.6 - 1)).toBeLessThan(0.1);
    expect(Math.abs((noise?.tauMinutes ?? 0) / 50 - 1)).toBeLessThan(0.15);
    expect(Math.abs(statistics.residualCv / 0.2 - 1)).toBeLessThan(0.03);
  });

  test('r5 .65 and r60 .17 solve to tau 41.0 min and s .734', () => {
    // 55 / ln(.65/.17) = 55 / 1.3412 = 41.01; .65 e^(5/41.01) = .7343
    const noise = solveNoise(0.65, 0.17);
    expect(noise?.tauMinutes).toBeCloseTo(41.01, 2);
    expect(noise?.arShare).toBeCloseTo(0.7343, 4);
    expect(solveNoise(0.2, 0.25)).toBeNull();
  });

  test('a gap is left out of the mean and of the pairs', () => {
    const values = new Float64Array(288 * 2).fill(3);
    values[5] = Number.NaN;
    expect(seriesStatistics(values).mean).toBe(3);
  });

  test('the median of 1, 2, 4 and 8 is 3, their lower quartile 1.75', () => {
    expect(quantiles([8, 1, 4, 2], [0.25, 0.5], 2)).toEqual([1.75, 3]);
  });
});

describe('batch fits', () => {
  test('a straight stretch of shares keeps only its ends', () => {
    const even: Histogram = Array.from({ length: 100 }, (_, index) => [index + 1, 7]);
    const fit = compressHistogram(even);
    expect(fit.values).toEqual([100]);
    expect(fit.cumulative).toEqual([1]);
    expect(fit.mean).toBe(50.5);
    expect(fit.fittedMean).toBe(50.5);
    expect(fit.ks).toBe(0);
  });

  test('values 1 and 10 with counts 3 and 1 need the corner at 9', () => {
    // Between 1 and 10 a line would put shares where the data has none: F(9) is .75 while the line has .972.
    expect(
      compressHistogram([
        [1, 3],
        [9, 0],
        [10, 1],
      ]),
    ).toMatchObject({ values: [1, 9, 10], cumulative: [0.75, 0.75, 1] });
  });

  test('e and e^3 in equal number have log mean 2 and log sd 1; zeros are counted apart', () => {
    const fit = fitLognormal([
      [0, 2],
      [exp(1), 4],
      [exp(3), 4],
    ]);
    expect(fit.zeroShare).toBe(0.2);
    expect(fit.logMean).toBe(2);
    expect(fit.logSigma).toBe(1);
    // P(Z <= -1) = .1587 against 0 before and .5 after the first value: the largest distance is .3413.
    expect(fit.ks).toBe(0.3413);
  });

  test('two lognormals (0, .5) and (4, 1) mixed 1 : 3 are found again within 3 %', () => {
    const histogram: [number, number][] = [];
    // Counts from the distribution function over cells of 2 % in the logarithm, from e^-3 to e^9.
    const below = (x: number) => 0.25 * normalUpperTail(-x / 0.5) + 0.75 * normalUpperTail(4 - x);
    for (let x = -3; x < 9; x += 0.02) histogram.push([exp(x + 0.01), 1e6 * (below(x + 0.02) - below(x))]);
    const fit = fitLognormalPair(histogram);
    expect(Math.abs(fit.share[0] - 0.25)).toBeLessThan(0.0075);
    expect(Math.abs(fit.logMean[0])).toBeLessThan(0.03);
    expect(Math.abs(fit.logMean[1] / 4 - 1)).toBeLessThan(0.03);
    expect(Math.abs(fit.logSigma[0] / 0.5 - 1)).toBeLessThan(0.03);
    expect(Math.abs(fit.logSigma[1] - 1)).toBeLessThan(0.03);
    expect(fit.ks).toBeLessThan(0.01);
  });

  test('the committed pair lies nearer to the task durations than one lognormal: .041 against .072 between seconds', () => {
    const fit = JSON.parse(readFileSync(new URL('alibaba-2018-batch.json', import.meta.url), 'utf8'));
    expect(fit.taskSecondsPair.ksBetweenSeconds).toBeLessThan(0.042);
    expect(fit.taskSeconds.ksBetweenSeconds).toBeGreaterThan(0.07);
    expect(Math.abs(fit.taskSecondsPair.fittedMean / fit.taskSeconds.mean - 1)).toBeLessThan(0.02);
  });

  test('counts 1, 0, 3 of the values 1, 2, 3 accumulate to .25, .25, 1', () => {
    expect(
      cumulativeRow([
        [1, 1],
        [3, 3],
      ]),
    ).toEqual([0.25, 0.25, 1]);
  });
});

test('use of e^1 and e^3 percent has log mean 2; one of two is below 10 %', () => {
  const fit = fitUsage([exp(1), exp(3)]);
  expect(fit.logMean).toBe(2);
  expect(fit.shareBelow10).toBe(0.5);
});
