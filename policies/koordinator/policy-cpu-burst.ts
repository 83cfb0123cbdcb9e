/**
 * The cpu-burst policy as it runs on the node: once a second it sets the burst buffer of every pod with a limit, and raises the quota
 * of throttled pods while the node has room and the pod's token bucket allows.
 *
 * Between two calls a window has passed; the bucket moves by the whole window, and the quota takes the window's steps at once, in
 * closed form (the same operation repeated until nothing changes). Naming the policy switches it on: the default here is `auto`, where
 * Koordinator's own default `none` is a plan without it. Source: koordlet qosmanager, cpuburst.
 */
import { ConfigError, fail } from '../base/assert.ts';
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
import { burstCapacity, tokensAfter, usagePercentOfLimit } from './burst-limiter.ts';
import {
  allowedWithoutLimiter,
  type CpuBurstConfig,
  cfsBurstUs,
  DEFAULT_CPU_BURST,
  DEFAULT_SHARE_POOL_THRESHOLD_PERCENT,
  isBurstable,
  needsLimiter,
  nextContainerQuotaUs,
  nodeBurstState,
  quotaOperation,
  type SharePoolPod,
} from './cpu-burst.ts';

const PERIOD_MS = 1_000;
const POLICIES = ['none', 'auto', 'cpuBurstOnly', 'cfsQuotaBurstOnly'];

const DEFAULTS = {
  ...DEFAULT_CPU_BURST,
  policy: 'auto',
  sharePoolThresholdPercent: DEFAULT_SHARE_POOL_THRESHOLD_PERCENT,
  /** K12: the limiter drops fractions of a second, and a period of 0 denies. */
  burstLimiterWholeSeconds: true,
} as const;

/** A new bucket holds up to half its capacity, drawn uniformly upstream; here it holds the mean. */
const FIRST_TOKENS = 0.5;

interface BurstState extends PolicyState {
  /** Row a pod; NaN = not looked at since it started. */
  tokens: Float64Array;
  quotaUs: Float64Array;
  burstUs: Float64Array;
  startedAtMs: Float64Array;
  lastAtMs: number;
}

/** Validation tags of upstream's NodeSLO (apis/slo/v1alpha1). A period of 0 passes and denies all the same (K12). */
const RANGES = [
  ['cpuBurstPercent', 1, 10_000],
  ['cfsQuotaBurstPercent', 100, Number.POSITIVE_INFINITY],
  ['cfsQuotaBurstPeriodSeconds', -1, Number.POSITIVE_INFINITY],
  ['sharePoolThresholdPercent', 0, 100],
] as const;

/** Complete configuration; ConfigError for a policy that does not exist and for values that upstream's validation refuses. */
function configure(config: PolicyConfig): PolicyConfig {
  const full: PolicyConfig = completeConfig('cpu-burst', DEFAULTS, config);
  if (!POLICIES.includes(full['policy'] as string))
    throw new ConfigError(`policy cpu-burst: policy is "${full['policy']}"; known: ${POLICIES.join(', ')}`);
  for (const [name, least, most] of RANGES) {
    const value = full[name] as number;
    if (!(value >= least && value <= most))
      throw new ConfigError(
        `policy cpu-burst: ${name} is ${value}; upstream takes ${least} ${most === Number.POSITIVE_INFINITY ? 'or more' : `to ${most}`}`,
      );
  }
  return full;
}

