/** Where drawn scenarios take their numbers from. */
import { createStream } from '../sim/kernel/random.ts';

/** Draws by kind; `draw.chance` and the rest use up one number each. */
export interface Draw {
  /** Integer in [low, high]. */
  int(low: number, high: number): number;
  real(low: number, high: number): number;
  chance(p: number): boolean;
  of<T>(choices: readonly T[]): T;
}

/** Draws of a seed for one purpose: what is drawn for another does not move them. */
export function drawFrom(seed: number, purpose: string): Draw {
  const stream = createStream(`fuzz-${seed}`, purpose);
  const real = (low: number, high: number) => low + stream.next() * (high - low);
  return {
    real,
    int: (low, high) => Math.min(high, Math.floor(real(low, high + 1))),
    chance: (p) => stream.next() < p,
    of: (choices) => choices[Math.floor(stream.next() * choices.length)],
  };
}
