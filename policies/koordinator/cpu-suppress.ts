/**
 * CPU suppress: every second, squeeze best effort to what the water-line leaves after everything else.
 *
 *   best effort may use = capacity x water-line - pods that are not BE - host applications that are not BE - system
 *
 * The answer is enforced as a cfs quota (this file) or as a set of cpus (cpuset-select.ts).
 * Source: pkg/koordlet/qosmanager/plugins/cpusuppress/cpu_suppress.go, qosmanager/helpers/calculator.go.
 */
import { divTrunc } from '../base/int-math.ts';
import type { KubernetesQos } from './priority-class.ts';

const CFS_PERIOD_US = 100_000;
/** The quota floor: 2 % of one cpu. */
export const MIN_QUOTA_US = 2000;
/** A quota change below 1 % of the node is not written. */
const BYPASS_RATIO = 0.01;
/** A quota grows by at most 10 % of the node per tick; it shrinks at once. */
const GROWTH_RATIO = 0.1;
const UNLIMITED = -1;

/** A pod's last sample. `known` false = a metric without a pod object; such pods count as not BE. */
export interface SuppressPod {
  readonly usedCores: number;
  readonly qosLabel?: string | undefined;
  readonly kubernetesQos?: KubernetesQos | undefined;
  readonly known: boolean;
}

export interface SuppressHostApp {
  readonly usedCores: number;
  readonly qosClass?: string | undefined;
  readonly underKubeBesteffortCgroup: boolean;
}

/** What others use, in milli-cores, each cut separately. */
export interface SuppressUse {
  readonly podNonBeMilliCpu: number;
  readonly hostAppNonBeMilliCpu: number;
  readonly systemMilliCpu: number;
}

/**
 * Splits a node's use into its three parts.
 *
 *   system = max(node - all pods - all host applications, 0, reserved)
 *
 * A pod is BE by label or by Kubernetes QoS; a host application only when it is BE and runs below the besteffort cgroup.
 * Units: cores in (doubles), milli-CPU out. Rounding: down.
 */
export function suppressUse(
  nodeUsedCores: number,
  reservedMilliCpu: number,
  pods: readonly SuppressPod[],
  hostApps: readonly SuppressHostApp[],
): SuppressUse {
  let [podsCores, podNonBeCores, appsCores, appNonBeCores] = [0, 0, 0, 0];
  for (const pod of pods) {
    podsCores += pod.usedCores;
    const isBe = pod.qosLabel === 'BE' || pod.kubernetesQos === 'BestEffort';
    if (!pod.known || !isBe) podNonBeCores += pod.usedCores;
  }
  for (const app of hostApps) {
    appsCores += app.usedCores;
    if (app.qosClass !== 'BE' || !app.underKubeBesteffortCgroup) appNonBeCores += app.usedCores;
  }
  const systemCores = Math.max(nodeUsedCores - podsCores - appsCores, 0, reservedMilliCpu / 1000);
  return {
    podNonBeMilliCpu: Math.trunc(podNonBeCores * 1000),
    hostAppNonBeMilliCpu: Math.trunc(appNonBeCores * 1000),
    systemMilliCpu: Math.trunc(systemCores * 1000),
  };
}

/**
 * CPU that best effort may use on one host.
 *
 *   max(trunc(capacity * threshold / 100) - pods - host apps - system, trunc(capacity * minPercent / 100))
 *
 * Units: milli-CPU, percent. minPercent NaN = no floor; then the result may be negative (the policies floor it).
 */
export function suppressMilliCpu(
  capacityMilliCpu: number,
  thresholdPercent: number,
  minPercent: number,
  podNonBeMilliCpu: number,
  hostAppNonBeMilliCpu: number,
  systemMilliCpu: number,
): number {
  const line = divTrunc(capacityMilliCpu * thresholdPercent, 100);
  const left = line - podNonBeMilliCpu - hostAppNonBeMilliCpu - systemMilliCpu;
  return Number.isNaN(minPercent) ? left : Math.max(left, divTrunc(capacityMilliCpu * minPercent, 100));
}

/**
 * CPU that best effort may use, per host.
 *
 *   system = max(systemUsed, 0, reserved); otherwise see suppressMilliCpu
 *
 * Shape: columns of `count` rows; percents are scalars, minPercent NaN = no floor. Units: milli-CPU; fractions are cut.
 */
