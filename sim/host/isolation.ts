/**
 * What keeps best effort (BE) away from latency-sensitive work (LS) on one host: six levels.
 *
 * CPU shares bound bandwidth; they bound neither the wait for a running BE thread nor the sharing of a core with one. Each
 * level says how likely an LS thread's sibling runs BE (q_B) or other LS (q_L), how likely a wake-up waits (p_d) and how
 * long (d), how many cpus BE may fill, and which part of BE's cpus an LS pod can take back at the margin.
 * Source: docs/performance-models.md 1.4 and 3.1.
 */
import { BYTES_PER_MIB } from '../../policies/base/units.ts';
import type { Parameters } from './parameters.ts';

/**
 * E equal weight, S shares = 2, N bvt + noise clean, G Group Identity, C core scheduling or exclusive cpusets, K every pod in a Kata virtual
 * machine under shares: the guests' CPUs are threads that share the host's as those of containers do.
 */
export const ISOLATION = { E: 0, S: 1, N: 2, G: 3, C: 4, K: 5 } as const;
export type IsolationLevel = (typeof ISOLATION)[keyof typeof ISOLATION];

/** Names of the levels as scenarios write them; the position is the level. */
export const ISOLATION_NAMES = ['equal', 'shares', 'noise-clean', 'group-identity', 'core-scheduling', 'kata'] as const;

/** Constants of one level, looked up once per run. */
export interface IsolationModel {
  /** How CPUs are shared: S at level K. */
  readonly level: IsolationLevel;
  readonly coreAware: boolean;
  /** P(wake-up waits) per unit of BE busy fraction. */
  readonly waitSlope: number;
  /** Mean wait of a wake-up that waits. */
  readonly waitMs: number;
  /** Part of BE's cpus that an LS pod can take at the margin; NaN at level E, where it depends on weights. */
  readonly marginalShare: number;
  /** Idle cores that BE finds. */
  readonly efficiency: number;
  /** What virtual machines cost; null where pods are containers. */
  readonly kata: KataOverhead | null;
}

/** The constants of level `named`; `coreAware`: the scheduler fills free cores before siblings. */
export function isolationModel(p: Parameters, named: IsolationLevel, coreAware: boolean): IsolationModel {
  const level = named === ISOLATION.K ? ISOLATION.S : named;
  const waitSlope = [p.equalWaitSlope, p.sharesWaitSlope, p.noiseCleanWaitSlope, p.groupIdentityWaitSlope, 0][level];
  const waitMs = [p.equalWaitMs, p.sharesWaitMs, p.noiseCleanWaitMs, p.groupIdentityWaitMs, 0][level];
  const marginalShare = [Number.NaN, p.sharesMarginalShare, p.noiseCleanMarginalShare, 1, 1][level];
  const efficiency = level === ISOLATION.G ? p.groupIdentityEfficiency : 1;
  return Object.freeze({
    level,
    coreAware,
    waitSlope,
    waitMs,
    marginalShare,
    efficiency,
    kata: named === ISOLATION.K ? kataOverhead(p) : null,
  });
}

/**
 * P(an LS thread's sibling runs BE).
 *
 *   levels E, S: blind U_B; core-aware max(0, 2(U_L + U_B) - 1) U_B / (U_L + U_B)^2; levels N, G, C: 0
 *
 * Units: busy fractions of the logical cpus, 0..1; U_L includes the system.
 */
export function siblingBestEffort(model: IsolationModel, lsBusy: number, beBusy: number): number {
  if (model.level >= ISOLATION.N || beBusy <= 0) return 0;
  if (!model.coreAware) return beBusy;
  const busy = lsBusy + beBusy;
  return busy > 0.5 ? ((2 * busy - 1) / busy) * (beBusy / busy) : 0;
}

/** P(an LS thread's sibling runs other LS work); as siblingBestEffort, with only LS in the core at levels N, G and C. */
export function siblingLatencySensitive(model: IsolationModel, lsBusy: number, beBusy: number): number {
  if (!model.coreAware) return lsBusy;
  const busy = model.level >= ISOLATION.N ? lsBusy : lsBusy + beBusy;
  return busy > 0.5 ? ((2 * busy - 1) / busy) * (lsBusy / busy) : 0;
}

/** P(a wake-up of an LS thread waits behind BE): slope x U_B. */
export function wakeUpWaitProbability(model: IsolationModel, beBusy: number): number {
  return beBusy > 0 ? model.waitSlope * beBusy : 0;
}

