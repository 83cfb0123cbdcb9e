/**
 * One whole tick of CPU suppress on one node: quantity, chosen mechanism, recovery of the other mechanism.
 *
 * Source: pkg/koordlet/qosmanager/plugins/cpusuppress/cpu_suppress.go suppressBECPU.
 */
import type { SuppressHostApp, SuppressPod } from './cpu-suppress.ts';
import { nextQuotaUs, suppressMilliCpu, suppressUse, wholeCpus } from './cpu-suppress.ts';
import type { CpuHolders, Processor } from './cpuset-select.ts';
import { adjustCpuset, recoveredCpuset } from './cpuset-select.ts';
import type { KoordinatorQuirks } from './quirks.ts';
import { PRODUCTION_QUIRKS } from './quirks.ts';

export interface SuppressSettings {
  /** False = nothing is suppressed and both mechanisms are recovered. */
  readonly enable: boolean;
  readonly cpuSuppressThresholdPercent: number;
  readonly cpuSuppressMinPercent?: number;
  /** Everything but cfsQuota means cpuset. */
  readonly cpuSuppressPolicy: string;
}

export interface SuppressNode {
  readonly capacityMilliCpu: number;
  readonly reservedMilliCpu: number;
  /** undefined = no metric: the tick does nothing. */
  readonly nodeUsedCores?: number;
  readonly pods: readonly SuppressPod[];
  readonly hostApps: readonly SuppressHostApp[];
  readonly processors: readonly Processor[];
  readonly holders: CpuHolders;
}

/** What is written in the besteffort cgroup. */
export interface BeCpuState {
  /** Microseconds per 100 000 us, -1 = unlimited. */
  readonly quotaUs: number;
  /** Ascending. */
  readonly cpus: readonly number[];
}

/** The quantity of a node, from its samples. */
export function suppressQuantity(
  settings: Omit<SuppressSettings, 'enable' | 'cpuSuppressPolicy'>,
  node: SuppressNode,
): number {
  const use = suppressUse(node.nodeUsedCores ?? 0, node.reservedMilliCpu, node.pods, node.hostApps);
  return suppressMilliCpu(
    node.capacityMilliCpu,
    settings.cpuSuppressThresholdPercent,
    settings.cpuSuppressMinPercent ?? Number.NaN,
    use.podNonBeMilliCpu,
    use.hostAppNonBeMilliCpu,
    use.systemMilliCpu,
  );
}

/**
 * The next state of the besteffort cgroup.
 *
 * cfsQuota: quota steps, cpuset is recovered. cpuset: set is adjusted, quota is -1. Off: both recovered. Without pod
 * objects or without a node metric nothing is touched.
 */
export function suppressTick(
  settings: SuppressSettings,
  node: SuppressNode,
  state: BeCpuState,
  quirks: KoordinatorQuirks = PRODUCTION_QUIRKS,
): BeCpuState {
  const recovered = recoveredCpuset(node.processors, node.holders);
  if (!settings.enable) return { quotaUs: -1, cpus: recovered };
  if (node.nodeUsedCores === undefined || !node.pods.some((pod) => pod.known)) return state;
  const quantity = suppressQuantity(settings, node);
  if (settings.cpuSuppressPolicy === 'cfsQuota') {
    const cpus = wholeCpus(node.capacityMilliCpu);
    return { quotaUs: nextQuotaUs(cpus, quantity, state.quotaUs, quirks.cfsBypassKeepsUnlimited), cpus: recovered };
  }
  const { cpus } = adjustCpuset(quantity, state.cpus, node.processors, node.holders, quirks);
  return { quotaUs: -1, cpus };
}
