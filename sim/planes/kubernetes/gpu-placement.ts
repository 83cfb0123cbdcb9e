/**
 * Where a pod that asks for GPUs goes: host and cards, by the policy of the plan.
 *
 * Filters are those of every pod (room, selectors, load-aware), and the cards. `device-share` adds its score to the others, as Koordinator's plugin
 * does; the packing policies decide alone, as in the comparison they come from. Such pods are few beside best effort, so hosts are scanned; a shape
 * that found none is not asked again until capacity is freed. To its owner a reservation's cards are free; those of the nominated one are taken first, and
 * a restricted one gives no other.
 */
import { assert } from '../../../policies/base/assert.ts';
import type { RandomSource } from '../../../policies/base/random-source.ts';
import type { GpuStrategy } from '../../../policies/koordinator/device-share.ts';
import { bestDeviceShareHost, deviceShareCards } from '../../../policies/koordinator/device-share-placement.ts';
import type { TypicalPods } from '../../../policies/packing/gpu/fragmentation.ts';
import { fits, type GpuHosts, type GpuPod } from '../../../policies/packing/gpu/gpu-hosts.ts';
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
import { nominate, policyOf, usableOn } from './reservation-book.ts';

export class GpuPlacement {
  private readonly view: PlacementView;
  private readonly plainView: PlacementView;
  private readonly policy: PackingPolicy | null;
  private readonly strategy: GpuStrategy;
  private readonly weight: number;
  /** By tier. */
  private readonly hosts: readonly GpuHosts[];
  /** The same with columns of its own for what is left, where somebody's cards are held. */
  private readonly ownHosts: readonly GpuHosts[];
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
    this.plainView = { ...view, reserved: undefined };
    this.policy = name === 'device-share' ? null : PACKING_POLICIES[name];
    assert(this.policy !== undefined, `the GPU policy "${name}" is known`);
    this.strategy = plan.gpuFit === 'most-allocated' ? 'MostAllocated' : 'LeastAllocated';
    this.weight = plan.gpuWeight ?? 1;
    const random: RandomSource = { nextUint32: () => keyedWord(salt, this.draws++) >>> 0 };
    const count = view.hosts.count;
    this.hosts = Array.from({ length: TIER_COUNT }, (_, tier) => gpuHosts(view.hosts, tier));
    this.ownHosts = (view.reserved?.plans ?? []).some((plan) => plan.gpu !== undefined)
      ? this.hosts.map((hosts) => ({
          ...hosts,
          cardLeftMilli: hosts.cardLeftMilli.slice(),
          cardLeftMemBytes: hosts.cardLeftMemBytes.slice(),
        }))
      : [];
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

  /** The host for a shape that asks for GPUs, -1 when it fits nowhere; with `except` never that one, and of nobody's reservation. */
  bestHost(shape: number, except = -1): number {
    const { changes, count } = this.view.hosts;
    if (this.deniedEpoch !== changes.total[1]) {
      this.deniedEpoch = changes.total[1];
      this.deniedAt.length = 0;
    }
    if (this.deniedAt[shape] === changes.total[2]) return -1;
    const tier = this.view.shapes.tier[shape];
    const isPlain = except >= 0;
    const hosts = isPlain ? this.hosts[tier] : this.hostsFor(shape);
    const view = isPlain ? this.plainView : this.view;
    for (let host = 0; host < count; host++) {
      this.base[host] = host === except ? -1 : scoreHost(view, shape, host);
      hosts.open[host] = this.base[host] < 0 ? 0 : 1;
    }
    this.read(shape);
    const state = this.states[tier];
    const best =
      this.policy === null
        ? bestDeviceShareHost(hosts, this.pod, this.strategy, this.weight, this.base, state.score)
        : this.policy.chooseHost(hosts, this.pod, state);
    if (best < 0 && !isPlain) this.deniedAt[shape] = changes.total[2];
    return best;
  }

  /** The cards of a host where the shape fits, as a bit mask; `isPlain`: of nobody's reservation. */
  cardsOn(shape: number, host: number, isPlain = false): number {
    const tier = this.view.shapes.tier[shape];
    this.read(shape);
    if (this.policy !== null) return this.policy.chooseCards(this.hosts[tier], host, this.pod, this.states[tier]);
    const hosts = isPlain ? this.hosts[tier] : this.hostsFor(shape);
    if (hosts !== this.hosts[tier]) {
      hosts.open[host] = 1;
      this.openCards(hosts, shape, host, true);
      if (!fits(hosts, host, this.pod)) this.openCards(hosts, shape, host, false);
    }
    return deviceShareCards(hosts, host, this.pod, this.strategy);
  }

  /** Hosts as a shape sees them: with cards that are held for it where there are any. */
  private hostsFor(shape: number): GpuHosts {
    const tier = this.view.shapes.tier[shape];
    const { reserved, shapes } = this.view;
    const owner = shapes.owner[shape];
    if (this.ownHosts.length === 0 || reserved === undefined || owner < 0) return this.hosts[tier];
    const own = this.ownHosts[tier];
    own.cardLeftMilli.set(this.hosts[tier].cardLeftMilli);
    own.cardLeftMemBytes.set(this.hosts[tier].cardLeftMemBytes);
    for (let host = 0; host < own.count; host++)
      if (reserved.byHost[host].length > 0) this.openCards(own, shape, host, false);
    return own;
  }

  /** Writes what a shape may have of the cards of a host; `isNominated`: of those alone that the nominated reservation has. */
  private openCards(own: GpuHosts, shape: number, host: number, isNominated: boolean): void {
    const { reserved, shapes } = this.view;
    if (reserved === undefined) return;
    const { cardLeftMilli, cardLeftMemBytes } = this.hosts[shapes.tier[shape]];
    const usable = usableOn(reserved, shapes.owner[shape], host);
    const nominated = nominate(usable, reserved.amountsOf(shape));
    const isRestricted = nominated !== undefined && policyOf(reserved, nominated) === 'restricted';
    const isNarrow = isRestricted || (isNominated && nominated !== undefined);
    const givers = isNarrow && nominated !== undefined ? [nominated] : usable;
    const first = own.firstCard[host];
    for (let at = first; at < own.firstCard[host + 1]; at++) {
      const held = givers.flatMap(({ cards }) => cards.filter(({ card }) => card === at - first));
      const isOpen = !isNarrow || held.length > 0;
      const withFree = isOpen && !isRestricted;
      own.cardLeftMilli[at] = (withFree ? cardLeftMilli[at] : 0) + held.reduce((sum, { milli }) => sum + milli, 0);
      own.cardLeftMemBytes[at] =
        (withFree ? cardLeftMemBytes[at] : 0) + held.reduce((sum, { memBytes }) => sum + memBytes, 0);
    }
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