/** P(a request with `wakeUps` wake-ups waits at least once): 1 - (1 - p)^n, n whole. */
export function requestWaitProbability(wakeUpWait: number, wakeUps: number): number {
  let none = 1;
  for (let k = 0; k < wakeUps; k++) none *= 1 - wakeUpWait;
  return 1 - none;
}

/** Busy fraction of physical cores under LS load U_L: blind 1 - (1 - U_L)^2, core-aware min(1, 2 U_L). */
export function busyCoreFraction(coreAware: boolean, lsBusy: number): number {
  if (coreAware) return lsBusy < 0.5 ? 2 * lsBusy : 1;
  return 1 - (1 - lsBusy) * (1 - lsBusy);
}

/**
 * Logical cpus that BE may fill, before the CPU split.
 *
 *   E, S: all cpus (the split decides)    N: N_B (1 - U_L)^2    G, C: cpus x (1 - busy cores) x efficiency
 *
 * Shape: scalars. Units: logical cpus. On a host without SMT every cpu is a core: pass threadsPerCore = 1.
 */
export function bestEffortCapacity(
  model: IsolationModel,
  cpus: number,
  threadsPerCore: number,
  lsBusy: number,
  beThreads: number,
): number {
  if (model.level <= ISOLATION.S) return cpus;
  const free = lsBusy < 1 ? 1 - lsBusy : 0;
  if (model.level === ISOLATION.N) return Math.min(cpus, beThreads * (threadsPerCore === 1 ? free : free * free));
  if (threadsPerCore === 1) return cpus * free * model.efficiency;
  return cpus * (1 - busyCoreFraction(model.coreAware, lsBusy < 1 ? lsBusy : 1)) * model.efficiency;
}

/** Part of BE's cpus that an LS pod can take at the margin; at level E w / (w + w_BE). */
export function marginalShare(model: IsolationModel, podWeight: number, beWeight: number): number {
  if (model.level !== ISOLATION.E) return model.marginalShare;
  return beWeight > 0 ? podWeight / (podWeight + beWeight) : 1;
}

/**
 * Cpus a pod could get at the margin: A = min(limit, grant + idle cpus it may use + best effort's cpus x marginal share).
 *
 * The load that its latency sees is arrivals x CPU work x kappa / A.
 */
export function marginalCapacity(limit: number, grant: number, idle: number, beGrant: number, share: number): number {
  const most = grant + idle + beGrant * share;
  return most < limit ? most : limit;
}

/** What a pod costs more inside a Kata virtual machine. */
export interface KataOverhead {
  /** On top of what the pod requests (podFixed of the RuntimeClass). */
  readonly milliCpu: number;
  /** Requested and used by the machine itself. */
  readonly memBytes: number;
  readonly lsSlowdown: number;
  readonly beSlowdown: number;
  /** Exits per wake-up: added to every answer once a wake-up. */
  readonly wakeMs: number;
  /** Start of a pod over that of a container: the guest boots outside of the daemon's lanes. */
  readonly bootMs: number;
  /** Part of free guest memory that the host can take back. */
  readonly reclaimableShare: number;
}

/** Kata overheads of the table. Source: docs/performance-models.md 7. */
export function kataOverhead(p: Parameters): KataOverhead {
  return Object.freeze({
    milliCpu: p.kataMilliCpu,
    memBytes: p.kataMemMib * BYTES_PER_MIB,
    lsSlowdown: p.kataLsSlowdown,
    beSlowdown: p.kataBeSlowdown,
    wakeMs: p.kataWakeMs,
    bootMs: Math.max(0, p.kataStartMs - p.containerStartSsdMs),
    reclaimableShare: p.reclaimableKata,
  });
}

/**
 * Memory that the host sees in use for a pod: min(request, anon (1 + file (1 - g))) + machine. The guest keeps the pages of files it has read up to
 * its size, and gives back a share g only.
 *
 * `file`: file pages the pod would keep, over its own memory. Rounding: whole bytes, up. Without a machine: what the pod uses.
 */
export function usedOfGuest(kata: KataOverhead | null, usedBytes: number, requestBytes: number, file: number): number {
  if (kata === null) return usedBytes;
  const kept = usedBytes * (1 + file * (1 - kata.reclaimableShare));
  return Math.ceil(Math.max(usedBytes, Math.min(requestBytes, kept)) + kata.memBytes);
}
