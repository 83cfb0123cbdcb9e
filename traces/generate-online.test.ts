import { describe, expect, test } from 'vitest';
import { exp } from '../policies/base/exact-math.ts';
import { hourMeans, peakToTrough } from './day-shape.ts';
import type { OnlineServices } from './format.ts';
import { expectedUsagePercent, generateOnlineServices, type OnlineConfig } from './generate-online.ts';

const GIB = 1024 ** 3;

/** 2 000 hosts of 96 cores and 384 GiB. */
const config: OnlineConfig = {
  services: 300,
  pods: 24_000,
  clusterMilliCpu: 2_000 * 96_000,
  clusterMemBytes: 2_000 * 384 * GIB,
  cpuRequestPercent: 60,
  memRequestPercent: 55,
  maxRequestMilliCpu: 48_000,
  maxRequestMemBytes: 192 * GIB,
  limitOverRequest: 2,
  startDay: 0,
  loadFactor: 1,
};

/** Cluster use per slot of the week in milli-CPU, noise left out (its mean is 0). */
function aggregate(services: OnlineServices): Float64Array {
  const sum = new Float64Array(services.slotCount);
  for (let row = 0; row < services.count; row++) {
    const milli = services.replicas[row] * services.requestMilliCpu[row];
    for (let slot = 0; slot < services.slotCount; slot++)
      sum[slot] += milli * services.baseRatio[row * services.slotCount + slot];
  }
  return sum;
}

function total(services: OnlineServices, column: Float64Array): number {
  let sum = 0;
  for (let row = 0; row < services.count; row++) sum += services.replicas[row] * column[row];
  return sum;
}

function meanDay(week: Float64Array, firstDay: number, days: number): Float64Array {
  const day = new Float64Array(288);
  for (let slot = firstDay * 288; slot < (firstDay + days) * 288; slot++) day[slot % 288] += week[slot] / days;
  return day;
}

describe('totals hold whatever the seed', () => {
  for (const seed of ['a', 'b', 'c']) {
    const services = generateOnlineServices(config, seed);
    test(`seed ${seed}: 300 services hold exactly 24 000 replicas, at least one each, the largest above 5 %`, () => {
      expect(services.replicas.reduce((sum, value) => sum + value, 0)).toBe(24_000);
      expect(Math.min(...services.replicas)).toBeGreaterThanOrEqual(1);
      // Pareto quantiles ((i + .5)/300)^(-2/3), i = 0..299, start at 600^(2/3) = 71.14 and sum, by the Hurwitz zeta function,
      // to 300^(2/3) (3 x 300^(1/3) + (2^(2/3) - 1) zeta(2/3)) = 44.814 (20.083 - 1.438) = 835.6;
      // 23 700 spare replicas x 71.14 / 835.6 = 2 017.7, rounded up, and the one that each service has.
      expect(Math.max(...services.replicas)).toBe(2_019);
    });
    test(`seed ${seed}: requests are multiples of 10 milli and add up to 60 % of 192 000 cores`, () => {
      for (const milli of services.requestMilliCpu) expect(milli % 10).toBe(0);
      const smallest = Math.min(...services.replicas);
      expect(Math.abs(total(services, services.requestMilliCpu) - 115_200_000)).toBeLessThan(10 * smallest);
    });
    test(`seed ${seed}: memory adds up to 55 % within 0.5 MiB a replica`, () => {
      const target = 2_000 * 384 * GIB * 0.55;
      expect(Math.abs(total(services, services.requestMemBytes) - target)).toBeLessThan(24_000 * 0.5 * 1024 ** 2);
    });
    test(`seed ${seed}: request-weighted mean use is 9.2 %, aggregate p/t 1.4 to 1.8`, () => {
      const week = aggregate(services);
      const mean = week.reduce((sum, value) => sum + value, 0) / week.length;
      expect((100 * mean) / total(services, services.requestMilliCpu)).toBeCloseTo(expectedUsagePercent(), 3);
      const ratio = peakToTrough(hourMeans(meanDay(week, 0, 7)));
      expect(ratio).toBeGreaterThan(1.4);
      expect(ratio).toBeLessThan(1.8);
    });
    test(`seed ${seed}: classes hold 30, 45 and 25 % of the used CPU within 3 points`, () => {
      const used = { strong: 0, mild: 0, flat: 0 };
      let all = 0;
      for (let row = 0; row < services.count; row++) {
        const day = hourMeans(services.baseRatio.subarray(row * 2016, row * 2016 + 288));
        const ratio = peakToTrough(day);
        const milli = services.replicas[row] * services.requestMilliCpu[row] * day.reduce((a, b) => a + b, 0);
        const name = ratio > 2.9 ? 'strong' : ratio > 1.15 ? 'mild' : 'flat';
        expect(services.names[row]).toContain(name);
        used[name] += milli;
        all += milli;
      }
      expect(Math.abs(used.strong / all - 0.3)).toBeLessThan(0.03);
      expect(Math.abs(used.mild / all - 0.45)).toBeLessThan(0.03);
      expect(Math.abs(used.flat / all - 0.25)).toBeLessThan(0.03);
    });
  }
});

test('the capped lognormal has mean 9.2 %', () => {
  // e^(1.82 + .405) = 9.254; z = (4.38203 - 1.82)/.9 = 2.8467; P(Z > 1.9467) = .02579, P(Z > 2.8467) = .00221:
  // 9.254 x .97421 + 80 x .00221 = 9.192
  expect(expectedUsagePercent()).toBeCloseTo(9.192, 2);
});

