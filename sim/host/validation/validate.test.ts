import { describe, expect, test } from 'vitest';
import { defaultParameters } from '../parameters.ts';
import { ablatePhysics } from './ablations.ts';
import { isWithin, readBands } from './bands.ts';
import { simulateCfs } from './cfs-simulation.ts';
import { coexist, createBench, p99ChangePercent, v20 } from './setups.ts';
import { validatePhysics } from './validate.ts';

describe('bands', () => {
  test('24 facts V1 to V24 are registered, V1 and V2 as calibration, six for the engine', () => {
    const rows = readBands();
    expect(rows.map((row) => row.id)).toEqual(Array.from({ length: 24 }, (_, k) => `V${k + 1}`));
    expect(rows.filter((row) => row.calibration).map((row) => row.id)).toEqual(['V1', 'V2']);
    expect(rows.filter((row) => row.needs === 'engine').map((row) => row.id)).toEqual([
      'V7',
      'V10',
      'V11',
      'V12',
      'V13',
      'V14',
    ]);
  });

  test('a band holds its ends; an open end holds everything', () => {
    const band = { name: 'x', target: 1, low: 1, high: null };
    expect([isWithin(band, 1), isWithin(band, 1e9), isWithin(band, 0.999), isWithin(band, Number.NaN)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('validatePhysics', () => {
  const rows = validatePhysics();
  const verdictOf = (verdict: string) => rows.filter((row) => row.verdict === verdict).map((row) => row.id);

  test('every row has a verdict and every metric of its band a finite value', () => {
    for (const row of rows) {
      if (row.verdict === 'not-modelled') continue;
      for (const metric of row.model) expect(Number.isFinite(metric.model), `${row.id} ${metric.name}`).toBe(true);
      expect(row.model.length, row.id).toBeGreaterThan(0);
    }
  });

  test('eleven hold-out facts agree, five do not and say why, two calibrate, six wait for the engine', () => {
    expect(verdictOf('pass')).toEqual(['V3', 'V4', 'V5', 'V8', 'V15', 'V16', 'V18', 'V19', 'V20', 'V21', 'V22']);
    expect(verdictOf('fail')).toEqual(['V6', 'V9', 'V17', 'V23', 'V24']);
    expect(verdictOf('calibration')).toEqual(['V1', 'V2']);
    expect(verdictOf('not-modelled')).toEqual(['V7', 'V10', 'V11', 'V12', 'V13', 'V14']);
    for (const row of rows) if (row.verdict === 'fail') expect(row.reason.length, row.id).toBeGreaterThan(40);
  });

  test('the same facts give the same numbers twice', () => {
    expect(v20(createBench(defaultParameters()), fixed())).toEqual(v20(createBench(defaultParameters()), fixed()));
  });
});

/** A fixed low-discrepancy sequence. */
function fixed(): () => number {
  let n = 0;
  return () => {
    n += 1;
    return (n * 0.6180339887498949) % 1;
  };
}

describe('placebo', () => {
  test('best effort of no thread changes neither use nor p99, at every level', () => {
    const p = defaultParameters();
    const bench = createBench(p);
    for (const level of [0, 1, 2, 3, 4] as const) {
      const both = coexist(p, level, 104, 26, 0, 1, 0);
      expect(both).toMatchObject({ lsCpus: 26, beCpus: 0, kappa: 1, waitShare: 0 });
      const service = {
        servers: 8,
        discipline: 1 as const,
        answerMs: 10,
        cpuMs: 5,
        scv: 0.6,
        arrivalScv: 1,
        rateCv: 0.2,
        rateCorrelationMs: 1000,
      };
      // The quantile search stops at a relative step of 1e-5.
      expect(Math.abs(p99ChangePercent(bench, service, 0.5, both))).toBeLessThan(1e-2);
    }
  });
});

describe('ablations', () => {
  test('every part matters in its direction', () => {
    const rows = new Map(ablatePhysics(defaultParameters()).map((row) => [row.part, row]));
    const of = (part: string) => rows.get(part) ?? { withPart: Number.NaN, withoutPart: Number.NaN };
    expect(of('Group Identity').withPart).toBeLessThan(0.5 * of('Group Identity').withoutPart);
    expect(of('wake-up wait').withPart).toBeGreaterThan(5 * of('wake-up wait').withoutPart);
    expect(of('SMT').withPart).toBeGreaterThan(1.5 * of('SMT').withoutPart);
    expect(of('CPU burst').withPart).toBeLessThan(of('CPU burst').withoutPart);
    expect(of('rate variation').withPart).toBeGreaterThan(5 * of('rate variation').withoutPart);
  });
});

describe('request-level simulation', () => {
  test('a pod at a fifth of 8 cpus without bursts of arrivals is never throttled; a burst buffer never throttles more', () => {
    const calm = { limitCpus: 8, serviceMs: 5, use: 0.2, rateCv: 0, burstQuotas: 0 };
    expect(simulateCfs(calm, 500, fixed()).throttledFraction).toBe(0);
    const busy = { limitCpus: 2, serviceMs: 10, use: 0.6, rateCv: 0.8, burstQuotas: 0 };
    let state = 1;
    const uniform = () => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      return (state >>> 0) / 4294967296;
    };
    const plain = simulateCfs(busy, 2000, uniform);
    state = 1;
    const burst = simulateCfs({ ...busy, burstQuotas: 1 }, 2000, uniform);
    expect(plain.throttledFraction).toBeGreaterThan(0.05);
    expect(burst.throttledFraction).toBeLessThan(plain.throttledFraction);
    expect(burst.stallMsMean).toBeLessThan(plain.stallMsMean);
  });
});
