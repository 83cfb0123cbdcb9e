import { describe, expect, test } from 'vitest';
import { createStream } from '../kernel/random.ts';
import { abandon, bind, CHANGE, type Cluster, finish, loseAttempt, start, submit } from './apply.ts';
import { checkCluster } from './check-cluster.ts';
import { watch } from './checker.ts';
import { createGpuTable, giveCards, gpuRequests, takeCards } from './gpus.ts';
import { createHostTable } from './hosts.ts';
import { TASK_KIND, TASK_STATE } from './tasks.ts';
import { smallCluster } from './testing/small-cluster.ts';

const GIB = 1_073_741_824;
const SHARE = 1;
const TWO = 2;
const SMALL_CORE_LARGE_MEMORY = 3;

/** Hosts of 2, 0 and 4 cards of 16 GiB; requests: 400 of 1000, two whole cards, and 100 of the core with 10 GiB. */
function table() {
  return createGpuTable(
    { cards: [2, 0, 4], memBytesPerCard: [16 * GIB, 0, 16 * GIB], modelBit: Int32Array.of(1, 0, 2) },
    gpuRequests([
      { cards: 1, milliPerCard: 400, memMilliPerCard: 250, memBytesPerCard: 0, models: 0 },
      { cards: 2, milliPerCard: 1000, memMilliPerCard: 1000, memBytesPerCard: 0, models: 0 },
      { cards: 1, milliPerCard: 100, memMilliPerCard: 0, memBytesPerCard: 10 * GIB, models: 0 },
    ]),
  );
}

describe('cards of hosts with 2, 0 and 4', () => {
  test('400 of core and a quarter of 16 GiB on card 1 of host 0 leave 600 and 12 GiB; giving back restores all', () => {
    const gpus = table();
    takeCards(gpus, SHARE, 0, 0b10);
    expect([...gpus.cardLeftMilli]).toEqual([1000, 600, 1000, 1000, 1000, 1000]);
    expect(gpus.cardLeftMemBytes[1]).toBe(12 * GIB);
    expect([...gpus.gpuLeftMilli]).toEqual([1600, 0, 4000]);
    expect(gpus.gpuPods[0]).toBe(1);
    giveCards(gpus, SHARE, 0, 0b10);
    expect([...gpus.cardLeftMilli]).toEqual([1000, 1000, 1000, 1000, 1000, 1000]);
    expect([gpus.cardLeftMemBytes[1], gpus.gpuLeftMilli[0], gpus.gpuPods[0]]).toEqual([16 * GIB, 2000, 0]);
  });

  test('2 whole cards (0 and 3) of host 2 count in class 2', () => {
    const gpus = table();
    takeCards(gpus, TWO, 2, 0b1001);
    expect([...gpus.cardLeftMilli.subarray(2)]).toEqual([0, 1000, 1000, 0]);
    expect(gpus.gpuPods[2 * 16 + 2]).toBe(1);
  });

  test('a card with 600 left refuses 1000; one card is not two; nobody asks for none and gets one', () => {
    const gpus = table();
    takeCards(gpus, SHARE, 0, 0b10);
    expect(() => takeCards(gpus, TWO, 0, 0b11)).toThrow(/card 1 of host 0 has 600 milli left, 1000 are asked/);
    expect(() => takeCards(gpus, TWO, 2, 0b1)).toThrow(/gets 1 cards of host 2.*asks for 2/);
    expect(() => takeCards(gpus, 0, 2, 0b1)).toThrow(/asks for 0/);
  });

  test('two of 10 GiB do not share a card of 16 GiB, whatever core is left', () => {
    const gpus = table();
    takeCards(gpus, SMALL_CORE_LARGE_MEMORY, 0, 0b1);
    expect(() => takeCards(gpus, SMALL_CORE_LARGE_MEMORY, 0, 0b1)).toThrow(/6442450944 bytes left, 10737418240 are/);
  });

  test('giving back what was not taken is refused', () => {
    const gpus = table();
    expect(() => giveCards(gpus, SHARE, 0, 0b1)).toThrow(/400 milli given back: card 0 of host 0 has 1400/);
  });
});

/** The small cluster of three hosts with the cards of `table`. */
function gpuCluster(rows: number): Cluster {
  const plain = smallCluster(3, rows);
  const hosts = createHostTable(3, table());
  for (const name of ['capacityMilliCpu', 'capacityMemBytes', 'soldMilliCpu', 'soldMemBytes'] as const)
    hosts[name].set(plain.hosts[name]);
  return { ...plain, hosts };
}

test('whatever becomes of 3,000 drawn attempts, the witness and the slow count agree on every card', () => {
  const cluster = gpuCluster(40);
  const { tasks, hosts } = cluster;
  for (let row = 0; row < 40; row++) {
    tasks.kind[row] = TASK_KIND.bestEffort;
    tasks.gpuRequest[row] = row % 4;
    tasks.requestMilliCpu[row] = 100;
    tasks.requestMemBytes[row] = GIB;
    submit(cluster, row, 0, false);
  }
  const checker = watch(cluster);
  const stream = createStream('gpus', 'story');
  let bound = 0;
  for (let step = 0; step < 3_000; step++) {
    const row = Math.floor(stream.next() * 40);
    const host = Math.floor(stream.next() * 3);
    const state = tasks.state[row];
    if (state === TASK_STATE.pending) {
      const request = tasks.gpuRequest[row];
      const first = hosts.gpus.firstCard[host];
      const wanted = hosts.gpus.requests.cards[request];
      let mask = 0;
      let got = 0;
      for (let card = first; card < hosts.gpus.firstCard[host + 1] && got < wanted; card++) {
        const fits =
          hosts.gpus.cardLeftMilli[card] >= hosts.gpus.requests.milliPerCard[request] &&
          hosts.gpus.cardLeftMemBytes[card] >= 10 * GIB;
        if (!fits) continue;
        mask |= 1 << (card - first);
        got++;
      }
      if (got < wanted) continue;
      bind(cluster, row, host, step, mask);
      bound++;
      if (stream.next() < 0.7) start(cluster, row, step);
    } else if (state === TASK_STATE.bound || stream.next() < 0.5) {
      loseAttempt(cluster, row, step, stream.next() < 0.5 ? CHANGE.evict : CHANGE.fail, 0);
    }
    checkCluster(cluster);
    checker.compare();
  }
  expect(bound).toBeGreaterThan(500);
  for (let row = 0; row < 40; row++) {
    if (tasks.state[row] === TASK_STATE.running) finish(cluster, row, 3_000);
    else abandon(cluster, row, 3_000);
  }
  checkCluster(cluster);
  expect([...hosts.gpus.cardLeftMilli]).toEqual([1000, 1000, 1000, 1000, 1000, 1000]);
});
