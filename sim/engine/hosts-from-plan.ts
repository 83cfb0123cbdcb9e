/** Host columns from the shapes of a plan: hosts of a shape stand together, racks are filled in order. */
import { BYTES_PER_GIB, MILLI_PER_CPU } from '../../policies/base/units.ts';
import { amplificationRatio, amplifiedAllocatable } from '../../policies/koordinator/cpu-normalization.ts';
import { type CpuRequests, cpuRequests, NUMA_POLICY } from '../cluster/cpusets.ts';
import { createGpuTable, type GpuRequests, noGpuRequests } from '../cluster/gpus.ts';
import { createHostTable, type HostTable, TIER } from '../cluster/hosts.ts';
import { createZones, noZones } from '../cluster/zones.ts';
import type { ClusterPlan } from '../plan/cluster.ts';
import { cpusFromPlan } from './cpus-from-plan.ts';
import { gpuModelBits } from './gpus-from-plan.ts';

export interface PlannedHosts {
  readonly hosts: HostTable;
  readonly watts: { readonly idle: Float64Array; readonly max: Float64Array };
  readonly threadsPerCore: Float64Array;
  /** GB/s of the whole host. */
  readonly bandwidth: Float64Array;
}

/** Memory of a GPU whose plan says nothing: NVIDIA T4 and V100-16G. */
const DEFAULT_GPU_MEM_GIB = 16;

/**
 * The hosts of a cluster. Racks take hosts round-robin over shapes in proportion, so that a rack holds a mix.
 *
 * `sellsByZone`: hosts with a NUMA topology policy sell batch resources by NUMA node. Rounding: milli-CPU and bytes are whole; reservations and system use are rounded up.
 */
export function hostsFromPlan(
  cluster: ClusterPlan,
  requests: GpuRequests = noGpuRequests(),
  cpus: CpuRequests = cpuRequests([]),
  sellsByZone = false,
): PlannedHosts {
  const count = cluster.shapes.reduce((sum, shape) => sum + shape.count, 0);
  const bits = gpuModelBits(cluster);
  const each = (of: (shape: ClusterPlan['shapes'][number]) => number) =>
    cluster.shapes.flatMap((shape) => new Array<number>(shape.count).fill(of(shape)));
  const gpus = createGpuTable(
    {
      cards: each((shape) => shape.gpus),
      memBytesPerCard: each((shape) => (shape.gpus > 0 ? (shape.gpuMemGib ?? DEFAULT_GPU_MEM_GIB) * BYTES_PER_GIB : 0)),
      modelBit: Int32Array.from(each((shape) => (shape.gpus > 0 ? (bits.get(shape.gpuModel ?? '') ?? 0) : 0))),
    },
    requests,
  );
  const zones = sellsByZone
    ? createZones(
        each((shape) => shape.numaNodes ?? 1),
        Uint8Array.from(each((shape) => NUMA_POLICY[shape.numaTopologyPolicy ?? 'none'])),
      )
    : noZones(count);
  const hosts = createHostTable(count, gpus, cpusFromPlan(cluster, cpus), zones);
  const idle = new Float64Array(count);
  const max = new Float64Array(count);
  const threadsPerCore = new Float64Array(count);
  const bandwidth = new Float64Array(count);
  const racks = Math.max(1, Math.ceil(count / cluster.hostsPerRack));
  let host = 0;
  for (const [index, shape] of cluster.shapes.entries()) {
    for (let i = 0; i < shape.count; i++, host++) {
      const cpu = shape.cpuCores * MILLI_PER_CPU;
      const mem = shape.memGib * BYTES_PER_GIB;
      hosts.shape[host] = index;
      hosts.rack[host] = shape.rack ?? host % racks;
      hosts.capacityMilliCpu[host] = cpu;
      hosts.capacityMemBytes[host] = mem;
      hosts.systemMilliCpu[host] = Math.ceil((cpu * cluster.systemCpuPercent) / 100);
      hosts.systemMemBytes[host] = Math.ceil((mem * cluster.systemMemPercent) / 100);
      hosts.reservedMilliCpu[host] = Math.ceil((cpu * cluster.reservedCpuPercent) / 100);
      hosts.reservedMemBytes[host] = Math.ceil((mem * cluster.reservedMemPercent) / 100);
      const normalization = shape.cpuNormalizationRatio ?? 1;
      const amplification = amplificationRatio(shape.cpuAmplificationRatio, normalization);
      hosts.cpuNormalizationRatio[host] = normalization;
      hosts.cpuAmplificationRatio[host] = amplification;
      hosts.soldMilliCpu[TIER.native * count + host] = amplifiedAllocatable(
        cpu - hosts.reservedMilliCpu[host],
        amplification,
      );
      hosts.soldMemBytes[TIER.native * count + host] = mem - hosts.reservedMemBytes[host];
      idle[host] = shape.idleWatts;
      max[host] = shape.maxWatts;
      threadsPerCore[host] = shape.threadsPerCore;
      bandwidth[host] = shape.memBandwidthGbPerSecond;
    }
  }
  return { hosts, watts: { idle, max }, threadsPerCore, bandwidth };
}
