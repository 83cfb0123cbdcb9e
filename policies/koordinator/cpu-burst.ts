/**
 * CPU burst: let latency-sensitive containers exceed their limit for a short time while the node has room.
 *
 * Two mechanisms: the kernel's burst buffer (static value) and a quota that grows while a container is throttled.
 * Source: pkg/koordlet/qosmanager/plugins/cpuburst/cpu_burst.go.
 */

const CFS_PERIOD_US = 100_000;
const UP = 1.2;
const DOWN = 0.8;
const COOLING_RATIO = 0.9;

export type NodeBurstState = 'idle' | 'cooling' | 'overload' | 'unknown';

/** Fields a pod annotation may override one by one. */
export interface CpuBurstConfig {
  /** none, auto, cpuBurstOnly or cfsQuotaBurstOnly. */
  readonly policy: string;
  readonly cpuBurstPercent: number;
  readonly cfsQuotaBurstPercent: number;
  /** Negative = no limiter. */
  readonly cfsQuotaBurstPeriodSeconds: number;
}

export const DEFAULT_CPU_BURST: CpuBurstConfig = Object.freeze({
  policy: 'none',
  cpuBurstPercent: 1000,
  cfsQuotaBurstPercent: 300,
  cfsQuotaBurstPeriodSeconds: -1,
});

export const DEFAULT_SHARE_POOL_THRESHOLD_PERCENT = 50;

/** Node settings with the pod's own put over them. */
export function podBurstConfig(node: CpuBurstConfig, pod: Partial<CpuBurstConfig> | undefined): CpuBurstConfig {
  const set = Object.entries(pod ?? {}).filter(([, value]) => value !== undefined);
  return { ...node, ...Object.fromEntries(set) };
}

/** Whether a pod takes part: Running or Pending, and not LSE, LSR or BE. */
export function isBurstable(qosLabel: string | undefined, phase: string): boolean {
  if (phase !== 'Running' && phase !== 'Pending') return false;
  return qosLabel !== 'LSE' && qosLabel !== 'LSR' && qosLabel !== 'BE';
}

export interface SharePoolPod {
  readonly qosLabel?: string | undefined;
  readonly requestMilliCpu: number;
  /** undefined = no metric. */
  readonly usedCores?: number | undefined;
}

/**
 * State of the pool of shared cpus.
 *
 *   total = logical cpus - requests of LSE and LSR pods ; used = node - usage of LSE, LSR and BE pods
 *   ratio = total > 0 ? used / total : 1
 *   ratio >= threshold: overload ; >= 0.9 * threshold: cooling ; else idle ; node data missing: unknown
 *
 * Units: cores (doubles), milli-CPU requests, percent.
 */
export function nodeBurstState(
  logicalCpus: number | undefined,
  nodeUsedCores: number | undefined,
  pods: readonly SharePoolPod[],
  sharePoolThresholdPercent: number,
): NodeBurstState {
  if (logicalCpus === undefined || nodeUsedCores === undefined) return 'unknown';
  let totalCores = logicalCpus;
  let usedCores = nodeUsedCores;
  for (const pod of pods) {
    const isExclusive = pod.qosLabel === 'LSE' || pod.qosLabel === 'LSR';
    if (isExclusive) totalCores -= pod.requestMilliCpu / 1000;
    if (isExclusive || pod.qosLabel === 'BE') usedCores -= pod.usedCores ?? 0;
  }
  const ratio = totalCores > 0 ? usedCores / totalCores : 1;
  const threshold = sharePoolThresholdPercent / 100;
  if (ratio >= threshold) return 'overload';
  return ratio >= threshold * COOLING_RATIO ? 'cooling' : 'idle';
}

/**
 * Static burst of a container: trunc(limit / 1000 * percent / 100 * 100000) microseconds.
 *
 * 0 for policies other than auto and cpuBurstOnly and for containers without a limit. A pod's value is the sum.
 */
export function cfsBurstUs(config: CpuBurstConfig, limitMilliCpu: number | undefined): number {
  if (config.policy !== 'auto' && config.policy !== 'cpuBurstOnly') return 0;
  if (limitMilliCpu === undefined || limitMilliCpu <= 0) return 0;
  const cores = (limitMilliCpu / 1000) * (config.cpuBurstPercent / 100);
  return Math.trunc(cores * CFS_PERIOD_US);
}