export function suppressTarget(
  count: number,
  capacityMilliCpu: Float64Array,
  thresholdPercent: number,
  minPercent: number,
  nonBePodUsedMilliCpu: Float64Array,
  nonBeHostAppUsedMilliCpu: Float64Array,
  systemUsedMilliCpu: Float64Array,
  reservedMilliCpu: Float64Array,
  outMilliCpu: Float64Array,
): void {
  for (let i = 0; i < count; i++) {
    const systemMilliCpu = Math.max(systemUsedMilliCpu[i], 0, reservedMilliCpu[i]);
    outMilliCpu[i] = suppressMilliCpu(
      capacityMilliCpu[i],
      thresholdPercent,
      minPercent,
      Math.trunc(nonBePodUsedMilliCpu[i]),
      Math.trunc(nonBeHostAppUsedMilliCpu[i]),
      Math.trunc(systemMilliCpu),
    );
  }
}

/**
 * The next quota of the besteffort cgroup.
 *
 *   target = max(trunc(suppress * 100), 2000)
 *   |target - current| < 1 % of the node, and target is not 2000          -> current (strict; K7: also when unlimited)
 *   target - current > 10 % of the node, and current is not unlimited     -> current + trunc(10 % of the node)
 *   otherwise                                                             -> target
 *
 * Units: whole cpus, milli-CPU, microseconds per 100 000 us; -1 = unlimited.
 */
export function nextQuotaUs(
  capacityCpus: number,
  suppressMilliCpuNow: number,
  currentQuotaUs: number,
  cfsBypassKeepsUnlimited = true,
): number {
  const targetUs = Math.max(divTrunc(suppressMilliCpuNow * CFS_PERIOD_US, 1000), MIN_QUOTA_US);
  const nodeUs = capacityCpus * CFS_PERIOD_US;
  const isUnlimited = currentQuotaUs === UNLIMITED;
  const isSmall = Math.abs(targetUs - currentQuotaUs) < nodeUs * BYPASS_RATIO && targetUs !== MIN_QUOTA_US;
  if (isSmall && (cfsBypassKeepsUnlimited || !isUnlimited)) return currentQuotaUs;
  const growthUs = nodeUs * GROWTH_RATIO;
  if (targetUs - currentQuotaUs > growthUs && !isUnlimited) return currentQuotaUs + Math.trunc(growthUs);
  return targetUs;
}

/** Capacity in whole cpus, rounded up, as quantities are. */
export function wholeCpus(capacityMilliCpu: number): number {
  return Math.ceil(capacityMilliCpu / 1000);
}

/**
 * One tick (1 s) of the quota policy on `count` hosts.
 *
 * Shape: columns of `count` rows; currentQuotaUs is read and written, -1 = unlimited. See nextQuotaUs.
 */
export function cfsQuotaStep(
  count: number,
  capacityMilliCpu: Float64Array,
  targetMilliCpu: Float64Array,
  currentQuotaUs: Float64Array,
): void {
  for (let i = 0; i < count; i++)
    currentQuotaUs[i] = nextQuotaUs(wholeCpus(capacityMilliCpu[i]), targetMilliCpu[i], currentQuotaUs[i]);
}

/**
 * `steps` ticks of the quota policy under a constant target.
 *
 * The next quota depends only on the current one, so the first tick that changes nothing ends the host's loop: after it
 * no later tick can. A rise takes about ten ticks per node's worth of quota, a fall one, whatever `steps` is.
 */
export function cfsQuotaSteps(
  count: number,
  capacityMilliCpu: Float64Array,
  targetMilliCpu: Float64Array,
  currentQuotaUs: Float64Array,
  steps: number,
): void {
  for (let i = 0; i < count; i++) {
    const cpus = wholeCpus(capacityMilliCpu[i]);
    const target = targetMilliCpu[i];
    let quotaUs = currentQuotaUs[i];
    for (let step = 0; step < steps; step++) {
      const nextUs = nextQuotaUs(cpus, target, quotaUs);
      if (nextUs === quotaUs) break;
      quotaUs = nextUs;
    }
    currentQuotaUs[i] = quotaUs;
  }
}
