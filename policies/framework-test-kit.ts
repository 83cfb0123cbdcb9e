/** Small things that tests of frameworks share: a context, offers from a list, rows as text. */
import {
  ActionKind,
  createActions,
  type FrameworkActions,
  type FrameworkContext,
  type Offers,
  type Work,
} from './framework.ts';

/** Names of the kinds, by number. */
const KIND_NAME = Object.keys(ActionKind);

/** A context at `nowMs` with agents `host-0`... on racks 0, 1, 2, 0, ...; the draws are always 0. */
export function contextAt(nowMs: number, agentCount = 8): FrameworkContext {
  const rows = Array.from({ length: agentCount }, (_, i) => i);
  return {
    nowMs,
    agents: {
      hostname: rows.map((i) => `host-${i}`),
      region: rows.map(() => ''),
      zone: rows.map(() => ''),
      attributes: rows.map((i) => ({ rack: String(i % 3) })),
    },
    uniform: () => 0,
  };
}

/** One offer to make. Units: milli-CPU, MiB. */
export interface OfferRow {
  readonly id: number;
  readonly agent: number;
  readonly milliCpu: number;
  readonly memMiB?: number;
  readonly diskMiB?: number;
  readonly gpus?: number;
  readonly reservedMilliCpu?: number;
}

/** Columns of the given offers; memory and disk are plenty unless given. */
export function offersOf(rows: readonly OfferRow[]): Offers {
  return {
    count: rows.length,
    id: rows.map((row) => row.id),
    agent: rows.map((row) => row.agent),
    milliCpu: rows.map((row) => row.milliCpu),
    memMiB: rows.map((row) => row.memMiB ?? 100_000),
    diskMiB: rows.map((row) => row.diskMiB ?? 100_000),
    gpus: rows.map((row) => row.gpus ?? 0),
    revocableMilliCpu: rows.map(() => 0),
    reservedMilliCpu: rows.map((row) => row.reservedMilliCpu ?? 0),
    reservedMemMiB: rows.map(() => 0),
  };
}

/** Work of `milliCpu`, 100 MiB of memory and 10 MiB of disk per instance, in lane 1. */
export function workOf(name: string, milliCpu: number, more: Partial<Work> = {}): Work {
  return { name, instances: 1, milliCpu, memMiB: 100, diskMiB: 10, lane: 1, ...more };
}

/** Rows that `step` appends, as text: `Launch 7 task 0`, `Decline 8 for 5000`, `Kill task 0`, `Revive`. */
export function rowsOf(step: (out: FrameworkActions) => void): string[] {
  const out = createActions();
  step(out);
  const rows: string[] = [];
  for (let row = 0; row < out.count; row++) {
    const name = KIND_NAME[out.kind[row]];
    if (out.kind[row] === ActionKind.Launch) rows.push(`${name} ${out.offer[row]} task ${out.task[row]}`);
    else if (out.kind[row] === ActionKind.Decline) rows.push(`${name} ${out.offer[row]} for ${out.refuseMs[row]}`);
    else if (out.kind[row] === ActionKind.DeclineRest) rows.push(`${name} for ${out.refuseMs[row]}`);
    else if (out.kind[row] === ActionKind.Kill) rows.push(`${name} task ${out.task[row]}`);
    else rows.push(name);
  }
  return rows;
}