test('video services use 10 % more at weekends, office services 10 % less', () => {
  const services = generateOnlineServices(config, 'weekend');
  for (let row = 0; row < services.count; row++) {
    const start = row * 2016;
    const monday = services.baseRatio.subarray(start, start + 288).reduce((a, b) => a + b, 0);
    const saturday = services.baseRatio.subarray(start + 5 * 288, start + 6 * 288).reduce((a, b) => a + b, 0);
    const expected = services.names[row].startsWith('video') ? 1.1 : services.names[row].startsWith('office') ? 0.9 : 1;
    expect(saturday / monday).toBeCloseTo(expected, 4);
  }
});

test('a run that starts on day 5 begins with what day 5 of a Monday run has', () => {
  const monday = generateOnlineServices(config, 'shift');
  const saturday = generateOnlineServices({ ...config, startDay: 5 }, 'shift');
  for (let slot = 0; slot < 600; slot++)
    expect(saturday.baseRatio[slot]).toBe(monday.baseRatio[(slot + 5 * 288) % 2016]);
});

test('load factor 2 doubles every slot and leaves requests alone', () => {
  const one = generateOnlineServices(config, 'load');
  const two = generateOnlineServices({ ...config, loadFactor: 2 }, 'load');
  expect(two.requestMilliCpu).toEqual(one.requestMilliCpu);
  for (let slot = 0; slot < one.baseRatio.length; slot += 97) expect(two.baseRatio[slot]).toBe(2 * one.baseRatio[slot]);
});

test('requests stay at the cap of 8 cores where the scale would pass it, and the total still holds', () => {
  const services = generateOnlineServices({ ...config, maxRequestMilliCpu: 8_000 }, 'cap');
  expect(Math.max(...services.requestMilliCpu)).toBe(8_000);
  expect(Math.abs(total(services, services.requestMilliCpu) - 115_200_000)).toBeLessThan(2_000);
});

test('24 000 pods of at most 4 cores cannot request 115 200 cores: the error names both', () => {
  expect(() => generateOnlineServices({ ...config, maxRequestMilliCpu: 4_000 }, 'x')).toThrow(
    /24000 pods of at most 4000 milli-CPU cannot request 60 %/,
  );
});

test('peaks inside a window: median 1.8, ninth decile 3.5, never below 1; working set over request has mean .65', () => {
  const services = generateOnlineServices({ ...config, services: 4_000, pods: 24_000 }, 'peaks');
  const sorted = Float64Array.from(services.peakOverMean).sort();
  // Standard error of the median of 4 000 lognormal draws: 1.25 x .52 x 1.8 / 63 = .019; of p90 about .05.
  expect(Math.abs(sorted[2_000] - 1.8)).toBeLessThan(0.06);
  expect(Math.abs(sorted[3_600] - 3.5)).toBeLessThan(0.17);
  expect(sorted[0]).toBe(1);
  const mean = services.memUsageRatio.reduce((a, b) => a + b, 0) / 4_000;
  expect(Math.abs(mean - 0.65)).toBeLessThan(0.01);
});

test('noise of one pod, from its two parts, agrees with the 20 Azure VMs: CVr .37, r5 .23, r60 .12', () => {
  const services = generateOnlineServices(config, 'noise');
  const commonVar = services.commonCv[0] * services.commonCv[0];
  const ownVar = services.ownCv[0] * services.ownCv[0];
  const correlation = (ms: number) =>
    (commonVar * services.commonArShare[0] * exp(-ms / services.commonTauMs[0]) +
      ownVar * services.ownArShare[0] * exp(-ms / services.ownTauMs[0])) /
    (commonVar + ownVar);
  // sqrt(.09^2 + .36^2) = .371, measured .36 [.29, .40]
  expect(Math.sqrt(commonVar + ownVar)).toBeCloseTo(0.371, 3);
  // (.0081 x .74 x e^(-5/40) + .1296 x .21 x e^(-5/97)) / .1377 = (.005290 + .025849) / .1377, measured .20 [.15, .50]
  expect(correlation(300_000)).toBeCloseTo(0.2261, 3);
  // (.0081 x .74 x e^(-1.5) + .1296 x .21 x e^(-60/97)) / .1377 = (.001337 + .014661) / .1377, measured .11
  expect(correlation(3_600_000)).toBeCloseTo(0.1162, 3);
});

test('mean use of 4 000 services: median 6.2 %, deciles 1.9 and 19.6 %, as the Azure VMs (6.9, 1.8, 19.6)', () => {
  const services = generateOnlineServices({ ...config, services: 4_000, pods: 24_000 }, 'use');
  const means = Float64Array.from({ length: 4_000 }, (_, row) => {
    const week = services.baseRatio.subarray(row * 2016, (row + 1) * 2016);
    return (100 * week.reduce((a, b) => a + b, 0)) / 2016;
  }).sort();
  // The request-weighted mean is held, so all of them move together by a few percent with the seed.
  const factor = means[2_000] / exp(1.82);
  expect(Math.abs(factor - 1)).toBeLessThan(0.12);
  expect(Math.abs(means[400] / factor - exp(1.82 - 0.9 * 1.2816))).toBeLessThan(0.2);
  expect(Math.abs(means[3_600] / factor - exp(1.82 + 0.9 * 1.2816))).toBeLessThan(2);
});

test('equal seeds give equal columns, another seed gives others', () => {
  const one = generateOnlineServices(config, 'same');
  expect(generateOnlineServices(config, 'same')).toEqual(one);
  expect(generateOnlineServices(config, 'other').baseRatio).not.toEqual(one.baseRatio);
});
