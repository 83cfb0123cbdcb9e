/**
 * Which best-effort executors to revoke for a contention, in the manner of Serenity, and when to hold still.
 *
 * Rows with revocable CPU only; a younger executor has done less work and goes first. After a correction the observer waits
 * 10 iterations. Units: milli-CPU, ms. Source: mesosphere/serenity, observers/strategies/.
 */
import type { RandomAccessColumn } from './serenity-columns.ts';

export const COOLDOWN_ITERATIONS = 10;
const MIN_SEVERITY = 0.1;

/** Best-effort rows, youngest first, then by row. */
function youngestFirst(
  revocableMilliCpu: RandomAccessColumn,
  startedAtMs: RandomAccessColumn,
  count: number,
): number[] {
  const rows: number[] = [];
  for (let e = 0; e < count; e++) if (revocableMilliCpu[e] > 0) rows.push(e);
  return rows.sort((a, b) => startedAtMs[b] - startedAtMs[a] || a - b);
}

/** CPU contention: those over their own limit first, then the youngest, until what they use covers the severity. */
export function correctCpuContention(
  severityMilliCpu: number,
  revocableMilliCpu: RandomAccessColumn,
  usedMilliCpu: RandomAccessColumn,
  startedAtMs: RandomAccessColumn,
  count: number,
): number[] {
  const rows = youngestFirst(revocableMilliCpu, startedAtMs, count);
  const over = rows.filter((e) => usedMilliCpu[e] > revocableMilliCpu[e]);
  const within = rows.filter((e) => usedMilliCpu[e] <= revocableMilliCpu[e]);
  const kills: number[] = [];
  let covered = 0;
  for (const e of [...over, ...within]) {
    if (covered >= severityMilliCpu) break;
    kills.push(e);
    covered += usedMilliCpu[e];
  }
  return kills;
}

/** Seniority: the youngest ceil(n x severity), severity at least 0.1. */
export function correctBySeniority(
  severity: number,
  revocableMilliCpu: RandomAccessColumn,
  startedAtMs: RandomAccessColumn,
  count: number,
): number[] {
  const rows = youngestFirst(revocableMilliCpu, startedAtMs, count);
  return rows.slice(0, Math.ceil(rows.length * Math.max(MIN_SEVERITY, Math.min(1, severity))));
}

/** Cache contention: the best-effort executor that occupies most, or none. */
export function correctCacheContention(
  revocableMilliCpu: RandomAccessColumn,
  occupancyBytes: RandomAccessColumn,
  count: number,
): number[] {
  let worst = -1;
  for (let e = 0; e < count; e++) {
    if (revocableMilliCpu[e] > 0 && (worst < 0 || occupancyBytes[e] > occupancyBytes[worst])) worst = e;
  }
  return worst < 0 ? [] : [worst];
}

/** Lets corrections through at most once per 10 iterations; closes the estimator's valve while contention lasts. */
export class CorrectionObserver {
  private cooldown = 0;
  valveOpen = true;

  /** One iteration with the kills a strategy proposes (none when there is no contention); the kills to carry out. */
  step(contention: boolean, proposed: readonly number[]): readonly number[] {
    this.valveOpen = !contention;
    if (this.cooldown > 0) {
      this.cooldown--;
      return [];
    }
    if (!contention || proposed.length === 0) return [];
    this.cooldown = COOLDOWN_ITERATIONS;
    return proposed;
  }
}
