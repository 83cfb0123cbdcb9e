/**
 * Dot product: the host whose free CPU and GPU point least along what the pod wants.
 *
 *   s = trunc(100 (1 - 0.5 (cpu left x c / 128000^2 + GPU left x g m / 8000^2)))
 *
 * Source: the ATC 2023 GPU packing simulator.
 */
import { tightestCards } from './card-choice.ts';
import type { GpuHosts, GpuPod } from './gpu-hosts.ts';
import { bestByScore, type PackingPolicy } from './packing-policy.ts';

const LARGEST_CPU_MILLI = 128_000;
const LARGEST_GPU_MILLI = 8_000;

function score(hosts: GpuHosts, host: number, pod: GpuPod): number {
  const cpuLeft = hosts.soldMilliCpu[host] - hosts.allocatedMilliCpu[host];
  const cpu = (cpuLeft / LARGEST_CPU_MILLI) * (pod.cpuMilli / LARGEST_CPU_MILLI);
  const gpu = (hosts.gpuLeftMilli[host] / LARGEST_GPU_MILLI) * ((pod.cards * pod.milliPerCard) / LARGEST_GPU_MILLI);
  return Math.trunc((1 - (cpu + gpu) * 0.5) * 100);
}

export const dotProduct: PackingPolicy = {
  name: 'dotprod',
  about: 'the host whose free CPU and GPU are least aligned with the request',
  chooseHost: (hosts, pod, state) => bestByScore(hosts, pod, state, score),
  chooseCards: tightestCards,
};
