import { describe, expect, test } from 'vitest';
import type { GpuHosts, GpuPod } from '../packing/gpu/gpu-hosts.ts';
import { bestDeviceShareHost, deviceShareCards, scoreHostCards } from './device-share-placement.ts';

/** Hosts with 16-byte cards; `used` is what is in use of each card, 1/1000 of core and the same of memory. */
function hostsOf(used: readonly (readonly number[])[]): GpuHosts {
  const count = used.length;
  const firstCard = new Int32Array(count + 1);
  used.forEach((cards, host) => {
    firstCard[host + 1] = firstCard[host] + cards.length;
  });
  const free = used.flat().map((milli) => 1000 - milli);
  return {
    count,
    soldMilliCpu: new Float64Array(count).fill(8_000),
    allocatedMilliCpu: new Float64Array(count),
    soldMemBytes: new Float64Array(count).fill(8),
    allocatedMemBytes: new Float64Array(count),
    firstCard,
    cardLeftMilli: Int32Array.from(free),
    cardLeftMemBytes: Float64Array.from(free, (milli) => milli * 16),
    cardMemBytes: new Float64Array(count).fill(16_000),
    gpuLeftMilli: Int32Array.from(used, (cards) => cards.reduce((left, milli) => left + 1000 - milli, 0)),
    modelBit: new Int32Array(count).fill(1),
    gpuPods: new Int32Array(count * 16),
    revision: new Int32Array(count),
    rank: Int32Array.from({ length: count }, (_, host) => host),
    open: new Uint8Array(count).fill(1),
  };
}

const pod = (cards: number, milliPerCard: number, memMilliPerCard = milliPerCard): GpuPod => ({
  cpuMilli: 1000,
  memBytes: 1,
  cards,
  milliPerCard,
  memMilliPerCard,
  memBytesPerCard: 0,
  models: 0,
  shape: 0,
});

describe('hosts of two cards: 0 and 500 in use; 700 and 0 in use', () => {
  const hosts = hostsOf([
    [0, 500],
    [700, 0],
  ]);

  test('after 300 more, 800 and 1,000 of 2,000 are in use: 60 and 50 free, 40 and 50 in use', () => {
    expect([0, 1].map((host) => scoreHostCards(hosts, host, pod(1, 300), 'LeastAllocated'))).toEqual([60, 50]);
    expect([0, 1].map((host) => scoreHostCards(hosts, host, pod(1, 300), 'MostAllocated'))).toEqual([40, 50]);
  });

  test('normalised by the largest, 60 and 50 are 100 and 83; 18 points of other plugins turn the choice, 17 do not', () => {
    const choose = (base: number) =>
      bestDeviceShareHost(hosts, pod(1, 300), 'LeastAllocated', 1, Float64Array.of(0, base), new Int32Array(2));
    expect([choose(17), choose(18)]).toEqual([0, 1]);
  });

  test('a share of 300 goes to the empty card when spreading, to the fullest with room when filling', () => {
    expect(deviceShareCards(hosts, 0, pod(1, 300), 'LeastAllocated')).toBe(0b01);
    expect(deviceShareCards(hosts, 0, pod(1, 300), 'MostAllocated')).toBe(0b10);
    expect(deviceShareCards(hosts, 1, pod(1, 300), 'MostAllocated')).toBe(0b01);
    expect(deviceShareCards(hosts, 1, pod(1, 301), 'MostAllocated')).toBe(0b10);
  });

  test('100 of core with 600 of memory fits neither card in use, whatever core is left', () => {
    expect(deviceShareCards(hosts, 0, pod(1, 100, 600), 'MostAllocated')).toBe(0b01);
  });

  test('two whole cards are nowhere', () => {
    const none = new Float64Array(2);
    expect(bestDeviceShareHost(hosts, pod(2, 1000), 'LeastAllocated', 1, none, new Int32Array(2))).toBe(-1);
  });
});