export type QuotaOperation = 'up' | 'down' | 'remain' | 'reset';

/** Whether a token bucket decides: a period of 0 or more and a percent of 100 or more; K12 off: a period above 0. */
export function needsLimiter(config: CpuBurstConfig, burstLimiterWholeSeconds = true): boolean {
  const period = config.cfsQuotaBurstPeriodSeconds;
  return config.cfsQuotaBurstPercent >= 100 && (burstLimiterWholeSeconds ? period >= 0 : period > 0);
}

/** Whether a burst is allowed where no token bucket decides: no period: yes; a percent below 100: no. */
export function allowedWithoutLimiter(config: CpuBurstConfig, burstLimiterWholeSeconds = true): boolean {
  const period = config.cfsQuotaBurstPeriodSeconds;
  if (period < 0 || (period === 0 && !burstLimiterWholeSeconds)) return true;
  return config.cfsQuotaBurstPercent >= 100;
}

/**
 * What happens to a container's quota.
 *
 *   policy without quota burst -> reset ; limiter denies -> down ; throttled -> up ; else remain
 *   then by node: overload turns up and remain into down, cooling and unknown turn up into remain
 *
 * throttledRatio undefined = no metric: remain.
 */
export function quotaOperation(
  config: CpuBurstConfig,
  isAllowed: boolean,
  throttledRatio: number | undefined,
  nodeState: NodeBurstState,
): QuotaOperation {
  if (config.policy !== 'auto' && config.policy !== 'cfsQuotaBurstOnly') return 'reset';
  if (!isAllowed) return 'down';
  if (nodeState === 'overload') return 'down';
  return nodeState === 'idle' && throttledRatio !== undefined && throttledRatio > 0 ? 'up' : 'remain';
}

/** Quota of a limit: 100 microseconds per milli-CPU. */
export function baseQuotaUs(limitMilliCpu: number): number {
  return limitMilliCpu * 100;
}

/**
 * A container's next quota.
 *
 *   ceil   = percent > 100 ? trunc(base * percent / 100) : base
 *   target = up trunc(cur * 1.2) | down trunc(cur * 0.8) | reset base | remain cur, limited to [base, ceil]
 *
 * Units: microseconds per 100 000 us.
 */
export function nextContainerQuotaUs(
  operation: QuotaOperation,
  limitMilliCpu: number,
  currentQuotaUs: number,
  cfsQuotaBurstPercent: number,
): number {
  const base = baseQuotaUs(limitMilliCpu);
  const ceiling = cfsQuotaBurstPercent > 100 ? Math.trunc((base * cfsQuotaBurstPercent) / 100) : base;
  let target = currentQuotaUs;
  if (operation === 'up') target = Math.trunc(currentQuotaUs * UP);
  else if (operation === 'down') target = Math.trunc(currentQuotaUs * DOWN);
  else if (operation === 'reset') target = base;
  return Math.max(base, Math.min(target, ceiling));
}

export interface BurstContainer {
  /** undefined = unlimited: the container is left alone. */
  readonly limitMilliCpu?: number | undefined;
  readonly currentQuotaUs: number;
  readonly throttledRatio?: number | undefined;
  /** What the limiter said, or allowedWithoutLimiter. */
  readonly isAllowed: boolean;
}

/**
 * One tick of the quota mechanism for a pod.
 *
 * A pod's quota moves by what its containers' quotas moved, unless it is 0 or unlimited.
 * Shape: containerQuotaUs[i] belongs to containers[i].
 */
export function cfsQuotaBurst(
  config: CpuBurstConfig,
  nodeState: NodeBurstState,
  podQuotaUs: number,
  containers: readonly BurstContainer[],
): { readonly containerQuotaUs: readonly number[]; readonly podQuotaUs: number } {
  let pod = podQuotaUs;
  const containerQuotaUs = containers.map((container) => {
    const { limitMilliCpu, currentQuotaUs } = container;
    if (limitMilliCpu === undefined || limitMilliCpu <= 0) return currentQuotaUs;
    const operation = quotaOperation(config, container.isAllowed, container.throttledRatio, nodeState);
    const target = nextContainerQuotaUs(operation, limitMilliCpu, currentQuotaUs, config.cfsQuotaBurstPercent);
    if (pod > 0) pod += target - currentQuotaUs;
    return target;
  });
  return { containerQuotaUs, podQuotaUs: pod };
}
