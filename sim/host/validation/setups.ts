/**
 * The set-up of every fact that one host can answer, run on the host model as it stands.
 *
 * Each function returns the metrics its row names. Inputs are those of the row's `setup` in bands.json; where the fact leaves
 * something open, the choice stands in a comment and was made before the result was seen.
 */

import {
  kappaFrequency,
  kappaNeighbour,
  kappaOfClass,
  kappaSmt,
  latencyClassTable,
  llcOccupancy,
  memLatencyExcess,
  pressureClassTable,
} from '../contention.ts';
import { createErlangCTable, erlangC, erlangCExact } from '../erlang-c.ts';
import {
  bestEffortCapacity,
  ISOLATION,
  type IsolationLevel,
  isolationModel,
  siblingBestEffort,
  siblingLatencySensitive,
  wakeUpWaitProbability,
} from '../isolation.ts';
import { fill } from '../max-min.ts';
import type { Parameters } from '../parameters.ts';
import { workFraction } from '../power.ts';
import type { ServiceModel } from '../service-model.ts';
import { DISCIPLINE } from '../sojourn.ts';
import { recoverySeconds, simulateStep } from '../suppress-transient.ts';
import {
  createLatencyTables,
  createWindowLatency,
  type LatencyTables,
  setKappa,
  setLoad,
  windowQuantileMs,
  windowTail,
} from '../window-latency.ts';

export type Metrics = Readonly<Record<string, number>>;

/** What set-ups share: coefficients and tables. */
export interface Bench {
  readonly p: Parameters;
  readonly tables: LatencyTables;
}

/** Tables for these coefficients. */
export function createBench(p: Parameters): Bench {
  return Object.freeze({ p, tables: createLatencyTables(p.stationaryCap) });
}

/** What one latency-sensitive service and one best-effort load do to each other on one host. */
export interface Coexistence {
  readonly lsCpus: number;
  readonly beCpus: number;
  /** Slowdown against the service alone on the same host. */
  readonly kappa: number;
  /** Share of requests with a rare wait, and its mean. */
  readonly waitShare: number;
  readonly waitMs: number;
}

/**
 * One service of class `ls` using `lsCpus` alone, beside best effort of class `be` with `beThreads` threads.
 *
 * LS use grows by its own slowdown (one turn of the fixpoint); best effort gets what the CPU split and the level leave.
 */
export function coexist(
  p: Parameters,
  level: IsolationLevel,
  cpus: number,
  lsCpus: number,
  beThreads: number,
  ls: number,
  be: number,
): Coexistence {
  const model = isolationModel(p, level, false);
  const classes = latencyClassTable(p);
  const pressures = pressureClassTable(p);
  const bandwidthCapacity = (p.hostBandwidthGbPerSecond * cpus) / 104;
  const kappaAt = (lsUse: number, beUse: number) => {
    const lsBusy = lsUse / cpus;
    const beBusy = beUse / cpus;
    const smt = kappaSmt(
      pressures.smtYield[be],
      p.smtYield,
      siblingBestEffort(model, lsBusy, beBusy),
      siblingLatencySensitive(model, lsBusy, beBusy),
    );
    const occupancy = llcOccupancy(beUse * pressures.llc[be], cpus, p.llcWayProtection);
    const bandwidth = lsUse * p.lsBandwidthGbPerCore + beUse * pressures.bandwidthGbPerSecond[be] * p.memThrottle;
    const excess = memLatencyExcess(bandwidth, bandwidthCapacity, p.memLatencyCurve, p.memBandwidthCap);
    const physical = workFraction(lsBusy + beBusy, p.smtYield, false, 2);
    const frequency = kappaFrequency(physical, p.turboLoss, p.turboFreeUse);
    return kappaOfClass(classes.llc[ls], classes.mem[ls], smt, occupancy, excess, frequency, 1);
  };
  const grantBe = (lsUse: number) => {
    const demand = Float64Array.of(
      lsUse,
      Math.min(beThreads, bestEffortCapacity(model, cpus, 2, lsUse / cpus, beThreads)),
    );
    const grant = new Float64Array(2);
    fill(
      cpus,
      demand,
      Float64Array.of(1024 * lsUse, level === ISOLATION.E ? 1024 * beThreads : 2),
      0,
      2,
      new Int32Array(2),
      grant,
    );
    return grant[1];
  };
  const alone = kappaAt(lsCpus, 0);
  const slowed = lsCpus * (kappaAt(lsCpus, grantBe(lsCpus)) / alone);
  const beCpus = grantBe(slowed);
  return {
    lsCpus: slowed,
    beCpus,
    kappa: kappaAt(slowed, beCpus) / alone,
    waitShare: wakeUpWaitProbability(model, beCpus / cpus),
    waitMs: model.waitMs,
  };
}

