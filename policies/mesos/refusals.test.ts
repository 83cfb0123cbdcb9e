// The pool of refusals against a list of them, over random stories of three filters, four agents and bags of two kinds.
import { describe, expect, test } from 'vitest';
import { seededRandomSource, uniformBelow } from '../base/random-source.ts';
import type { OfferFilter } from './allocator-state.ts';
import {
  addRefusal,
  clearRefusals,
  clearRefusalsOn,
  createRefusals,
  endRefusals,
  isAllRefusedOn,
  isRefusedOn,
} from './refusals.ts';
import type { ResourceBag } from './resource-bag.ts';
import { bagContains } from './resource-bag.ts';

const ROWS = 4;

/** A bag of kind 0, of kind 1, or of both; an amount of 0 is left out, as in every bag. */
function bagOf(first: number, second: number): ResourceBag {
  const amounts = [first, second];
  const kinds = [0, 1].filter((kind) => amounts[kind] > 0);
  return { kinds, amounts: kinds.map((kind) => amounts[kind]), ranges: null };
}

describe('refusals of a slot', () => {
  test('say what a list of them says over 20 stories of 200 steps, and the pool holds no more than were ever live at once', () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = seededRandomSource(seed);
      const refusals = createRefusals();
      const filterAt = (): OfferFilter => ({ live: true }) as OfferFilter;
      const filters = [filterAt(), filterAt(), filterAt()];
      let list: { row: number; bag: ResourceBag; filter: OfferFilter }[] = [];
      const versions = new Array<number>(ROWS).fill(0);
      const available = new Array<ResourceBag>(ROWS).fill(bagOf(1, 1));
      let most = 0;
      for (let step = 0; step < 200; step++) {
        const what = uniformBelow(random, 20);
        const row = uniformBelow(random, ROWS);
        const filter = filters[uniformBelow(random, filters.length)];
        const bag = bagOf(uniformBelow(random, 5), uniformBelow(random, 5));
        if (what < 8) {
          list.push({ row, bag, filter });
          addRefusal(refusals, row, bag, filter);
        } else if (what < 14 && refusals.first.length > row) {
          const any = list.some((one) => one.row === row);
          expect(endRefusals(refusals, row, filter)).toBe(any);
          list = list.filter((one) => one.row !== row || one.filter !== filter);
        } else if (what === 14) {
          clearRefusalsOn(refusals, row);
          list = list.filter((one) => one.row !== row);
        } else if (what === 15) {
          const ended = new Set(list.map((one) => one.filter));
          clearRefusals(refusals);
          list = [];
          for (const one of filters) expect(one.live).toBe(!ended.has(one));
          for (const one of filters) one.live = true;
        } else {
          versions[row]++;
          available[row] = bag;
        }
        most = Math.max(most, list.length);
        for (let other = 0; other < ROWS; other++) {
          const contained = (wanted: ResourceBag): boolean =>
            list.some((one) => one.row === other && bagContains(one.bag, wanted));
          expect(isRefusedOn(refusals, other, bag)).toBe(contained(bag));
          // Twice: the second answer is the one that was remembered.
          for (let time = 0; time < 2; time++)
            expect(isAllRefusedOn(refusals, other, available[other], versions[other])).toBe(
              contained(available[other]),
            );
        }
      }
      expect(refusals.next.length).toBe(most);
    }
  });
});
