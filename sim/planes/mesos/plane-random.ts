/** The allocator's stream of draws, with its state in a field so that a snapshot holds it. */
import type { RandomSource } from '../../../policies/base/random-source.ts';
import { keyedWord } from '../../kernel/random.ts';

export class PlaneRandom implements RandomSource {
  private readonly salt: number;
  private drawn = 0;

  constructor(salt: number) {
    this.salt = salt;
  }

  nextUint32(): number {
    this.drawn = (this.drawn + 1) >>> 0;
    return keyedWord(this.salt, this.drawn) >>> 0;
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.nextUint32() / 4_294_967_296;
  }
}