/** p99 beside best effort over p99 alone, less 1, percent. Constant rate: load generators hold it. */
export function p99ChangePercent(bench: Bench, service: ServiceModel, load: number, with_: Coexistence): number {
  const w = createWindowLatency(bench.tables, service);
  setLoad(w, load);
  setKappa(w, 1, 0);
  const alone = windowQuantileMs(w, 0.01, 0);
  setLoad(w, load * with_.kappa);
  setKappa(w, with_.kappa, with_.waitMs);
  return (windowQuantileMs(w, 0.01, with_.waitShare) / alone - 1) * 100;
}

/** nginx as published: median 0.228 ms, sigma 0.495, on 80 cpus; CPU share of the static-web class. */
function nginx(p: Parameters): ServiceModel {
  return {
    servers: 80,
    discipline: DISCIPLINE.PS,
    answerMs: p.staticWebServiceMs,
    cpuMs: p.staticWebServiceMs * p.staticWebCpuShare,
    scv: p.staticWebScv,
    arrivalScv: 1,
    rateCv: 0,
    rateCorrelationMs: 1000,
  };
}

/** nginx beside 50 ffmpeg threads on 104 cpus at one level. */
function nginxBesideFfmpeg(bench: Bench, level: IsolationLevel, beThreads: number): Metrics {
  const both = coexist(bench.p, level, 104, 0.252 * 104, beThreads, 0, 0);
  return {
    p99ChangePercent: p99ChangePercent(bench, nginx(bench.p), (0.252 * 104) / 80, both),
    cpuPercent: ((both.lsCpus + both.beCpus) / 104) * 100,
  };
}

export const v1 = (bench: Bench): Metrics => nginxBesideFfmpeg(bench, ISOLATION.E, 50);
export const v2 = (bench: Bench): Metrics => nginxBesideFfmpeg(bench, ISOLATION.N, 50);
export const v3 = (bench: Bench): Metrics => nginxBesideFfmpeg(bench, ISOLATION.G, 50);

export function v4(bench: Bench): Metrics {
  return {
    sharesP99ChangePercent: nginxBesideFfmpeg(bench, ISOLATION.S, 41.6).p99ChangePercent,
    groupIdentityP99ChangePercent: nginxBesideFfmpeg(bench, ISOLATION.G, 41.6).p99ChangePercent,
  };
}

/** Ten nginx of 4 cpus at 35 % each: in the shared pool the other nine are equal-weight neighbours, bound they are not. */
export function v6(bench: Bench): Metrics {
  const { p } = bench;
  const model = isolationModel(p, ISOLATION.E, false);
  const own = (4 * 0.35) / 104;
  const others = 9 * own;
  const shared = kappaSmt(p.smtYield, p.smtYield, siblingBestEffort(model, own, others), own);
  const service = { ...nginx(p), servers: 4, answerMs: 3.3, cpuMs: 3.3 * p.staticWebCpuShare };
  const pool = {
    lsCpus: 0,
    beCpus: 0,
    kappa: shared,
    waitShare: wakeUpWaitProbability(model, others),
    waitMs: model.waitMs,
  };
  const rise = p99ChangePercent(bench, service, 0.35, pool) / 100;
  return { p99ChangePercent: (1 / (1 + rise) - 1) * 100 };
}

