/** Set-ups of facts on throttling, scheduling waits, start-up and failures; see setups.ts. */
import { exp, log } from '../../../policies/base/exact-math.ts';
import { MS_PER_DAY } from '../../../policies/base/units.ts';
import { runBurst } from '../closed-loop-burst.ts';
import { domainOutages, hostOutages } from '../failures.ts';
import {
  ISOLATION_NAMES,
  type IsolationLevel,
  isolationModel,
  kataOverhead,
  wakeUpWaitProbability,
} from '../isolation.ts';
import { normalTail } from '../normal-tail.ts';
import { parametersWith } from '../parameters.ts';
import { burstMeanSeconds, peerPullSeconds, registryPullSeconds } from '../start-up.ts';
import {
  backlogExponent,
  createThrottleTable,
  executedCv,
  meanStallMs,
  periodCv,
  throttledFraction,
  throttledFractionExact,
} from '../throttling.ts';
import { simulateCfs } from './cfs-simulation.ts';
import type { Bench, Metrics } from './setups.ts';

type Uniform = () => number;

/** Clients of the test, from `-c12` of the fact: each holds one request, so a burst is never more than twelve. */
const V5_CLIENTS = 12;
const V5_PHASES = 200;

/**
 * apache, limit 4, 54.2 ms of CPU per request (0.325 x 4 cpus / 24 per second), the same file each time: squared CV 0.01.
 *
 * Twelve connections at two requests a second each begin together: bursts of 12 every 500 ms, at any phase of the kernel's period.
 */
export function v5({ p, tables }: Bench): Metrics {
  const serviceMs = 54.2;
  const s2 = log(1.01);
  const lnMedian = log(serviceMs) - 0.5 * s2;
  const at = (burstQuotas: number) => {
    const stalls: number[] = [];
    let throttled = 0;
    let counted = 0;
    for (let n = 0; n < V5_PHASES; n++) {
      const run = runBurst(V5_CLIENTS, serviceMs, 4, p.cfsPeriodMs, burstQuotas, (n + 0.5) / V5_PHASES);
      stalls.push(run.stallMs);
      throttled += run.throttledPeriods;
      counted += run.countedPeriods;
    }
    // P(stall + lognormal service > t) = 1 %, by bisection.
    let low = 0;
    let high = 1000;
    for (let step = 0; step < 60; step++) {
      const t = 0.5 * (low + high);
      const late = stalls.reduce(
        (sum, stall) => sum + (t > stall ? normalTail(tables.normal, (log(t - stall) - lnMedian) / Math.sqrt(s2)) : 1),
        0,
      );
      if (late / V5_PHASES > 0.01) low = t;
      else high = t;
    }
    return { p99Ms: high, throttledPercent: (100 * throttled) / counted };
  };
  const [plain, burst] = [at(0), at(9)];
  return {
    p99ChangePercent: (burst.p99Ms / plain.p99Ms - 1) * 100,
    throttledPercent: plain.throttledPercent,
    throttledWithBurstPercent: burst.throttledPercent,
  };
}

/** 48 drawn pods, exponential services; cases that a run of 2,000 periods throttles fewer than 20 times are left out. */
export function v16(uniform: Uniform): Metrics {
  const fractions: number[] = [];
  const stalls: number[] = [];
  for (let n = 0; n < 48; n++) {
    const limitCpus = 1 << Math.floor(5 * uniform());
    const serviceMs = 2 + 18 * uniform();
    const use = 0.2 + 0.5 * uniform();
    const rateCv = 0.3 + uniform();
    const burstQuotas = n % 2;
    const simulated = simulateCfs({ limitCpus, serviceMs, use, rateCv, burstQuotas }, 2000, uniform);
    if (simulated.throttledFraction < 0.01) continue;
    const cv = periodCv(serviceMs, 1, use, limitCpus, 100, rateCv);
    const theta = backlogExponent(use, cv);
    const executed = executedCv(serviceMs, 1, use, limitCpus, 100, rateCv);
    const fraction = throttledFractionExact(use, executed) * exp(-theta * burstQuotas);
    fractions.push(fraction / simulated.throttledFraction);
    stalls.push(meanStallMs(100, fraction, theta, use) / simulated.stallMsMean);
  }
  fractions.sort((a, b) => a - b);
  stalls.sort((a, b) => a - b);
  const at = (sorted: readonly number[], q: number) => sorted[Math.floor(q * (sorted.length - 1))];
  return {
    throttledRatioP10: at(fractions, 0.1),
    throttledRatioP50: at(fractions, 0.5),
    throttledRatioP90: at(fractions, 0.9),
    stallMeanRatioP50: at(stalls, 0.5),
  };
}

/** Worst level: P(wake-up waits) x P(exponential wait above 5 ms) at 60 % best effort. */
export function v19({ p }: Bench): Metrics {
  let worst = 0;
  for (let level = 0; level < ISOLATION_NAMES.length; level++) {
    const model = isolationModel(p, level as IsolationLevel, false);
    if (model.waitMs > 0) worst = Math.max(worst, wakeUpWaitProbability(model, 0.6) * exp(-5 / model.waitMs));
  }
  return { waitAbove5MsPercent: worst * 100 };
}

/** 200 MB at 25 MB/s per NIC, 1,250 MB/s at the source. */
export function v21({ p }: Bench): Metrics {
  return {
    peerSecondsMax: peerPullSeconds(200, 25, p.peerPullFactor),
    sourceGrowth: registryPullSeconds(200, 7000, 25, 1250) / registryPullSeconds(200, 10, 25, 1250),
  };
}

/** The "old" preset: 1.15 outages a host and year from all causes, of which racks bring 0.4 and rows 0.25. */
export function v22(uniform: Uniform): Metrics {
  const old = parametersWith({ hostCrashesPerYear: 1.15, pduEventsPerYear: 1 });
  const [hosts, years] = [2000, 20];
  const horizonMs = years * 365 * MS_PER_DAY;
  let machines = 0;
  for (let host = 0; host < hosts; host++) machines += hostOutages(old, host, horizonMs, uniform).length;
  return {
    rackEventsPerYear: domainOutages(old, 'rack', hosts, horizonMs, uniform).length / years,
    pduEventsPerYear: domainOutages(old, 'pdu', hosts, horizonMs, uniform).length / years,
    machineEventsPerYear: machines / years,
  };
}

/** 50 Kata pods at once: containers through the daemon's lanes, guests boot beside each other; as runs start them. */
export function v23({ p }: Bench): Metrics {
  const create = p.containerStartSsdMs / 1000;
  const boot = kataOverhead(p).bootMs / 1000;
  return { serialSeconds: create + boot, parallelSeconds: burstMeanSeconds(50, create, p.daemonLanes) + boot };
}

/** A run of 30 s has 300 periods; it is throttled if any of them is. */
export function v24(): Metrics {
  const table = createThrottleTable();
  const cv = periodCv(80, 0, 0.8, 1, 100, 0);
  const executed = executedCv(80, 0, 0.8, 1, 100, 0);
  const anyOf = (fraction: number) => {
    let none = 1;
    for (let period = 0; period < 300; period++) none *= 1 - fraction;
    return (1 - none) * 100;
  };
  return {
    runsThrottledPercent: anyOf(throttledFraction(table, 0.8, executed, 0)),
    runsThrottledWithBurstPercent: anyOf(throttledFraction(table, 0.8, executed, 1, cv)),
  };
}
