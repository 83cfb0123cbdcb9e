import { beforeAll, describe, expect, test } from 'vitest';
import { erlangCExact } from './erlang-c.ts';
import type { ServiceModel } from './service-model.ts';
import { DISCIPLINE, lognormalTail, sojournVariance } from './sojourn.ts';
import {
  createLatencyTables,
  createWindowLatency,
  setKappa,
  setLoad,
  windowMeanMs,
  windowQuantileMs,
  windowTail,
} from './window-latency.ts';

const tables = createLatencyTables(0.95);

function service(overrides: Partial<ServiceModel>): ServiceModel {
  return {
    servers: 4,
    discipline: DISCIPLINE.FCFS,
    answerMs: 1,
    cpuMs: 1,
    scv: 0.28,
    arrivalScv: 1,
    rateCv: 0,
    rateCorrelationMs: 100,
    ...overrides,
  };
}

function windowAt(model: ServiceModel, rho: number, kappa: number, delayMs = 0) {
  const w = createWindowLatency(tables, model);
  setLoad(w, rho);
  setKappa(w, kappa, delayMs);
  return w;
}

/** Mulberry32: small, seeded, good enough to draw a million gaps. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

describe('constant rate', () => {
  test('equals the two-moment lognormal at the mean load: c = 4, rho = 0.6, kappa = 1.2', () => {
    const waiting = erlangCExact(4, 0.6);
    const eta = (1 + 0.28) / (2 * 4 * 0.4);
    const mean = 1.2 * (1 + waiting * eta);
    const variance = sojournVariance(DISCIPLINE.FCFS, 1.2, 1.2, 0.28, 0.6, waiting, eta);
    const w = windowAt(service({}), 0.6, 1.2);
    expect(windowMeanMs(w)).toBeCloseTo(mean, 4);
    expect(windowTail(w, 3, false) / lognormalTail(3, mean, variance)).toBeCloseTo(1, 3);
  });

  test('the quantile inverts the tail: P(T > p99) = 0.01', () => {
    const w = windowAt(service({ rateCv: 0.2 }), 0.7, 1.1, 0.5);
    expect(windowTail(w, windowQuantileMs(w, 0.01, 0), false)).toBeCloseTo(0.01, 4);
  });

  test('a rare delay in 10 % of the answers makes p99 the p90 of the delayed ones, roughly', () => {
    const w = windowAt(service({}), 0.3, 1, 20);
    const p99 = windowQuantileMs(w, 0.01, 0.1);
    expect(0.9 * windowTail(w, p99, false) + 0.1 * windowTail(w, p99, true)).toBeCloseTo(0.01, 4);
    expect(p99).toBeGreaterThan(20);
  });
});

describe('varying rate against simulation: CV 0.3, 100 services long, rho 0.6, 4 servers', () => {
  const times = new Float64Array(4_000_000);
  let requests = 0;

  beforeAll(() => {
    // First come first served on 4 servers, lognormal services of CV^2 0.28; the rate is redrawn every 100 time units.
    const uniform = randomOf(20);
    const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    const sigma = Math.sqrt(Math.log(1.28));
    const rateSigma = Math.sqrt(Math.log(1.09));
    const free = [0, 0, 0, 0];
    for (let window = 0; window < 15_000; window++) {
      const rate = 2.4 * Math.exp(rateSigma * normal() - rateSigma ** 2 / 2);
      let now = window * 100 - Math.log(1 - uniform()) / rate;
      while (now < (window + 1) * 100) {
        let best = 0;
        for (let s = 1; s < 4; s++) if (free[s] < free[best]) best = s;
        const start = Math.max(now, free[best]);
        free[best] = start + Math.exp(sigma * normal() - sigma ** 2 / 2);
        times[requests++] = free[best] - now;
        now += -Math.log(1 - uniform()) / rate;
      }
    }
    times.subarray(0, requests).sort();
  });

  test('p99 is within -18..+33 % of 19.1 services, the mean of longer simulations; the mean rate alone gives 3.2', () => {
    // One run of 15,000 windows scatters by about 5 %; three of 30,000 gave 18.3, 19.0 and 20.1.
    const simulated = times[Math.floor(requests * 0.99)];
    expect(simulated).toBeGreaterThan(17);
    expect(simulated).toBeLessThan(21.5);
    const model = windowQuantileMs(windowAt(service({ rateCv: 0.3 }), 0.6, 1), 0.01, 0);
    expect(model / 19.1).toBeGreaterThan(0.82);
    expect(model / 19.1).toBeLessThan(1.33);
    expect(windowQuantileMs(windowAt(service({}), 0.6, 1), 0.01, 0)).toBeLessThan(3.4);
  });

  test('P(T > 4 services) is within -12..+16 % of the simulated one', () => {
    const simulated = times.subarray(0, requests).filter((t) => t > 4).length / requests;
    const model = windowTail(windowAt(service({ rateCv: 0.3 }), 0.6, 1), 4, false);
    expect(model / simulated).toBeGreaterThan(0.88);
    expect(model / simulated).toBeLessThan(1.16);
  });
});

describe('overload', () => {
  test('the tail is smooth in load: no step of 0.005 in rho changes it by more than 15 % with a rate that lasts 4,000 services', () => {
    const w = createWindowLatency(tables, service({ rateCv: 0.2, rateCorrelationMs: 4000, scv: 0.3 }));
    let last = 0;
    for (let rho = 0.5; rho < 0.9; rho += 0.005) {
      setLoad(w, rho);
      setKappa(w, 1, 0);
      const tail = windowTail(w, 4, false);
      if (last > 0) expect(tail / last).toBeLessThan(1.15);
      last = tail;
    }
  });

  test('a rate 20 % above capacity for 100 ms makes waits uniform on 0..20 ms: about half the answers take over 10 ms', () => {
    // rho = 1.2, no variation left: rateCv 0.001 puts every overload node at f = 1. Answer time 1 ms on top: (20 - 9) / 20.
    const tail = windowTail(windowAt(service({ rateCv: 0.001, scv: 0.01 }), 1.2, 1), 10, false);
    expect(tail).toBeCloseTo(0.55, 2);
  });
});
