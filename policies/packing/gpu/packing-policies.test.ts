import { describe, expect, test } from 'vitest';
import { seededRandomSource } from '../../base/random-source.ts';
import { PACKING_POLICIES } from '../packing-policies.ts';
import { fragmentationMilli, type TypicalPods, typicalPods } from './fragmentation.ts';
import { GPU_CLASS_COUNT, type GpuHosts, type GpuPod, gpuClass } from './gpu-hosts.ts';
import { createPackingState } from './packing-policy.ts';

interface HostSpec {
  readonly cpu: number;
  readonly cards: readonly number[];
  readonly model?: number;
  readonly classes?: readonly number[];
}

function hostsOf(specs: readonly HostSpec[]): GpuHosts {
  const firstCard = new Int32Array(specs.length + 1);
  specs.forEach((spec, host) => {
    firstCard[host + 1] = firstCard[host] + spec.cards.length;
  });
  const gpuPods = new Int32Array(specs.length * GPU_CLASS_COUNT);
  specs.forEach((spec, host) => {
    for (const c of spec.classes ?? []) gpuPods[host * GPU_CLASS_COUNT + c]++;
  });
  return {
    count: specs.length,
    soldMilliCpu: Float64Array.from(specs, (spec) => spec.cpu),
    allocatedMilliCpu: new Float64Array(specs.length),
    soldMemBytes: new Float64Array(specs.length).fill(100),
    allocatedMemBytes: new Float64Array(specs.length),
    firstCard,
    cardLeftMilli: Int32Array.from(specs.flatMap((spec) => [...spec.cards])),
    cardLeftMemBytes: Float64Array.from(specs.flatMap((spec) => spec.cards.map((milli) => milli * 16))),
    cardMemBytes: new Float64Array(specs.length).fill(16_000),
    open: new Uint8Array(specs.length).fill(1),
    gpuLeftMilli: Int32Array.from(specs, (spec) => spec.cards.reduce((a, b) => a + b, 0)),
    modelBit: Int32Array.from(specs, (spec) => spec.model ?? (spec.cards.length > 0 ? 1 : 0)),
    gpuPods,
    revision: new Int32Array(specs.length),
    // Later hosts rank lower, so a tie goes to the last row.
    rank: Int32Array.from(specs, (_, host) => specs.length - host),
  };
}

function pod(cpuMilli: number, cards: number, milliPerCard: number, models = 0): GpuPod {
  return {
    cpuMilli,
    memBytes: 1,
    cards,
    milliPerCard,
    memMilliPerCard: milliPerCard,
    memBytesPerCard: 0,
    models,
    shape: 0,
  };
}

const NONE: TypicalPods = typicalPods([], [], [], [], []);

function choose(name: string, hosts: GpuHosts, wanted: GpuPod, typical = NONE): { host: number; cards: number } {
  const state = createPackingState(hosts.count, typical, seededRandomSource(7));
  const policy = PACKING_POLICIES[name as keyof typeof PACKING_POLICIES];
  const host = policy.chooseHost(hosts, wanted, state);
  return { host, cards: host < 0 ? 0 : policy.chooseCards(hosts, host, wanted, state) };
}

describe('what fits', () => {
  const names = Object.keys(PACKING_POLICIES);
  test.each(names)('%s: no host has 1 card with 600 left, so there is none', (name) => {
    expect(choose(name, hostsOf([{ cpu: 8000, cards: [500, 599] }]), pod(1000, 1, 600)).host).toBe(-1);
  });
  test.each(names)('%s: only host 1 has model bit 2', (name) => {
    const hosts = hostsOf([
      { cpu: 8000, cards: [1000], model: 1 },
      { cpu: 8000, cards: [1000], model: 2 },
      { cpu: 8000, cards: [1000], model: 4 },
    ]);
    expect(choose(name, hosts, pod(1000, 1, 1000, 2)).host).toBe(1);
  });
  test.each(names)('%s: 2 whole cards are the first two free ones', (name) => {
    expect(choose(name, hostsOf([{ cpu: 8000, cards: [900, 1000, 400, 1000, 1000] }]), pod(1000, 2, 1000))).toEqual({
      host: 0,
      cards: 0b1010,
    });
  });
  test.each(names)('%s: 8,001 milli-CPU do not fit 8,000', (name) => {
    expect(choose(name, hostsOf([{ cpu: 8000, cards: [] }]), pod(8001, 0, 0)).host).toBe(-1);
  });
});

test('best-fit: 1,000 left of 2,000 milli-GPU scores higher than 7,000 of 8,000; the share goes to the card with 300', () => {
  const hosts = hostsOf([
    { cpu: 64_000, cards: [700, 300, 1000] },
    { cpu: 64_000, cards: [1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000] },
  ]);
  expect(choose('best-fit', hosts, pod(1000, 1, 250))).toEqual({ host: 0, cards: 0b010 });
});

