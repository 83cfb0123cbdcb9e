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
    const before = signals.beQuotaUs[host];
    let quotaUs = before;
    for (let step = 0; step < steps; step++) {
      const next = byCpuset ? nextCpusetUs(cpus, free, quotaUs) : nextQuotaUs(cpus, free, quotaUs, keepsUnlimited);
      if (next === quotaUs) break;
      quotaUs = next;
    }
    if (quotaUs !== before) decide(out, DECISION.limitBestEffort, host, -1, quotaUs, 0);
  }
}

/** CPU time of the next cpuset: shrinks at once, grows by at most a tenth of the host; unlimited counts as every CPU. */
function nextCpusetUs(cpus: number, freeMilliCpu: number, currentUs: number): number {
  const current = currentUs < 0 ? cpus : Math.round(currentUs / CFS_PERIOD_US);
  const wanted = Math.max(CPUSET_LEAST, Math.ceil(freeMilliCpu / 1000));
  const most = current + Math.ceil(cpus * CPUSET_GROWTH);
  return Math.min(wanted, most, cpus) * CFS_PERIOD_US;
}

export const cpuSuppress: Policy = {
  name: 'cpu-suppress',
  about: 'squeezes best effort so that the node stays below the suppress water-line (koordlet, every second)',
  moment: 'node-loop',
  periodMs: PERIOD_MS,
  defaults: DEFAULTS,
  configure,
  createState: () => ({ lastAtMs: new Float64Array(1).fill(-1) }),
  decide: decideSuppress,
};
