import { describe, expect, test } from 'vitest';
import { MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE } from '../../policies/base/units.ts';
import {
  agentGaps,
  domainOutages,
  hardRepairMs,
  hostOutages,
  ownSoftRatePerYear,
  softRepairMs,
  upgradeDrainMs,
  weibullFirstMs,
} from './failures.ts';
import { defaultParameters, parametersWith } from './parameters.ts';

const YEAR_MS = 365 * MS_PER_DAY;

function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

describe('rates', () => {
  test('1.15 a year from all causes, less racks 0.4, rows 0.25 and repairs 0.08, leaves 0.42 of its own', () => {
    const old = parametersWith({ hostCrashesPerYear: 1.15, pduEventsPerYear: 1 });
    expect(ownSoftRatePerYear(old)).toBeCloseTo(0.42, 12);
  });

  test('domains that bring more than the total leave none: 0.5 - 0.4 - 0.075 - 0.08 < 0', () => {
    expect(ownSoftRatePerYear(defaultParameters())).toBe(0);
  });

  test('20 rack events a year for 2,000 hosts: 1,000 years draw 20,000 within 3 sd; 500 hosts a quarter of that', () => {
    const p = defaultParameters();
    const many = domainOutages(p, 'rack', 2000, 1000 * YEAR_MS, randomOf(1));
    expect(Math.abs(many.length - 20_000)).toBeLessThan(3 * Math.sqrt(20_000));
    const few = domainOutages(p, 'rack', 500, 1000 * YEAR_MS, randomOf(2));
    expect(Math.abs(few.length - 5000)).toBeLessThan(3 * Math.sqrt(5000));
    for (const outage of many) {
      expect(outage.endHost - outage.firstHost).toBe(40);
      expect(outage.durationMs).toBeGreaterThanOrEqual(MS_PER_HOUR);
      expect(outage.durationMs).toBeLessThanOrEqual(6 * MS_PER_HOUR);
    }
  });

  test('a week of hosts with Weibull shape 0.8 sees its stationary rate: 20,000 hosts at 0.42 a year, 161 failures', () => {
    // New hosts would show (t / scale)^0.8 = 5 times as many.
    const uniform = randomOf(3);
    let failures = 0;
    for (let host = 0; host < 20_000; host++) if (weibullFirstMs(0.42, 0.8, uniform) < 7 * MS_PER_DAY) failures++;
    expect(Math.abs(failures - (20_000 * 0.42 * 7) / 365)).toBeLessThan(3 * Math.sqrt(161));
  });

  test('100 years of 100 hosts of the old preset: 0.5 own failures a host and year within 3 sd', () => {
    const old = parametersWith({ hostCrashesPerYear: 1.15, pduEventsPerYear: 1 });
    let failures = 0;
    for (let host = 0; host < 100; host++)
      failures += hostOutages(old, host, 100 * YEAR_MS, randomOf(100 + host)).length;
    // Weibull gaps of shape 0.8 spread 1.6 times a Poisson count.
    expect(Math.abs(failures - 5000)).toBeLessThan(3 * Math.sqrt(5000 * 1.6));
  });
});

describe('outages', () => {
  test('a host is never down twice at once, and its outages are in time order', () => {
    const p = parametersWith({ hostCrashesPerYear: 2, rackEventsPerYear: 2, softRepairMedianMinutes: 60 });
    for (let host = 0; host < 50; host++) {
      let upFromMs = 0;
      for (const outage of hostOutages(p, host, 50 * YEAR_MS, randomOf(host))) {
        expect(outage.startMs).toBeGreaterThanOrEqual(upFromMs);
        upFromMs = outage.startMs + outage.durationMs;
      }
    }
  });

  test('the same stream draws the same outages', () => {
    const p = defaultParameters();
    expect(domainOutages(p, 'pdu', 2000, 50 * YEAR_MS, randomOf(8))).toEqual(
      domainOutages(p, 'pdu', 2000, 50 * YEAR_MS, randomOf(8)),
    );
  });

  test('the last rack of 90 hosts has 10; a cluster smaller than a row is one row', () => {
    const p = defaultParameters();
    const racks = domainOutages(p, 'rack', 90, 3000 * YEAR_MS, randomOf(4));
    expect(new Set(racks.map((o) => `${o.firstHost}-${o.endHost}`))).toEqual(new Set(['0-40', '40-80', '80-90']));
    expect(domainOutages(p, 'pdu', 90, 3000 * YEAR_MS, randomOf(4))[0]).toMatchObject({ firstHost: 0, endHost: 90 });
  });

  test('repairs: reboots have a median of 15 min, hardware 24 h with p95 168 h', () => {
    const p = defaultParameters();
    const uniform = randomOf(5);
    const soft = Array.from({ length: 9999 }, () => softRepairMs(p, uniform)).sort((a, b) => a - b);
    const hard = Array.from({ length: 9999 }, () => hardRepairMs(p, uniform)).sort((a, b) => a - b);
    expect(soft[4999] / (15 * MS_PER_MINUTE)).toBeCloseTo(1, 1);
    expect(hard[4999] / (24 * MS_PER_HOUR)).toBeCloseTo(1, 1);
    expect(hard[9499] / (168 * MS_PER_HOUR)).toBeGreaterThan(0.9);
    expect(hard[9499] / (168 * MS_PER_HOUR)).toBeLessThan(1.1);
  });
});

describe('maintenance', () => {
  test('2,000 hosts in groups of 40 over 75 days: group 1 starts after 1.5 days, pass 2 after 150', () => {
    const p = defaultParameters();
    expect(upgradeDrainMs(p, 39, 2000, 0)).toBe(0);
    expect(upgradeDrainMs(p, 40, 2000, 0)).toBe(1.5 * MS_PER_DAY);
    expect(upgradeDrainMs(p, 40, 2000, 2)).toBe(151.5 * MS_PER_DAY);
  });

  test('an agent restarts about 12 times a year and is silent for 10 to 60 s', () => {
    const gaps = agentGaps(defaultParameters(), 100 * YEAR_MS, randomOf(6));
    expect(Math.abs(gaps.length - 36_500 / 30)).toBeLessThan(3 * Math.sqrt(1217));
    for (const gap of gaps) expect(gap.durationMs >= 10_000 && gap.durationMs <= 60_000).toBe(true);
  });
});
