/**
 * YARN beside Kubernetes: batch resources go out to the NodeManager, what YARN took comes back as an allocation.
 *
 * YARN keeps running containers when its node shrinks below what it uses; it only stops placing. koordlet evicts pods, so
 * YARN containers are pushed back by cpu suppress and by their cgroup's memory limit alone.
 * Source: koordinator-sh/yarn-copilot 658fb98, pkg/controller/noderesource, pkg/yarn/cache, pkg/copilot-agent.
 */
import { BYTES_PER_MIB } from '../base/units.ts';
import type { PriorityClass } from './priority-class.ts';
import type { CpuMem } from './resources.ts';
import { NOTHING } from './resources.ts';

const BYTES_PER_DECIMAL_MB = 1_000_000;
const SHARES_PER_VCORE = 1024;

/** YARN's own units. YARN reads `memoryMb` as MiB. */
export interface YarnResource {
  readonly vcores: number;
  readonly memoryMb: number;
}

/** Batch resources YARN is offered: the origin annotation if it is there, else the node's, else nothing. */
export function batchSource(
  originAnnotation: Partial<CpuMem> | undefined,
  nodeAllocatable: Partial<CpuMem> | undefined,
): CpuMem {
  return { ...NOTHING, ...(originAnnotation ?? nodeAllocatable) };
}

/**
 * The NodeManager's size.
 *
 *   vcores = ceil(milliCpu / 1000) ; memoryMb = ceil(bytes / 10^6)
 *
 * K18: the megabytes are decimal and YARN reads them as MiB, 4.86 % more; requests of BE pods are not subtracted. With
 * the quirk off: BE pods are subtracted and memoryMb = floor(bytes / 2^20), so that YARN is never offered more than there is.
 */
export function yarnNodeResource(
  batch: CpuMem,
  beRequest: CpuMem = NOTHING,
  yarnDecimalMegabytes = true,
): YarnResource {
  if (yarnDecimalMegabytes)
    return { vcores: Math.ceil(batch.milliCpu / 1000), memoryMb: Math.ceil(batch.memBytes / BYTES_PER_DECIMAL_MB) };
  const milliCpu = Math.max(0, batch.milliCpu - beRequest.milliCpu);
  const memBytes = Math.max(0, batch.memBytes - beRequest.memBytes);
  return { vcores: Math.ceil(milliCpu / 1000), memoryMb: Math.floor(memBytes / BYTES_PER_MIB) };
}

/** What YARN uses, in Kubernetes' units: vcores * 1000 milli-CPU, MB * 2^20 bytes. */
export function yarnUsedAsBatch(used: YarnResource): CpuMem {
  return { milliCpu: used.vcores * 1000, memBytes: used.memoryMb * BYTES_PER_MIB };
}

/** The third-party allocation written to the node; undefined = no NodeManager runs there and it is cleared. */
export function yarnAllocation(
  used: YarnResource | undefined,
): { readonly name: string; readonly priorityClass: PriorityClass; readonly resources: CpuMem } | undefined {
  if (used === undefined) return undefined;
  return { name: 'hadoop-yarn', priorityClass: 'koord-batch', resources: yarnUsedAsBatch(used) };
}

/** cpu.shares of the cgroup above all YARN containers: 1024 a vcore. */
export function yarnParentShares(vcoresOfContainers: readonly number[]): number {
  return vcoresOfContainers.reduce((sum, vcores) => sum + vcores, 0) * SHARES_PER_VCORE;
}
