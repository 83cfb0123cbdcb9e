/**
 * Randomness as a parameter: a policy draws from a stream its caller owns, so a run repeats from its seed.
 *
 * Policies take a RandomSource and never create one; the simulator hands out seeded streams by purpose and name.
 */

/** A stream of uniform 32-bit draws. */
export interface RandomSource {
  /** Next integer in [0, 2^32). */
  nextUint32(): number;
}

const UINT32_RANGE = 4_294_967_296;

/** A small seeded stream (Weyl sequence and a 32-bit finaliser): for tests and for callers without streams of their own. */
export function seededRandomSource(seed: number): RandomSource {
  let state = seed >>> 0;
  return {
    nextUint32(): number {
      state = (state + 0x9e3779b9) >>> 0;
      let z = state;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return (z ^ (z >>> 15)) >>> 0;
    },
  };
}

/** Uniform double strictly inside (0, 1): (draw + 1/2) / 2^32. */
export function uniformOpen(random: RandomSource): number {
  return (random.nextUint32() + 0.5) / UINT32_RANGE;
}

/** Uniform integer in [0, bound), bound < 2^32; rejects the draws that would favour small results. */
export function uniformBelow(random: RandomSource, bound: number): number {
  let draw = random.nextUint32();
  // Only the last `bound` draws can be beyond the largest multiple of it; the others need no division to tell.
  if (draw > UINT32_RANGE - bound) {
    const fair = UINT32_RANGE - (UINT32_RANGE % bound);
    while (draw >= fair) draw = random.nextUint32();
  }
  return (draw >>> 0) % (bound >>> 0);
}

/** Uniform shuffle in place of the first `count` entries (Fisher-Yates, last to first): count - 1 draws unless rejected. */
export function shuffle<Item>(items: { [index: number]: Item }, count: number, random: RandomSource): void {
  for (let i = count - 1; i > 0; i--) {
    const j = uniformBelow(random, i + 1);
    const moved = items[i];
    items[i] = items[j];
    items[j] = moved;
  }
}
