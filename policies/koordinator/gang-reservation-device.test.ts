import { describe, expect, test } from 'vitest';
import { allocateGpu, type GpuCard, resolveGpuRequest, scoreCard } from './device-share.ts';
import { createGangGroup, expireGang, failPod, type GangSpec, isGangReady, mayTryGang, permitPod } from './gang.ts';
import { allocateCpuset, type CpuRequest, type CpuTopology, needsCpuset, numaMilliCpuOf } from './numa-allocate.ts';
import {
  chooseReservation,
  fitsReservation,
  type Reservation,
  scoreNodesByReservation,
  scoreReservation,
} from './reservation.ts';

describe('gang', () => {
  const spec = (over: Partial<GangSpec> = {}): GangSpec => ({
    name: 'train',
    minimum: 2,
    total: 3,
    strict: true,
    matchPolicy: 'once-satisfied',
    waitMs: 600_000,
    ...over,
  });

  test('one of two pods waits, the second lets both through, and a third goes at once', () => {
    const group = createGangGroup([spec()]);
    const [gang] = group.gangs;
    gang.children = 1;
    expect(mayTryGang(gang)).toBe(false);
    gang.children = 3;
    expect(mayTryGang(gang)).toBe(true);
    expect(permitPod(group, gang, 11, 0)).toEqual([]);
    expect(permitPod(group, gang, 12, 5)).toEqual([11, 12]);
    expect(gang.bound).toBe(2);
    expect(permitPod(group, gang, 13, 9)).toEqual([13]);
  });

  test('two gangs of a group wait for each other', () => {
    const group = createGangGroup([spec({ minimum: 1 }), spec({ name: 'serve', minimum: 1 })]);
    expect(permitPod(group, group.gangs[0], 1, 0)).toEqual([]);
    expect(permitPod(group, group.gangs[1], 2, 0)).toEqual([1, 2]);
  });

  test('only-waiting counts no running pods, waiting-and-running does', () => {
    for (const [matchPolicy, ready] of [
      ['only-waiting', false],
      ['waiting-and-running', true],
    ] as const) {
      const group = createGangGroup([spec({ matchPolicy })]);
      const [gang] = group.gangs;
      gang.bound = 1;
      gang.waiting.push(5);
      expect(isGangReady(gang, group)).toBe(ready);
    }
  });

  test('a failed pod sends a strict gang back and leaves another one waiting', () => {
    const strict = createGangGroup([spec()]);
    permitPod(strict, strict.gangs[0], 7, 0);
    expect(failPod(strict, strict.gangs[0])).toEqual([7]);
    expect(strict.gangs[0].waiting).toEqual([]);
    const lenient = createGangGroup([spec({ strict: false })]);
    permitPod(lenient, lenient.gangs[0], 7, 0);
    expect(failPod(lenient, lenient.gangs[0])).toEqual([]);
  });

  test('after 600 s at the gate the pods go back, at 599 s they still wait', () => {
    const group = createGangGroup([spec()]);
    permitPod(group, group.gangs[0], 7, 1_000);
    expect(expireGang(group, 600_999)).toEqual([]);
    expect(expireGang(group, 601_000)).toEqual([7]);
    expect(expireGang(group, 999_999)).toEqual([]);
  });
});

