/**
 * The cpu-suppress policy as it runs on the node: once a second it sets how much CPU all best-effort pods together may use.
 *
 * Between two calls `elapsedMs` of the signals' window has passed; the loop's steps of that span are applied at once, in closed
 * form, with the target of the window (the next quota depends only on the current one, so this equals running them one by one).
 * Source: koordlet qosmanager, cpusuppress.
 */
import { ConfigError } from '../base/assert.ts';
import { completeConfig } from '../base/policy-config.ts';
import {
  DECISION,
  type Decisions,
  decide,
  type HostSignals,
  type Policy,
  type PolicyConfig,
  type PolicyState,
} from '../ports.ts';
import { nextQuotaUs, suppressMilliCpu, wholeCpus } from './cpu-suppress.ts';

const PERIOD_MS = 1_000;
const CFS_PERIOD_US = 100_000;
/** cpuset mode: growth per loop, share of the host's logical CPUs; at least two CPUs are left. */
const CPUSET_GROWTH = 0.1;
const CPUSET_LEAST = 2;

const DEFAULTS = {
  cpuSuppressThresholdPercent: 65,
  cpuSuppressMinPercent: null,
  cpuSuppressPolicy: 'cpuset',
  /** K7: the small-change bypass keeps an unlimited quota. */
  cfsBypassKeepsUnlimited: true,
  /** K8: half of a set that one pool is too small for is applied. */
  cpusetPartialPools: true,
} as const;

/** Complete configuration; ConfigError outside upstream's ranges. */
function configure(config: PolicyConfig): PolicyConfig {
  const full = completeConfig('cpu-suppress', DEFAULTS, config);
  const threshold = full['cpuSuppressThresholdPercent'] as number;
  if (!(threshold >= 0 && threshold <= 100))
    throw new ConfigError(`cpuSuppressThresholdPercent is ${threshold}; koordlet accepts 0 to 100`);
  const mode = full['cpuSuppressPolicy'] as string;
  if (mode !== 'cfsQuota' && mode !== 'cpuset')
    throw new ConfigError(`cpuSuppressPolicy is "${mode}"; known: cfsQuota, cpuset`);
  return full;
}

/**
 * Quota of the best-effort tier per host, us per 100 ms.
 *
 *   free = capacity x threshold - pods other than best effort - max(system, reserved), at least capacity x minimum
 *
 * cfsQuota: see nextQuotaUs. cpuset: whole CPUs, n = max(2, ceil(free)), growing by at most ceil(10 %) of the host a loop; it is
 * written as the quota that n CPUs amount to.
 */
function decideSuppress(signals: HostSignals, config: PolicyConfig, state: PolicyState, out: Decisions): void {
  const threshold = config['cpuSuppressThresholdPercent'] as number;
  const keepsUnlimited = config['cfsBypassKeepsUnlimited'] as boolean;
  const minPercent = (config['cpuSuppressMinPercent'] as number | null) ?? Number.NaN;
  const byCpuset = config['cpuSuppressPolicy'] === 'cpuset';
  const partial = config['cpusetPartialPools'] as boolean;
  const cpusetUs = state['cpusetUs'] as Float64Array;
  const lastAt = state['lastAtMs'] as Float64Array;
  const elapsedMs = lastAt[0] < 0 ? PERIOD_MS : signals.nowMs - lastAt[0];
  const steps = Math.max(1, Math.floor(elapsedMs / PERIOD_MS));
  lastAt[0] = signals.nowMs;
  for (let host = 0; host < signals.count; host++) {
    if (signals.up[host] === 0) continue;
    const capacity = signals.capacityMilliCpu[host];
    const cpus = wholeCpus(capacity);
    const system = signals.lastSystemMilliCpu[host];
    const reserved = signals.reservedMilliCpu[host];
    const free = suppressMilliCpu(
      capacity,
      threshold,
      minPercent,
      Math.trunc(signals.lastNonBeMilliCpu[host]),
      0,
      Math.trunc(system > reserved ? system : reserved),
    );
    const lse = signals.lseCpus?.[host] ?? 0;
    const lsr = signals.lsrCpus?.[host] ?? 0;
    const before = signals.beQuotaUs[host];
    let quotaUs = before;
    if (byCpuset && (lse > 0 || lsr > 0)) {
      const from = before < 0 || cpusetUs[host] === 0 ? before : cpusetUs[host];
      quotaUs = walkCpuset(cpus, free, from, lse, lsr, partial, steps, host, cpusetUs);
      if (quotaUs !== before) decide(out, DECISION.limitBestEffort, host, -1, quotaUs, 0);
      continue;
    }
    cpusetUs[host] = 0;
    for (let step = 0; step < steps; step++) {
      const next = byCpuset
        ? nextCpusetUs(cpus, free, quotaUs, lse, lsr, partial)
        : nextQuotaUs(cpus, free, quotaUs, keepsUnlimited);
      if (next === quotaUs) break;
      quotaUs = next;
    }
    if (quotaUs !== before) decide(out, DECISION.limitBestEffort, host, -1, quotaUs, 0);
  }
}

