/**
 * GPU clustering: pods of one class (a share of a card, or n whole cards) gather on the same hosts.
 *
 *   q = trunc(25 (8000 - GPU left) / 8000);  no GPU: 0
 *   only my class on the host: 75 + q;  mine and others: 50 + q;  no GPU pod: 25 + q;  only others: q
 *
 * Source: the ATC 2023 GPU packing simulator.
 */
import { tightestCards } from './card-choice.ts';
import { GPU_CLASS_COUNT, type GpuHosts, type GpuPod, gpuClass } from './gpu-hosts.ts';
import { bestByScore, type PackingPolicy } from './packing-policy.ts';

const LARGEST_GPU_MILLI = 8_000;

function score(hosts: GpuHosts, host: number, pod: GpuPod): number {
  if (pod.milliPerCard === 0) return 0;
  const packed = Math.trunc((25 * (LARGEST_GPU_MILLI - hosts.gpuLeftMilli[host])) / LARGEST_GPU_MILLI);
  const at = host * GPU_CLASS_COUNT;
  const mine = hosts.gpuPods[at + gpuClass(pod.cards, pod.milliPerCard)];
  let all = 0;
  for (let c = 0; c < GPU_CLASS_COUNT; c++) all += hosts.gpuPods[at + c];
  if (all === 0) return 25 + packed;
  if (mine === 0) return packed;
  return (mine === all ? 75 : 50) + packed;
}

export const gpuClustering: PackingPolicy = {
  name: 'gpu-clustering',
  about: 'pods of one GPU class gather on the same hosts',
  chooseHost: (hosts, pod, state) => bestByScore(hosts, pod, state, score),
  chooseCards: tightestCards,
};