describe('reservation', () => {
  const reservation = (over: Partial<Reservation> = {}): Reservation => ({
    name: 'r',
    node: 0,
    allocatable: { cpuMilli: 4000, memoryBytes: 8000 },
    allocated: {},
    allocateOnce: true,
    owners: 0,
    order: 0,
    createdAtMs: 0,
    timeToLiveMs: 86_400_000,
    ...over,
  });
  const request = { cpuMilli: 3000, memoryBytes: 2000 };

  test('3000 of 4000m and 2000 of 8000 bytes score (75 + 25) / 2 = 50', () => {
    expect(scoreReservation(reservation(), request)).toBe(50);
  });

  test('a dimension that would overflow adds nothing: (0 + 25) / 2 = 12', () => {
    expect(scoreReservation(reservation({ allocated: { cpuMilli: 2000 } }), request)).toBe(12);
  });

  test('it is full after one owner, after 24 h, or when the rest is too small', () => {
    expect(fitsReservation(reservation(), request, 86_399_999)).toBe(true);
    expect(fitsReservation(reservation(), request, 86_400_000)).toBe(false);
    expect(fitsReservation(reservation({ owners: 1 }), request, 0)).toBe(false);
    expect(fitsReservation(reservation({ owners: 1, allocateOnce: false }), request, 0)).toBe(true);
    expect(fitsReservation(reservation({ allocated: { cpuMilli: 1001 } }), request, 0)).toBe(false);
  });

  test('the fuller reservation is taken, unless another one carries an order', () => {
    const small = reservation({ name: 'small' });
    const large = reservation({ name: 'large', node: 1, allocatable: { cpuMilli: 8000, memoryBytes: 8000 } });
    expect(chooseReservation([large, small], request, 0)?.name).toBe('small');
    expect(chooseReservation([small, { ...large, order: 9 }], request, 0)?.name).toBe('large');
    expect(chooseReservation([], request, 0)).toBeUndefined();
  });

  test('nodes score 50 and 31 of 50 -> 100 and 62; with an order 1000 -> 100 and 50 of 1000 -> 5', () => {
    const small = reservation({ name: 'small' });
    // large: 3000/8000 = 37, 2000/8000 = 25, mean 31 ; 31 x 100 / 50 = 62
    const large = reservation({ name: 'large', node: 1, allocatable: { cpuMilli: 8000, memoryBytes: 8000 } });
    const out = new Int32Array(3);
    scoreNodesByReservation([small, large], request, 0, out);
    expect([...out]).toEqual([100, 62, 0]);
    scoreNodesByReservation([small, { ...large, order: 1 }], request, 0, out);
    expect([...out]).toEqual([5, 100, 0]);
  });
});

describe('device share', () => {
  const GIB = 1_073_741_824;
  const card = (id: number, usedCorePercent: number, usedMemoryBytes: number): GpuCard => ({
    id,
    healthy: true,
    memoryBytes: 16 * GIB,
    usedCorePercent,
    usedMemoryBytes,
  });

  test('half a card with 4 of 16 GiB is a ratio of 25 %, two cards are 100 % each', () => {
    expect(resolveGpuRequest({ corePercent: 50, memoryBytes: 4 * GIB }, 16 * GIB)).toEqual({
      cards: 1,
      corePercentPerCard: 50,
      memoryBytesPerCard: 4 * GIB,
      memoryRatioPercentPerCard: 25,
    });
    expect(resolveGpuRequest({ cards: 2 }, 16 * GIB)).toEqual({
      cards: 2,
      corePercentPerCard: 100,
      memoryBytesPerCard: 16 * GIB,
      memoryRatioPercentPerCard: 100,
    });
  });

  test('150 percent is neither a share nor whole cards', () => {
    expect(() => resolveGpuRequest({ gpuPercent: 150 }, GIB)).toThrow('multiple of 100');
  });

  test('LeastAllocated takes the emptiest card that has room, MostAllocated the fullest', () => {
    const cards = [card(0, 60, 8 * GIB), card(1, 20, 2 * GIB), card(2, 40, 4 * GIB)];
    const request = resolveGpuRequest({ gpuPercent: 50 }, 16 * GIB);
    expect(allocateGpu(cards, request, 'LeastAllocated')?.map((got) => got.card)).toEqual([1]);
    // Card 0 has 40 % of its core left: too little for 50.
    expect(allocateGpu(cards, request, 'MostAllocated')?.map((got) => got.card)).toEqual([2]);
    // After the request card 1 has 37.5 % of its memory free.
    expect(scoreCard(cards[1], request, 'LeastAllocated')).toBe(37);
    expect(allocateGpu(cards, resolveGpuRequest({ cards: 1 }, 16 * GIB), 'LeastAllocated')).toBeUndefined();
  });
});

