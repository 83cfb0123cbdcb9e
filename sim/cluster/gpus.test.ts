import { describe, expect, test } from 'vitest';
import { createGpuTable, giveCards, takeCards } from './gpus.ts';

function table() {
  const gpus = createGpuTable([2, 0, 4], Int32Array.of(1, 0, 2), 3);
  gpus.wantedCards.set([1, 2, 0]);
  gpus.milliPerCard.set([400, 1000, 0]);
  return gpus;
}

describe('cards of hosts with 2, 0 and 4', () => {
  test('a share of 400 on card 1 of host 0 leaves 1000 and 600, 1,600 in all; giving back restores all', () => {
    const gpus = table();
    takeCards(gpus, 0, 0, 0b10);
    expect([...gpus.cardLeftMilli]).toEqual([1000, 600, 1000, 1000, 1000, 1000]);
    expect([...gpus.gpuLeftMilli]).toEqual([1600, 0, 4000]);
    expect([gpus.gpuPods[0], gpus.heldCards[0], gpus.revision[0]]).toEqual([1, 2, 1]);
    giveCards(gpus, 0, 0);
    expect([...gpus.cardLeftMilli]).toEqual([1000, 1000, 1000, 1000, 1000, 1000]);
    expect([gpus.gpuLeftMilli[0], gpus.gpuPods[0], gpus.heldCards[0], gpus.revision[0]]).toEqual([2000, 0, 0, 2]);
  });

  test('2 whole cards (0 and 3) of host 2 count in class 2', () => {
    const gpus = table();
    takeCards(gpus, 1, 2, 0b1001);
    expect([...gpus.cardLeftMilli.subarray(2)]).toEqual([0, 1000, 1000, 0]);
    expect(gpus.gpuPods[2 * 16 + 2]).toBe(1);
  });

  test('a card with 600 left refuses 1000; one card is not two; a card that is not there is refused', () => {
    const gpus = table();
    takeCards(gpus, 0, 0, 0b10);
    expect(() => takeCards(gpus, 1, 0, 0b11)).toThrow(/card 1 of host 0 has 600 milli left, 1000 are asked/);
    expect(() => takeCards(gpus, 1, 2, 0b1)).toThrow(/gets 1 cards of host 2.*asks for 2/);
    expect(() => takeCards(gpus, 2, 1, 0b1)).toThrow(/asks for 0/);
  });

  test('giving back twice what was taken once is refused', () => {
    const gpus = table();
    takeCards(gpus, 0, 0, 0b1);
    gpus.heldCards[2] = 0b1;
    gpus.milliPerCard[2] = 500;
    expect(() => giveCards(gpus, 2, 0)).toThrow(/gives back 500 milli: card 0 of host 0 has 1100/);
  });
});
