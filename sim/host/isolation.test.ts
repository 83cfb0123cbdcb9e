import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bestEffortCapacity,
  busyCoreFraction,
  ISOLATION,
  type IsolationLevel,
  isolationModel,
  kataOverhead,
  marginalCapacity,
  marginalShare,
  requestWaitProbability,
  siblingBestEffort,
  siblingLatencySensitive,
  wakeUpWaitProbability,
} from './isolation.ts';
import { defaultParameters } from './parameters.ts';

const p = defaultParameters();
const at = (level: IsolationLevel, coreAware = false) => isolationModel(p, level, coreAware);
const fraction = fc.double({ min: 0, max: 0.5, noNaN: true });

describe('isolation levels', () => {
  test('level E with 48.4 of 104 cpus busy with best effort: q_B 0.465, p_d 0.128, d 0.56 ms', () => {
    const busy = 48.4 / 104;
    expect(siblingBestEffort(at(ISOLATION.E), 0.252, busy)).toBeCloseTo(0.4654, 4);
    expect(wakeUpWaitProbability(at(ISOLATION.E), busy)).toBeCloseTo(0.128, 3);
    expect(at(ISOLATION.E).waitMs).toBe(0.56);
  });

  test('core-aware placement shares no core until half the threads are busy', () => {
    expect(siblingBestEffort(at(ISOLATION.E, true), 0.2, 0.3)).toBe(0);
    // U_L .3, U_B .4: q_tot = (2*.7 - 1)/.7 = .571, of which .4/.7 best effort
    expect(siblingBestEffort(at(ISOLATION.E, true), 0.3, 0.4)).toBeCloseTo((0.4 / 0.7) * (0.4 / 0.7), 12);
    expect(siblingLatencySensitive(at(ISOLATION.E, true), 0.3, 0.4)).toBeCloseTo((0.4 / 0.7) * (0.3 / 0.7), 12);
  });

  test('levels N, G and C keep best effort off the sibling; C also never waits', () => {
    for (const level of [ISOLATION.N, ISOLATION.G, ISOLATION.C]) expect(siblingBestEffort(at(level), 0.3, 0.5)).toBe(0);
    expect(wakeUpWaitProbability(at(ISOLATION.C), 0.5)).toBe(0);
  });

  test('noise clean leaves 50 threads 28.0 cpus at 25.2 % LS, Group Identity 52.4 blind and 46.4 core-aware', () => {
    // 50 * .748^2 = 27.98; 104 * .748^2 * .9 = 52.37; 104 * (1 - .504) * .9 = 46.43
    expect(bestEffortCapacity(at(ISOLATION.N), 104, 2, 0.252, 50)).toBeCloseTo(27.98, 2);
    expect(bestEffortCapacity(at(ISOLATION.G), 104, 2, 0.252, 50)).toBeCloseTo(52.37, 2);
    expect(bestEffortCapacity(at(ISOLATION.G, true), 104, 2, 0.252, 50)).toBeCloseTo(46.43, 2);
    expect(bestEffortCapacity(at(ISOLATION.S), 104, 2, 0.252, 50)).toBe(104);
  });

  test('busy cores at 25 % of the threads: 43.75 % blind, 50 % core-aware', () => {
    expect(busyCoreFraction(false, 0.25)).toBe(0.4375);
    expect(busyCoreFraction(true, 0.25)).toBe(0.5);
  });

  test('at the margin an LS pod takes all of best effort at G, 99 % at S, its weight share at E', () => {
    expect(marginalShare(at(ISOLATION.G), 1, 1)).toBe(1);
    expect(marginalShare(at(ISOLATION.S), 1, 1)).toBe(0.99);
    expect(marginalShare(at(ISOLATION.E), 3072, 1024)).toBe(0.75);
  });

  test('a pod granted 2 with limit 8, 1 idle and 10 best-effort cpus: 8 at level G, 2 + 1 + 2.5 at a quarter share', () => {
    expect(marginalCapacity(8, 2, 1, 10, 1)).toBe(8);
    expect(marginalCapacity(8, 2, 1, 10, 0.25)).toBe(5.5);
  });

  test('three wake-ups at 10 % each wait with probability 1 - 0.9^3 = 0.271', () => {
    expect(requestWaitProbability(0.1, 3)).toBeCloseTo(0.271, 12);
  });

  test('a Kata pod costs 250 m and 160 MiB more and runs 3 % slower', () => {
    expect(kataOverhead(p)).toMatchObject({
      milliCpu: 250,
      memBytes: 160 * 1_048_576,
      bootMs: 332,
      lsSlowdown: 1.03,
      beSlowdown: 1.05,
    });
  });
});

describe('laws', () => {
  test('no best effort means no shared core and no wait, exactly, at every level', () => {
    fc.assert(
      fc.property(fraction, fc.constantFrom<IsolationLevel>(0, 1, 2, 3, 4), fc.boolean(), (ls, level, aware) => {
        expect(siblingBestEffort(at(level, aware), ls, 0)).toBe(0);
        expect(wakeUpWaitProbability(at(level, aware), 0)).toBe(0);
      }),
    );
  });

  test('more best effort never lowers the sum of sibling probabilities or the wait probability', () => {
    fc.assert(
      fc.property(
        fraction,
        fraction,
        fraction,
        fc.constantFrom<IsolationLevel>(0, 1, 2, 3, 4),
        fc.boolean(),
        (ls, be, more, level, aware) => {
          const model = at(level, aware);
          const busy = (x: number) => siblingBestEffort(model, ls, x) + siblingLatencySensitive(model, ls, x);
          const upper = Math.min(1 - ls, be + more);
          const lower = Math.min(be, upper);
          expect(busy(upper)).toBeGreaterThanOrEqual(busy(lower) - 1e-12);
          expect(wakeUpWaitProbability(model, upper)).toBeGreaterThanOrEqual(wakeUpWaitProbability(model, lower));
        },
      ),
    );
  });

  test('more LS never raises best-effort capacity at N, G and C, and it never passes the host', () => {
    fc.assert(
      fc.property(
        fraction,
        fraction,
        fc.constantFrom<IsolationLevel>(2, 3, 4),
        fc.boolean(),
        (ls, more, level, aware) => {
          const room = (u: number) => bestEffortCapacity(at(level, aware), 104, 2, u, 104);
          expect(room(ls + more)).toBeLessThanOrEqual(room(ls) + 1e-12);
          expect(room(ls)).toBeLessThanOrEqual(104);
        },
      ),
    );
  });
});