test('best-fit: scores 90 and 91 of 90..100 differ after normalising (0 and 10), 90 and 90 tie to the lower rank', () => {
  // CPU left after: 25,600 of 128,000 gives 0.5 x 0.2 = 0.1 -> 90; 23,040 -> 0.09 -> 91; 0 -> 100. Rank favours later rows.
  const hosts = hostsOf([
    { cpu: 25_600, cards: [] },
    { cpu: 25_600, cards: [] },
  ]);
  expect(choose('best-fit', hosts, pod(0, 0, 0)).host).toBe(1);
  const three = hostsOf([
    { cpu: 0, cards: [] },
    { cpu: 23_040, cards: [] },
    { cpu: 25_600, cards: [] },
  ]);
  expect(choose('best-fit', three, pod(0, 0, 0)).host).toBe(0);
});

test('dotprod: 64,000 x 32,000 / 128,000^2 / 2 = 0.0625 -> 93 loses to 32,000 x 32,000 -> 0.03125 -> 96', () => {
  const hosts = hostsOf([
    { cpu: 32_000, cards: [] },
    { cpu: 64_000, cards: [] },
  ]);
  expect(choose('dotprod', hosts, pod(32_000, 0, 0)).host).toBe(0);
});

test('gpu-packing: a used card (100 - 50 = 50) beats a free card of a busy host (49), which beats an idle host (31)', () => {
  const used = { cpu: 8000, cards: [500, 1000] };
  const busy = { cpu: 8000, cards: [100, 1000] };
  const idle = { cpu: 8000, cards: [1000, 1000] };
  expect(choose('gpu-packing', hostsOf([used, busy, idle]), pod(1, 1, 400))).toEqual({ host: 0, cards: 1 });
  expect(choose('gpu-packing', hostsOf([busy, idle]), pod(1, 1, 400))).toEqual({ host: 0, cards: 0b10 });
});

test('gpu-clustering: own class alone 75, own and others 50, empty 25, others 0, each plus what is packed', () => {
  const only = { cpu: 8000, cards: [500, 1000], classes: [0] };
  const mixed = { cpu: 8000, cards: [500, 1000], classes: [0, 1] };
  const empty = { cpu: 8000, cards: [1000, 1000] };
  const others = { cpu: 8000, cards: [1000, 1000], classes: [2] };
  const share = pod(1, 1, 400);
  expect(choose('gpu-clustering', hostsOf([only, mixed, empty, others]), share).host).toBe(0);
  expect(choose('gpu-clustering', hostsOf([mixed, empty, others]), share).host).toBe(0);
  expect(choose('gpu-clustering', hostsOf([empty, others]), share).host).toBe(0);
  expect([gpuClass(1, 400), gpuClass(1, 1000), gpuClass(8, 1000)]).toEqual([0, 1, 8]);
});

describe('fragmentation', () => {
  // Ten pods: 6 want one whole card and 4,000 milli-CPU, 4 a share of 500 and 1,000 milli-CPU.
  const ten = (six: number, four: number) => [...Array<number>(6).fill(six), ...Array<number>(4).fill(four)];
  const typical = typicalPods(ten(4000, 1000), ten(1, 1), ten(1000, 500), ten(0, 0), Array<string>(10).fill(''));

  test('weights are 0.6 and 0.4, most frequent first', () => {
    expect([typical.count, ...typical.milliPerCard, ...typical.weight]).toEqual([2, 1000, 500, 0.6, 0.4]);
  });

  test('cards 1000 and 700: the whole-card pod cannot use 700, the share uses both: 0.6 x 700 = 420', () => {
    expect(fragmentationMilli(typical, 8000, 1, Int32Array.of(1000, 700), 0, 2)).toBeCloseTo(420, 9);
  });

  test('with 2,000 milli-CPU left the whole-card pod has no CPU: 0.6 x 1,700 = 1,020', () => {
    expect(fragmentationMilli(typical, 2000, 1, Int32Array.of(1000, 700), 0, 2)).toBeCloseTo(1020, 9);
  });

  test('fgd puts a share of 500 on the card with 700 (frag 420 -> 0.6 x 200 + 0.4 x 200 = 200), not on the whole one', () => {
    // On the whole card: left 500 and 700, no whole card: 0.6 x 1,200 = 720 > 200.
    expect(choose('fgd', hostsOf([{ cpu: 9000, cards: [1000, 700] }]), pod(1000, 1, 500), typical)).toEqual({
      host: 0,
      cards: 0b10,
    });
  });

  test('3 % of pods are left out: 95 of 100 are covered by the first request', () => {
    const rare = typicalPods(
      [...Array<number>(97).fill(1), 2, 3, 4],
      Array<number>(100).fill(1),
      Array<number>(100).fill(1000),
      Array<number>(100).fill(0),
      Array<string>(100).fill(''),
    );
    expect([rare.count, rare.weight[0]]).toEqual([1, 1]);
  });
});
