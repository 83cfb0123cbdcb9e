/**
 * What each part of the model contributes: the same set-up with the part on and off.
 *
 * A part whose ablation changes nothing would be decoration; a test holds every effect to its direction.
 */
import { ISOLATION } from '../isolation.ts';
import type { Parameters } from '../parameters.ts';
import { DISCIPLINE } from '../sojourn.ts';
import { createThrottleTable, throttledFraction } from '../throttling.ts';
import { createWindowLatency, setKappa, setLoad, windowQuantileMs, windowTail } from '../window-latency.ts';
import { type Bench, coexist, createBench, p99ChangePercent } from './setups.ts';

/** One part switched off. */
export interface AblationRow {
  readonly part: string;
  readonly measure: string;
  readonly withPart: number;
  readonly withoutPart: number;
}

/** Runs all ablations on these coefficients. */
export function ablatePhysics(p: Parameters): readonly AblationRow[] {
  const bench = createBench(p);
  return [groupIdentityOff(bench), noWakeUpWait(bench), smtOff(bench), burstOff(p), meanRateOnly(bench)];
}

/** RPC service of 8 cpus, 10 ms, beside 50 transcoding threads on 104 cpus with a quarter busy. */
function rpcChange(bench: Bench, level: 0 | 1 | 2 | 3 | 4, p: Parameters): number {
  const both = coexist(p, level, 104, 26, 50, 1, 0);
  const service = {
    servers: 8,
    discipline: DISCIPLINE.PS,
    answerMs: p.rpcServiceMs,
    cpuMs: p.rpcServiceMs * p.rpcCpuShare,
    scv: p.rpcScv,
    arrivalScv: 1,
    rateCv: p.rateCv,
    rateCorrelationMs: p.rateCorrelationMs,
  };
  return p99ChangePercent(bench, service, 0.5, both);
}

function groupIdentityOff(bench: Bench): AblationRow {
  return {
    part: 'Group Identity',
    measure: 'p99 change of an RPC service, percent; without: shares = 2',
    withPart: rpcChange(bench, ISOLATION.G, bench.p),
    withoutPart: rpcChange(bench, ISOLATION.S, bench.p),
  };
}

/** The wake-up wait is an absolute time: it shows on a service of a quarter millisecond, hardly on one of ten. */
function noWakeUpWait(bench: Bench): AblationRow {
  const { p } = bench;
  const both = coexist(p, ISOLATION.E, 104, 26, 50, 0, 0);
  const service = {
    servers: 80,
    discipline: DISCIPLINE.PS,
    answerMs: p.staticWebServiceMs,
    cpuMs: p.staticWebServiceMs * p.staticWebCpuShare,
    scv: p.staticWebScv,
    arrivalScv: 1,
    rateCv: 0,
    rateCorrelationMs: 1000,
  };
  return {
    part: 'wake-up wait',
    measure: 'p99 change of static web at equal weight, percent',
    withPart: p99ChangePercent(bench, service, 0.33, both),
    withoutPart: p99ChangePercent(bench, service, 0.33, { ...both, waitShare: 0 }),
  };
}

/** A yield of 2 means siblings do not disturb each other. The table's range ends at 1.45, so the record is made by hand. */
function smtOff(bench: Bench): AblationRow {
  const apart = { ...bench.p, smtYield: 2, transcodeYield: 2 };
  return {
    part: 'SMT',
    measure: 'p99 change of an RPC service at shares = 2, percent',
    withPart: rpcChange(bench, ISOLATION.S, bench.p),
    withoutPart: rpcChange(bench, ISOLATION.S, apart),
  };
}

function burstOff(p: Parameters): AblationRow {
  const table = createThrottleTable();
  return {
    part: 'CPU burst',
    measure: 'throttled periods at half the quota and cv 1, percent',
    withPart: throttledFraction(table, 0.5, 1, p.burstQuotas) * 100,
    withoutPart: throttledFraction(table, 0.5, 1, 0) * 100,
  };
}

function meanRateOnly(bench: Bench): AblationRow {
  const service = {
    servers: 4,
    discipline: DISCIPLINE.FCFS,
    answerMs: 10,
    cpuMs: 10,
    scv: 0.28,
    arrivalScv: 1,
    rateCv: 0.3,
    rateCorrelationMs: 1000,
  };
  const w = createWindowLatency(bench.tables, service);
  setLoad(w, 0.35);
  setKappa(w, 1, 0);
  const targetMs = 1.5 * windowQuantileMs(w, 0.01, 0);
  const late = (rateCv: number) => {
    const window = createWindowLatency(bench.tables, { ...service, rateCv });
    setLoad(window, 0.65);
    setKappa(window, 1, 0);
    return windowTail(window, targetMs, false) * 100;
  };
  return {
    part: 'rate variation',
    measure: 'late answers at load 0.65, percent; without: formulas at the mean rate',
    withPart: late(0.3),
    withoutPart: late(0),
  };
}