/**
 * Runs the loop of `steps` seconds on a host whose pods own CPUs; returns the mean CPU time of its sets and keeps the last one in `cpusetUs`.
 *
 * With K8 sets go round and round (a part is applied, grows and falls back), so the last one would stand for all of them where the window is a
 * multiple of the round.
 */
function walkCpuset(
  cpus: number,
  freeMilliCpu: number,
  fromUs: number,
  lse: number,
  lsr: number,
  partial: boolean,
  steps: number,
  host: number,
  cpusetUs: Float64Array,
): number {
  let current = fromUs;
  let sum = 0;
  for (let step = 0; step < steps; step++) {
    current = nextCpusetUs(cpus, freeMilliCpu, current, lse, lsr, partial);
    sum += current < 0 ? (cpus - lse) * CFS_PERIOD_US : current;
  }
  cpusetUs[host] = current < 0 ? 0 : current;
  return current < 0 ? current : Math.round(sum / steps);
}

/**
 * CPU time of the next cpuset: shrinks at once, grows by at most a tenth of the host; unlimited counts as every CPU but those of LSE pods.
 *
 * CPUs of LSR pods and shared ones give according to their numbers; what a pool is too small for it gives nothing of, and with K8 off the old
 * set stays. This counts what adjustCpuset picks: its set has as many CPUs.
 */
export function nextCpusetUs(
  cpus: number,
  freeMilliCpu: number,
  currentUs: number,
  lse: number,
  lsr: number,
  partial: boolean,
): number {
  const current = currentUs < 0 ? cpus - lse : Math.round(currentUs / CFS_PERIOD_US);
  const wanted = Math.max(CPUSET_LEAST, Math.ceil(freeMilliCpu / 1000));
  const most = current + Math.ceil(cpus * CPUSET_GROWTH);
  if (lse === 0 && lsr === 0) return Math.min(wanted, most, cpus) * CFS_PERIOD_US;
  const usable = cpus - lse;
  const count = Math.min(wanted, most);
  const fromLsr = usable === 0 ? 0 : Math.trunc((count * lsr) / usable);
  const isLsrShort = fromLsr > lsr;
  const isSharedShort = count - fromLsr > usable - lsr;
  if ((isLsrShort || isSharedShort) && !partial) return currentUs;
  const picked = (isLsrShort ? 0 : fromLsr) + (isSharedShort ? 0 : count - fromLsr);
  return picked === 0 ? currentUs : picked * CFS_PERIOD_US;
}

export const cpuSuppress: Policy = {
  name: 'cpu-suppress',
  about: 'squeezes best effort so that the node stays below the suppress water-line (koordlet, every second)',
  moment: 'node-loop',
  periodMs: PERIOD_MS,
  defaults: DEFAULTS,
  configure,
  createState: (hostCount) => ({
    lastAtMs: new Float64Array(1).fill(-1),
    cpusetUs: new Float64Array(hostCount),
  }),
  decide: decideSuppress,
};
