/** What a GPU packing policy sees of a cluster: the columns of one tier and the cards. */
import type { GpuHosts, GpuPod } from '../../policies/packing/gpu/gpu-hosts.ts';
import type { GpuTable } from './gpus.ts';
import type { HostTable } from './hosts.ts';

/** A view of the columns themselves, all hosts open; ties go to the lowest host number unless `rank` says otherwise. */
export function gpuHosts(hosts: HostTable, tier: number, rank?: Int32Array): GpuHosts {
  const { gpus, count } = hosts;
  const ofTier = (column: Float64Array) => column.subarray(tier * count, (tier + 1) * count);
  return {
    count,
    soldMilliCpu: ofTier(hosts.soldMilliCpu),
    allocatedMilliCpu: ofTier(hosts.allocatedMilliCpu),
    soldMemBytes: ofTier(hosts.soldMemBytes),
    allocatedMemBytes: ofTier(hosts.allocatedMemBytes),
    firstCard: gpus.firstCard,
    cardLeftMilli: gpus.cardLeftMilli,
    cardLeftMemBytes: gpus.cardLeftMemBytes,
    cardMemBytes: gpus.cardMemBytes,
    gpuLeftMilli: gpus.gpuLeftMilli,
    modelBit: gpus.modelBit,
    gpuPods: gpus.gpuPods,
    revision: gpus.revision,
    rank: rank ?? Int32Array.from({ length: count }, (_, host) => host),
    open: new Uint8Array(count).fill(1),
  };
}

/** Writes a request into `pod`; `shape` numbers requests that ask for the same. */
export function readPod(
  pod: GpuPod,
  gpus: GpuTable,
  milliCpu: number,
  memBytes: number,
  gpuRequest: number,
  shape: number,
): void {
  const { requests } = gpus;
  pod.cpuMilli = milliCpu;
  pod.memBytes = memBytes;
  pod.cards = requests.cards[gpuRequest];
  pod.milliPerCard = requests.milliPerCard[gpuRequest];
  pod.memMilliPerCard = requests.memMilliPerCard[gpuRequest];
  pod.memBytesPerCard = requests.memBytesPerCard[gpuRequest];
  pod.models = requests.models[gpuRequest];
  pod.shape = shape;
}