/** EMU = load served + best-effort work, both over the work of the whole machine; mean over the four loads. */
export function v8({ p }: Bench): Metrics {
  const model = isolationModel(p, ISOLATION.C, false);
  const loads = [0.2, 0.4, 0.6, 0.8];
  let sum = 0;
  for (const load of loads) {
    // Logical use that does this share of the machine's work: blind placement, solved for U.
    const bend = 2 - p.smtYield;
    const use = (1 - Math.sqrt(1 - bend * load * p.smtYield)) / bend;
    sum += load + bestEffortCapacity(model, 1, 2, use, 1);
  }
  return { effectiveMachineUtilisationPercent: (sum / loads.length) * 100 };
}

/** Buffer cores: best effort fills all but 8 cpus and what LS uses. Search class beside transcoding, 10 cpus of LS work. */
export function v9(bench: Bench): Metrics {
  const { p } = bench;
  const cpus = 48;
  const lsCpus = 0.21 * cpus;
  const both = coexist(p, ISOLATION.C, cpus, lsCpus, cpus - 8 - lsCpus, 3, 0);
  const beCpus = cpus - 8 - both.lsCpus;
  const answerMs = p.searchServiceMs;
  const service: ServiceModel = {
    servers: cpus,
    discipline: DISCIPLINE.PS,
    answerMs,
    cpuMs: answerMs * p.searchCpuShare,
    scv: p.searchScv,
    arrivalScv: 1,
    rateCv: p.rateCv,
    rateCorrelationMs: p.rateCorrelationMs,
  };
  const w = createWindowLatency(bench.tables, service);
  setLoad(w, p.designLoad);
  setKappa(w, 1, 0);
  const targetMs = p.targetOverBaseline * windowQuantileMs(w, 0.01, 0);
  setLoad(w, 0.21);
  setKappa(w, 1, 0);
  const alone = windowTail(w, targetMs, false);
  setLoad(w, 0.21 * both.kappa);
  setKappa(w, both.kappa, 0);
  return {
    cpuPercent: ((both.lsCpus + beCpus) / cpus) * 100,
    violationChangePercentPoints: (windowTail(w, targetMs, false) - alone) * 100,
  };
}

export function v15(): Metrics {
  const table = createErlangCTable();
  let worst = 0;
  for (const servers of [1, 2, 4, 8, 16, 64, 128]) {
    for (const load of [0.3, 0.5, 0.7, 0.9, 0.95]) {
      const mean = (waiting: number) => 1 + waiting / (servers * (1 - load));
      const error = (mean(erlangC(table, servers, load)) / mean(erlangCExact(servers, load)) - 1) * 100;
      if (Math.abs(error) > Math.abs(worst)) worst = error;
    }
  }
  return { worstErrorPercent: worst };
}

/**
 * Web search at 30 % beside half a machine of one antagonist: excess slowdown (kappa - 1) of each.
 *
 * DRAM: bandwidth at its cap. LLC-big: whole cache pressed on, no bandwidth. LLC-small: a tenth of it. SMT: spinning siblings.
 */
export function v17({ p }: Bench): Metrics {
  const dram = p.searchMem * memLatencyExcess(1, 1, p.memLatencyCurve, p.memBandwidthCap);
  const llcBig = p.searchLlc * llcOccupancy(1, 1, 0);
  const llcSmall = p.searchLlc * llcOccupancy(0.1, 1, 0);
  const smt = kappaSmt(p.spinYield, p.smtYield, 0.5, 0) - 1;
  return { dramOverLlcBig: dram / llcBig, llcBigOverSmt: llcBig / smt, smtOverLlcSmall: smt / llcSmall };
}

export const v18 = ({ p }: Bench): Metrics => ({ kappaChangePercent: (kappaNeighbour(p, 0.1, 3) - 1) * 100 });

export function v20({ p }: Bench, uniform: () => number): Metrics {
  let excess = 0;
  let seconds = 0;
  let longest = 0;
  const phases = 100_000;
  for (let n = 0; n < phases; n++) {
    const response = simulateStep(26, uniform(), uniform());
    excess += response.excessCpuSeconds;
    seconds += response.complianceSeconds;
    longest = Math.max(longest, response.complianceSeconds);
  }
  return {
    complianceSecondsMean: seconds / phases,
    complianceSecondsMax: longest,
    excessCoreSecondsPerCore: excess / phases / 26,
    recoverySeconds: recoverySeconds(26, 104, p.suppressGrowthFraction),
  };
}