function decideBurst(signals: HostSignals, config: PolicyConfig, state: PolicyState, out: Decisions): void {
  const { pods } = signals;
  const throttling = pods?.throttling;
  if (pods === undefined || throttling === undefined) fail('cpu-burst needs throttling of single pods in the signals');
  const own = state as BurstState;
  if (own.tokens.length === 0) prepare(own, pods.count);
  const settings = config as unknown as CpuBurstConfig;
  const wholeSeconds = config['burstLimiterWholeSeconds'] as boolean;
  const elapsedMs = own.lastAtMs < 0 ? PERIOD_MS : signals.nowMs - own.lastAtMs;
  own.lastAtMs = signals.nowMs;
  const steps = Math.max(1, Math.floor(elapsedMs / PERIOD_MS));
  const limited = needsLimiter(settings, wholeSeconds);
  const capacity = burstCapacity(settings.cfsQuotaBurstPeriodSeconds, settings.cfsQuotaBurstPercent);
  const allowedAnyway = allowedWithoutLimiter(settings, wholeSeconds);
  const nodeState = Array.from({ length: signals.count }, (_, host) => {
    const usedCores = (signals.lastNonBeMilliCpu[host] + signals.lastSystemMilliCpu[host]) / 1000;
    const cpus = signals.capacityMilliCpu[host] / 1000;
    return nodeBurstState(cpus, usedCores, ownersOf(signals, host), config['sharePoolThresholdPercent'] as number);
  });
  for (let row = 0; row < pods.count; row++) {
    const host = pods.host[row];
    const limit = throttling.limitMilliCpu[row];
    const qos = pods.qos?.[row] ?? 0;
    if (host < 0 || limit <= 0 || signals.up[host] === 0 || !isBurstable(QOS_NAMES[qos], 'Running')) continue;
    if (own.startedAtMs[row] !== pods.startedAtMs[row]) startAnew(own, row, pods.startedAtMs[row], limit, capacity);
    let isAllowed = allowedAnyway;
    if (limited) {
      const percent = usagePercentOfLimit(throttling.lastUsedMilliCpu[row], limit);
      own.tokens[row] = tokensAfter(own.tokens[row], capacity, elapsedMs, percent, wholeSeconds);
      isAllowed = own.tokens[row] > 0;
    }
    const operation = quotaOperation(settings, isAllowed, throttling.throttledRatio[row], nodeState[host]);
    let quotaUs = own.quotaUs[row];
    for (let step = 0; step < steps; step++) {
      const next = nextContainerQuotaUs(operation, limit, quotaUs, settings.cfsQuotaBurstPercent);
      if (next === quotaUs) break;
      quotaUs = next;
    }
    const burstUs = cfsBurstUs(settings, limit);
    if (quotaUs === own.quotaUs[row] && burstUs === own.burstUs[row]) continue;
    own.quotaUs[row] = quotaUs;
    own.burstUs[row] = burstUs;
    decide(out, DECISION.limitPod, host, row, quotaUs, burstUs);
  }
}

/** PodSignals.qos in Koordinator's words. */
const QOS_NAMES = ['LS', 'LSR', 'LSE'] as const;

/** The pods of a host that own CPUs, as one: they are no part of the share pool. */
function ownersOf(signals: HostSignals, host: number): readonly SharePoolPod[] {
  const cpus = (signals.lseCpus?.[host] ?? 0) + (signals.lsrCpus?.[host] ?? 0);
  if (cpus === 0) return NO_PODS;
  const usedCores = (signals.lastOwnCpusMilliCpu?.[host] ?? 0) / 1000;
  return [{ qosLabel: 'LSR', requestMilliCpu: 1000 * cpus, usedCores }];
}

const NO_PODS: readonly SharePoolPod[] = [];

function prepare(state: BurstState, pods: number): void {
  state.tokens = new Float64Array(pods);
  state.quotaUs = new Float64Array(pods);
  state.burstUs = new Float64Array(pods);
  state.startedAtMs = new Float64Array(pods).fill(-1);
}

/** A pod that starts has its limit as quota, no burst buffer, and a bucket of its own. */
function startAnew(state: BurstState, row: number, startedAtMs: number, limit: number, capacity: number): void {
  state.startedAtMs[row] = startedAtMs;
  state.tokens[row] = Math.trunc((capacity * FIRST_TOKENS) / 2);
  state.quotaUs[row] = limit * 100;
  state.burstUs[row] = 0;
}

export const cpuBurst: Policy = {
  name: 'cpu-burst',
  about: 'lets throttled services exceed their limit for a short time while the node has room (koordlet CPUBurst)',
  moment: 'node-loop',
  periodMs: PERIOD_MS,
  needs: ['throttling'],
  defaults: DEFAULTS,
  configure,
  createState: (): BurstState => ({
    tokens: new Float64Array(0),
    quotaUs: new Float64Array(0),
    burstUs: new Float64Array(0),
    startedAtMs: new Float64Array(0),
    lastAtMs: -1,
  }),
  decide: decideBurst,
};
