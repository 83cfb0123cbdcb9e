/**
 * How much slower CPU work runs beside neighbours: kappa = SMT x last-level cache x memory bandwidth x frequency x VM.
 *
 * Host terms (cache pressure, latency excess, frequency) are computed once per host and window, then one product per class.
 * kappa is at least 1 and grows with every neighbour. Source: docs/performance-models.md 4.
 */
import { exp } from '../../policies/base/exact-math.ts';
import { LATENCY_CLASSES, PRESSURE_CLASSES } from '../../traces/format.ts';
import type { Parameters } from './parameters.ts';

/** Sensitivity of each latency class; rows as LATENCY_CLASSES. */
export interface LatencyClassTable {
  /** a: slowdown when best effort fills the cache. */
  readonly llc: Float64Array;
  /** m: share of time stalled on memory. */
  readonly mem: Float64Array;
  /** phi: CPU share of latency. */
  readonly cpuShare: Float64Array;
  /** Squared CV of service time. */
  readonly scv: Float64Array;
  /** Unloaded mean answer time. */
  readonly serviceMs: Float64Array;
}

/** Pressure of each best-effort class per busy cpu; rows as PRESSURE_CLASSES. */
export interface PressureClassTable {
  readonly bandwidthGbPerSecond: Float64Array;
  /** Of the cache share of one logical cpu. */
  readonly llc: Float64Array;
  readonly smtYield: Float64Array;
}

/** Class rows from the coefficient table. */
export function latencyClassTable(p: Parameters): LatencyClassTable {
  const rows = [
    [p.staticWebLlc, p.staticWebMem, p.staticWebCpuShare, p.staticWebScv, p.staticWebServiceMs],
    [p.rpcLlc, p.rpcMem, p.rpcCpuShare, p.rpcScv, p.rpcServiceMs],
    [p.kvCacheLlc, p.kvCacheMem, p.kvCacheCpuShare, p.kvCacheScv, p.kvCacheServiceMs],
    [p.searchLlc, p.searchMem, p.searchCpuShare, p.searchScv, p.searchServiceMs],
  ];
  const column = (field: number) => Float64Array.from(LATENCY_CLASSES, (_, row) => rows[row][field]);
  return Object.freeze({ llc: column(0), mem: column(1), cpuShare: column(2), scv: column(3), serviceMs: column(4) });
}

/** Class rows from the coefficient table. */
export function pressureClassTable(p: Parameters): PressureClassTable {
  const rows = [
    [p.transcodeBandwidth, p.transcodeLlc, p.transcodeYield],
    [p.sparkBandwidth, p.sparkLlc, p.sparkYield],
    [p.mlTrainingBandwidth, p.mlTrainingLlc, p.mlTrainingYield],
    [p.spinBandwidth, p.spinLlc, p.spinYield],
  ];
  const column = (field: number) => Float64Array.from(PRESSURE_CLASSES, (_, row) => rows[row][field]);
  return Object.freeze({ bandwidthGbPerSecond: column(0), llc: column(1), smtYield: column(2) });
}

/**
 * Slowdown from busy siblings: 1 + (2/y_B - 1) q_B + (2/y - 1) q_L.
 *
 * A thread beside a busy sibling runs at y/2 of its speed. y_B is the yield beside best effort, y beside other LS work.
 */
export function kappaSmt(yieldBe: number, yieldLs: number, siblingBe: number, siblingLs: number): number {
  return 1 + (2 / yieldBe - 1) * siblingBe + (2 / yieldLs - 1) * siblingLs;
}

/** Share of the cache that best effort presses on: (1 - protection) min(1, sum over cpus of pressure / cpus). */
export function llcOccupancy(pressureCpus: number, cpus: number, wayProtection: number): number {
  const share = pressureCpus < cpus ? pressureCpus / cpus : 1;
  return share * (1 - wayProtection);
}

/** Memory latency over its unloaded value, minus 1: 1/(1 - curve u^4) - 1 with u = min(cap, bandwidth / capacity). */
export function memLatencyExcess(bandwidth: number, bandwidthCapacity: number, curve: number, cap: number): number {
  const ratio = bandwidth / bandwidthCapacity;
  const u = ratio < cap ? ratio : cap;
  const loss = curve * u * u * u * u;
  return loss / (1 - loss);
}

/** Slowdown from lost turbo: 1 + loss max(0, U_phys - free) / (1 - free). */
export function kappaFrequency(physicalUse: number, turboLoss: number, turboFreeUse: number): number {
  return physicalUse > turboFreeUse ? 1 + (turboLoss * (physicalUse - turboFreeUse)) / (1 - turboFreeUse) : 1;
}

/**
 * Slowdown of one class on one host: smt (1 + a occupancy) (1 + m latency excess) frequency vm.
 *
 * The three host terms come from kappaSmt, llcOccupancy and memLatencyExcess; `vm` is 1 outside a virtual machine.
 */
export function kappaOfClass(
  llc: number,
  mem: number,
  smt: number,
  occupancy: number,
  latencyExcess: number,
  frequency: number,
  vm: number,
): number {
  return smt * (1 + llc * occupancy) * (1 + mem * latencyExcess) * frequency * vm;
}

/** Slowdown of latency when only a share of it is CPU work: 1 + phi (kappa - 1). */
export function kappaOfLatency(cpuShare: number, kappa: number): number {
  return 1 + cpuShare * (kappa - 1);
}

/** Fleet-average neighbour where nothing is known of it: 1 + perUse dU + perTask n. Source: Borg 2015. */
export function kappaNeighbour(p: Parameters, addedUse: number, addedTasks: number): number {
  return 1 + p.neighbourPerUse * addedUse + p.neighbourPerTask * addedTasks;
}

/** Lasting luck of a pod on its host, mean 1: exp(sigma z - sigma^2 / 2), `normal` a standard normal draw. */
export function podNoise(sigma: number, normal: number): number {
  return exp(sigma * normal - 0.5 * sigma * sigma);
}
