/**
 * What a run looks at of each agent, as columns by the agent's row: a run over thousands of agents then reads a few dense arrays and no
 * records. Kept by the ledger, which is the only writer but of `fertile`.
 */
import type { AgentRecord } from './allocator-state.ts';
import type { ResourceBag } from './resource-bag.ts';
import { EMPTY_BAG } from './resource-bag.ts';

/** Kinds of resources with a column; an agent with others is `wide` and its bag says more. */
export const COLUMN_KINDS = 8;

const FIRST_ROWS = 64;

export class AgentColumns {
  /** 0 where a whole pass found no taker for what is available and nothing has changed since. */
  fertile = new Uint8Array(FIRST_ROWS);
  /** 1 where an agent is active and has something available. */
  offerable = new Uint8Array(FIRST_ROWS);
  /** 1 where what is available covers the cluster's minimum. */
  bigEnough = new Uint8Array(FIRST_ROWS);
  checkpoint = new Uint8Array(FIRST_ROWS);
  /** 1 where what is available holds kinds without a column. */
  wide = new Uint8Array(FIRST_ROWS);
  /** Row-major: row x COLUMN_KINDS + kind, amounts of what is available. */
  amounts = new Float64Array(FIRST_ROWS * COLUMN_KINDS);
  /** What is available, and a number that rises when it changes. */
  readonly available: ResourceBag[] = [];
  readonly version: number[] = [];
  /** Number by which the caller knows the agent. */
  readonly tag: number[] = [];

  /** Every kind once, for sums over agents. */
  private readonly allKinds: number[] = [];
  private scratch = new Int32Array(FIRST_ROWS);

  /** Makes room for the next row. */
  add({ row, checkpoint, tag }: AgentRecord): void {
    if (row >= this.fertile.length) this.grow();
    this.available[row] = EMPTY_BAG;
    this.version[row] = 0;
    this.tag[row] = tag;
    this.checkpoint[row] = checkpoint ? 1 : 0;
  }

  /** An agent that was removed is never looked at again. */
  remove(row: number): void {
    this.fertile[row] = 0;
    this.offerable[row] = 0;
  }

  /** Writes what an agent has available. */
  put(row: number, bag: ResourceBag, bigEnough: boolean): void {
    const { amounts } = this;
    const first = row * COLUMN_KINDS;
    for (let kind = 0; kind < COLUMN_KINDS; kind++) amounts[first + kind] = 0;
    let wide = 0;
    for (let i = 0; i < bag.kinds.length; i++) {
      if (bag.kinds[i] < COLUMN_KINDS) amounts[first + bag.kinds[i]] = bag.amounts[i];
      else wide = 1;
    }
    this.wide[row] = wide;
    this.available[row] = bag;
    this.version[row]++;
    this.bigEnough[row] = bigEnough ? 1 : 0;
  }

  /** A sum by kind as a bag, zeros too. */
  sumOf(amounts: readonly number[]): ResourceBag {
    while (this.allKinds.length < amounts.length) this.allKinds.push(this.allKinds.length);
    return { kinds: this.allKinds, amounts, ranges: null };
  }

  /** Adds what an agent has available to a sum by kind. */
  addTo(sum: number[], row: number): void {
    if (this.wide[row] === 1) {
      const { kinds, amounts } = this.available[row];
      for (let k = 0; k < kinds.length; k++) sum[kinds[k]] += amounts[k];
      return;
    }
    const { amounts } = this;
    const kinds = Math.min(COLUMN_KINDS, sum.length);
    for (let kind = 0, at = row * COLUMN_KINDS; kind < kinds; kind++, at++) sum[kind] += amounts[at];
  }

  /** Room for a number a place of a run; the next call takes it back. */
  places(count: number): Int32Array {
    if (this.scratch.length < count) this.scratch = new Int32Array(2 * count);
    return this.scratch;
  }

  private grow(): void {
    this.fertile = doubled(this.fertile);
    this.offerable = doubled(this.offerable);
    this.bigEnough = doubled(this.bigEnough);
    this.checkpoint = doubled(this.checkpoint);
    this.wide = doubled(this.wide);
    const amounts = new Float64Array(2 * this.amounts.length);
    amounts.set(this.amounts);
    this.amounts = amounts;
  }
}

function doubled(column: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const wide = new Uint8Array(column.length * 2);
  wide.set(column);
  return wide;
}
