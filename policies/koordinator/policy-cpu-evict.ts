/**
 * The cpu-evict policy as it runs on the node: when best effort uses all it may and gets too small a part of what it asked for, pods
 * are evicted until the rest is satisfied. Source: koordlet qosmanager, cpuevict (BECPUEvict, evictByRealLimit).
 */
import { ConfigError } from '../base/assert.ts';
import { completeConfig } from '../base/policy-config.ts';
import {
  DECISION,
  type Decisions,
  decide,
  EVICT_REASON,
  type HostSignals,
  type Policy,
  type PolicyConfig,
  type PolicyState,
} from '../ports.ts';
import { agreedReleaseOf, beAllocatableMilliCpu, CPU_EVICT_POLICIES, satisfactionLinesValid } from './cpu-evict.ts';
import { BE_CPU_ORDER, sortVictims } from './victim-columns.ts';

const DEFAULTS = {
  cpuEvictSatisfactionLowerPercent: null,
  cpuEvictSatisfactionUpperPercent: null,
  cpuEvictUsageThresholdPercent: 90,
  cpuEvictCoolingMs: 20_000,
  /** `evictByAllocatable`: satisfaction is measured against what the node sells to batch, not against what best effort may use. */
  cpuEvictPolicy: 'evictByRealLimit',
} as const;

/** Complete configuration; both lines unset switches the policy off, one alone or bad lines are refused. */
function configure(config: PolicyConfig): PolicyConfig {
  const full = completeConfig('cpu-evict', DEFAULTS, config);
  checkEvictPolicy('cpu-evict', full);
  const lower = full['cpuEvictSatisfactionLowerPercent'] as number | null;
  const upper = full['cpuEvictSatisfactionUpperPercent'] as number | null;
  if (lower === null && upper === null) return full;
  if (lower === null || upper === null || !satisfactionLinesValid(lower, upper))
    throw new ConfigError(
      `cpuEvictSatisfactionLowerPercent ${lower} and UpperPercent ${upper}: lower in (0, 60], upper in [lower, 100)`,
    );
  return full;
}

/** ConfigError for a policy that upstream does not know. */
export function checkEvictPolicy(name: string, config: PolicyConfig): void {
  const policy = config['cpuEvictPolicy'] as string;
  if (!(CPU_EVICT_POLICIES as readonly string[]).includes(policy))
    throw new ConfigError(`policy ${name}: cpuEvictPolicy is "${policy}"; known: ${CPU_EVICT_POLICIES.join(', ')}`);
}

/** BECPUEvict of one host: milli-CPU of requests that should go, against the limit that the policy names. */
export function satisfactionReleaseOn(
  s: HostSignals,
  host: number,
  config: PolicyConfig,
  lowerPercent: number,
  upperPercent: number,
): number {
  const request = s.beRequestMilliCpu[host];
  const byAllocatable = config['cpuEvictPolicy'] === 'evictByAllocatable';
  const sold = beAllocatableMilliCpu(s.publishedBatchMilliCpu[host]);
  return agreedReleaseOf(
    byAllocatable ? sold : s.averageBeLimitMilliCpu[host],
    s.averageBeMilliCpu[host],
    request,
    byAllocatable ? sold : s.beLimitMilliCpu[host],
    s.lastBeMilliCpu[host],
    request,
    lowerPercent,
    upperPercent,
    config['cpuEvictUsageThresholdPercent'] as number,
  );
}

/** Per host: evict best-effort pods, lowest priority first, then highest use over request, until enough request is released. */
function decideEvict(signals: HostSignals, config: PolicyConfig, state: PolicyState, out: Decisions): void {
  const lower = config['cpuEvictSatisfactionLowerPercent'] as number | null;
  const upper = config['cpuEvictSatisfactionUpperPercent'] as number | null;
  if (lower === null || upper === null) return;
  const coolingMs = config['cpuEvictCoolingMs'] as number;
  const lastAtMs = state['lastAtMs'] as Float64Array;
  const rows = state['rows'] as Int32Array;
  const { tasks } = signals;
  for (let host = 0; host < signals.count; host++) {
    if (signals.up[host] === 0) continue;
    const release = satisfactionReleaseOn(signals, host, config, lower, upper);
    if (release <= 0 || signals.nowMs - lastAtMs[host] < coolingMs) continue;
    const count = tasks.rowsOnHost(host, rows);
    sortVictims(
      rows,
      count,
      BE_CPU_ORDER,
      tasks.priority,
      tasks.usedMilliCpu,
      tasks.requestMilliCpu,
      tasks.usedMemBytes,
    );
    let released = 0;
    for (let i = 0; i < count && released < release; i++) {
      decide(out, DECISION.evict, host, rows[i], EVICT_REASON.cpu, 0);
      released += tasks.requestMilliCpu[rows[i]];
    }
    if (released > 0) lastAtMs[host] = signals.nowMs;
  }
}

export const cpuEvict: Policy = {
  name: 'cpu-evict',
  about: 'evicts best effort that is squeezed too far below its request (koordlet BECPUEvict, every second)',
  moment: 'node-loop',
  periodMs: 1_000,
  defaults: DEFAULTS,
  configure,
  createState: (hostCount) => ({
    lastAtMs: new Float64Array(hostCount).fill(Number.NEGATIVE_INFINITY),
    rows: new Int32Array(4096),
  }),
  decide: decideEvict,
};
