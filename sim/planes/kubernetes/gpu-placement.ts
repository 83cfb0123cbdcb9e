/**
 * Where a pod that asks for GPUs goes: host and cards, by the policy of the plan.
 *
 * Filters are those of every pod (room, selectors, load-aware), and the cards. `device-share` adds its score to the others, as Koordinator's plugin
 * does; the packing policies decide alone, as in the comparison they come from. Such pods are few beside best effort, so hosts are scanned; a shape
 * that found none is not asked again until capacity is freed.
 */
import { assert } from '../../../policies/base/assert.ts';
import type { RandomSource } from '../../../policies/base/random-source.ts';
import type { GpuStrategy } from '../../../policies/koordinator/device-share.ts';
import { bestDeviceShareHost, deviceShareCards } from '../../../policies/koordinator/device-share-placement.ts';
import type { TypicalPods } from '../../../policies/packing/gpu/fragmentation.ts';
import type { GpuHosts, GpuPod } from '../../../policies/packing/gpu/gpu-hosts.ts';
import {
  createPackingState,
  type PackingPolicy,
  type PackingState,
} from '../../../policies/packing/gpu/packing-policy.ts';
import { PACKING_POLICIES } from '../../../policies/packing/packing-policies.ts';
import { gpuHosts, readPod } from '../../cluster/gpu-view.ts';
import { TIER_COUNT } from '../../cluster/hosts.ts';
import { keyedWord } from '../../kernel/random.ts';
import type { KubernetesPlan } from '../../plan/kubernetes.ts';
import { type PlacementView, scoreHost } from './placement.ts';

export class GpuPlacement {
  private readonly view: PlacementView;
  private readonly policy: PackingPolicy | null;
  private readonly strategy: GpuStrategy;
  private readonly weight: number;
  /** By tier. */
  private readonly hosts: readonly GpuHosts[];
  private readonly states: readonly PackingState[];
  private readonly base: Float64Array;
  private readonly pod: GpuPod;
  /** Draws made so far; the n-th is a word keyed by n. */
  private draws = 0;
  /** By shape: freeing changes when it last found no host. */
  private readonly deniedAt: number[] = [];
  private deniedEpoch = -1;

  constructor(view: PlacementView, plan: KubernetesPlan, typical: TypicalPods, salt: number) {
    const name = plan.gpuPolicy ?? 'device-share';
    this.view = view;
    this.policy = name === 'device-share' ? null : PACKING_POLICIES[name];
    assert(this.policy !== undefined, `the GPU policy "${name}" is known`);
    this.strategy = plan.gpuFit === 'most-allocated' ? 'MostAllocated' : 'LeastAllocated';
    this.weight = plan.gpuWeight ?? 1;
    const random: RandomSource = { nextUint32: () => keyedWord(salt, this.draws++) >>> 0 };
    const count = view.hosts.count;
    this.hosts = Array.from({ length: TIER_COUNT }, (_, tier) => gpuHosts(view.hosts, tier));
    this.states = this.hosts.map(() => createPackingState(count, typical, random));
    this.base = new Float64Array(count);
    this.pod = {
      cpuMilli: 0,
      memBytes: 0,
      cards: 0,
      milliPerCard: 0,
      memMilliPerCard: 0,
      memBytesPerCard: 0,
      models: 0,
      shape: 0,
    };
  }

  /** The host for a shape that asks for GPUs, -1 when it fits nowhere. */
  bestHost(shape: number): number {
    const { changes, count } = this.view.hosts;
    if (this.deniedEpoch !== changes.total[1]) {
      this.deniedEpoch = changes.total[1];
      this.deniedAt.length = 0;
    }
    if (this.deniedAt[shape] === changes.total[2]) return -1;
    const tier = this.view.shapes.tier[shape];
    const hosts = this.hosts[tier];
    for (let host = 0; host < count; host++) {
      this.base[host] = scoreHost(this.view, shape, host);
      hosts.open[host] = this.base[host] < 0 ? 0 : 1;
    }
    this.read(shape);
    const state = this.states[tier];
    const best =
      this.policy === null
        ? bestDeviceShareHost(hosts, this.pod, this.strategy, this.weight, this.base, state.score)
        : this.policy.chooseHost(hosts, this.pod, state);
    if (best < 0) this.deniedAt[shape] = changes.total[2];
    return best;
  }

  /** The cards of a host where the shape fits, as a bit mask. */
  cardsOn(shape: number, host: number): number {
    const tier = this.view.shapes.tier[shape];
    this.read(shape);
    return this.policy === null
      ? deviceShareCards(this.hosts[tier], host, this.pod, this.strategy)
      : this.policy.chooseCards(this.hosts[tier], host, this.pod, this.states[tier]);
  }

  snapshot(): number {
    return this.draws;
  }

  restore(draws: number): void {
    this.draws = draws;
    this.deniedAt.length = 0;
  }

  private read(shape: number): void {
    const { shapes, hosts } = this.view;
    readPod(
      this.pod,
      hosts.gpus,
      shapes.requestMilliCpu[shape],
      shapes.requestMemBytes[shape],
      shapes.gpuRequest[shape],
      shape,
    );
  }
}
