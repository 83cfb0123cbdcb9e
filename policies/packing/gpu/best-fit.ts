/**
 * Best fit over CPU and GPU: the host with the least left after the pod.
 *
 *   s = trunc(100 (1 - 0.5 (cpu left - c) / 128000 - 0.5 (GPU left - g m) / 8000)), then trunc(100 (s - min) / (max - min)) over fitting hosts
 *
 * 128,000 milli-CPU and 8,000 milli-GPU are the largest host. Equal scores everywhere normalise to 0.
 * Source: the ATC 2023 GPU packing simulator.
 */
import { tightestCards } from './card-choice.ts';
import { fits, type GpuHosts, type GpuPod } from './gpu-hosts.ts';
import type { PackingPolicy, PackingState } from './packing-policy.ts';

const LARGEST_CPU_MILLI = 128_000;
const LARGEST_GPU_MILLI = 8_000;
const NOT_FITTING = -2147483648;

function chooseHost(hosts: GpuHosts, pod: GpuPod, state: PackingState): number {
  const { score } = state;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let host = 0; host < hosts.count; host++) {
    score[host] = NOT_FITTING;
    if (!fits(hosts, host, pod)) continue;
    const cpuAfter = hosts.soldMilliCpu[host] - hosts.allocatedMilliCpu[host] - pod.cpuMilli;
    const gpuAfter = hosts.gpuLeftMilli[host] - pod.cards * pod.milliPerCard;
    const s = Math.trunc((1 - ((0.5 * cpuAfter) / LARGEST_CPU_MILLI + (0.5 * gpuAfter) / LARGEST_GPU_MILLI)) * 100);
    score[host] = s;
    if (s < low) low = s;
    if (s > high) high = s;
  }
  let best = -1;
  let bestScore = 0;
  for (let host = 0; host < hosts.count; host++) {
    if (score[host] === NOT_FITTING) continue;
    const s = high === low ? 0 : Math.trunc(((score[host] - low) * 100) / (high - low));
    if (best < 0 || s > bestScore || (s === bestScore && hosts.rank[host] < hosts.rank[best])) {
      best = host;
      bestScore = s;
    }
  }
  return best;
}

export const bestFit: PackingPolicy = {
  name: 'best-fit',
  about: 'the host with the least CPU and GPU left after the pod',
  chooseHost,
  chooseCards: tightestCards,
};