describe('cpuset', () => {
  /** Two sockets, one NUMA node each, two cores of two threads a node: CPUs 0-3 on node 0, 4-7 on node 1. */
  const topology: CpuTopology = {
    core: Int32Array.of(0, 0, 1, 1, 2, 2, 3, 3),
    numaNode: Int32Array.of(0, 0, 0, 0, 1, 1, 1, 1),
    socket: Int32Array.of(0, 0, 0, 0, 1, 1, 1, 1),
  };
  const none = new Uint8Array(8);
  const freeBut = (...taken: number[]): Uint8Array =>
    Uint8Array.from({ length: 8 }, (_, i) => (taken.includes(i) ? 0 : 1));
  const want = (over: Partial<CpuRequest>): CpuRequest => ({
    cpus: 2,
    bindPolicy: 'FullPCPUs',
    exclusivePolicy: 'None',
    numaStrategy: 'MostAllocated',
    ...over,
  });

  test('two CPUs are one whole core, on the fuller node or on the emptier one', () => {
    expect(allocateCpuset(topology, freeBut(0, 1), none, want({}))).toEqual([2, 3]);
    expect(allocateCpuset(topology, freeBut(0, 1), none, want({ numaStrategy: 'LeastAllocated' }))).toEqual([4, 5]);
  });

  test('a half-used core is passed over for whole ones on the other node', () => {
    // Free: 1 | 2 3 | 4 5 | 7. Four CPUs of whole cores exist only across nodes: 2 3 4 5.
    expect(allocateCpuset(topology, freeBut(0, 6), none, want({ cpus: 4 }))).toEqual([2, 3, 4, 5]);
  });

  test('SpreadByPCPUs takes one thread of each core', () => {
    expect(allocateCpuset(topology, freeBut(), none, want({ bindPolicy: 'SpreadByPCPUs' }))).toEqual([0, 2]);
    expect(allocateCpuset(topology, freeBut(), none, want({ bindPolicy: 'SpreadByPCPUs', cpus: 3 }))).toEqual([
      0, 1, 2,
    ]);
  });

  test('an exclusive request keeps away from cores or nodes of other exclusive pods', () => {
    const exclusive = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
    const free = freeBut(0);
    const spread = want({ bindPolicy: 'SpreadByPCPUs', cpus: 1 });
    expect(allocateCpuset(topology, free, exclusive, spread)).toEqual([1]);
    expect(allocateCpuset(topology, free, exclusive, { ...spread, exclusivePolicy: 'PCPULevel' })).toEqual([2]);
    expect(allocateCpuset(topology, free, exclusive, { ...spread, exclusivePolicy: 'NUMANodeLevel' })).toEqual([4]);
    // It is a wish: where nothing else is left the core, or the node, is shared; and of two CPUs one may be apart.
    const few = Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0);
    const pcpu = { ...spread, exclusivePolicy: 'PCPULevel' } as const;
    expect(allocateCpuset(topology, few, exclusive, pcpu)).toEqual([1]);
    expect(allocateCpuset(topology, few, exclusive, { ...spread, exclusivePolicy: 'NUMANodeLevel' })).toEqual([1]);
  });

  test('nine of eight CPUs cannot be had; six are four of one node and two of the other', () => {
    expect(allocateCpuset(topology, freeBut(), none, want({ cpus: 9 }))).toBeUndefined();
    const six = allocateCpuset(topology, freeBut(), none, want({ cpus: 6 })) ?? [];
    const milliCpu = new Float64Array(2);
    numaMilliCpuOf(six, topology, milliCpu);
    expect([...milliCpu]).toEqual([4000, 2000]);
  });

  test('only LSE and LSR prod pods with whole CPUs get a cpuset', () => {
    expect(needsCpuset('LSR', 'koord-prod', 4000)).toBe(true);
    expect(needsCpuset('LSR', 'koord-prod', 4500)).toBe(false);
    expect(needsCpuset('LS', 'koord-prod', 4000)).toBe(false);
    expect(needsCpuset('LSE', 'koord-batch', 4000)).toBe(false);
  });
});
