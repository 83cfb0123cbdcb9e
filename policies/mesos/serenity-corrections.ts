/**
 * Which best-effort executors to revoke for a contention, in the manner of Serenity, and when to hold still.
 *
 * Rows with revocable CPU only; a younger executor has done less work and goes first. After a correction the observer waits
 * 10 iterations, unless the contention ends before. Units: milli-CPU, ms.
 * Source: mesosphere/serenity, src/observers/strategies/, observers/qos_correction.cpp.
 */
import type { RandomAccessColumn } from './serenity-columns.ts';

export const COOLDOWN_ITERATIONS = 10;
export const STARTING_SEVERITY = 0.1;
const MIN_CACHE_OCCUPANCY_BYTES = 1_000_000;

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

/** CPU contention: those over their own limit in order of rows, then the youngest, until what they use covers the severity. */
export function correctCpuContention(
  severityMilliCpu: number,
  revocableMilliCpu: RandomAccessColumn,
  usedMilliCpu: RandomAccessColumn,
  startedAtMs: RandomAccessColumn,
  count: number,
): number[] {
  const isOver = (e: number) => usedMilliCpu[e] > revocableMilliCpu[e];
  const rows = youngestFirst(revocableMilliCpu, startedAtMs, count);
  const over = rows.filter(isOver).sort((a, b) => a - b);
  const kills: number[] = [];
  let covered = 0;
  for (const e of [...over, ...rows.filter((row) => !isOver(row))]) {
    if (covered >= severityMilliCpu) break;
    kills.push(e);
    covered += usedMilliCpu[e];
  }
  return kills;
}

/** Seniority: the youngest ceil(n x severity), severity at least `startingSeverity` and taken for that where it is unknown (below 0). */
export function correctBySeniority(
  severity: number,
  revocableMilliCpu: RandomAccessColumn,
  startedAtMs: RandomAccessColumn,
  count: number,
  startingSeverity: number = STARTING_SEVERITY,
): number[] {
  const rows = youngestFirst(revocableMilliCpu, startedAtMs, count);
  return rows.slice(0, Math.ceil(rows.length * Math.max(startingSeverity, severity)));
}

/** Cache contention: the best-effort executors that occupy at least the mean of them all, and more than 1 MB. */
export function correctCacheContention(
  revocableMilliCpu: RandomAccessColumn,
  occupancyBytes: RandomAccessColumn,
  count: number,
): number[] {
  const rows: number[] = [];
  let sum = 0;
  for (let e = 0; e < count; e++) {
    if (revocableMilliCpu[e] <= 0) continue;
    rows.push(e);
    sum += occupancyBytes[e];
  }
  return rows.filter((e) => occupancyBytes[e] >= sum / rows.length && occupancyBytes[e] > MIN_CACHE_OCCUPANCY_BYTES);
}

/** Every best-effort executor. */
export function correctAll(revocableMilliCpu: RandomAccessColumn, count: number): number[] {
  const rows: number[] = [];
  for (let e = 0; e < count; e++) if (revocableMilliCpu[e] > 0) rows.push(e);
  return rows;
}

/** Observers of many agents: iterations of each until the next correction, and whether contention keeps its estimator shut. */
export interface CorrectionState {
  readonly cooldown: Int32Array;
  readonly shut: Uint8Array;
}

/** Observers of `rows` agents that have seen nothing. */
export function createCorrectionState(rows: number): CorrectionState {
  return { cooldown: new Int32Array(rows), shut: new Uint8Array(rows) };
}

/**
 * One iteration of an agent's observer: whether a strategy is asked for corrections; `corrected` follows when it had some.
 *
 * Without contention, or without best effort, everything is as at the start; while contention lasts the estimator is shut.
 */
export function mayCorrect({ cooldown, shut }: CorrectionState, row: number, contention: boolean): boolean {
  if (!contention) {
    cooldown[row] = 0;
    shut[row] = 0;
    return false;
  }
  if (cooldown[row] > 0) {
    cooldown[row]--;
    return false;
  }
  shut[row] = 1;
  return true;
}

/** Corrections are on their way: the observer waits for their effect. */
export function corrected({ cooldown }: CorrectionState, row: number, iterations: number = COOLDOWN_ITERATIONS): void {
  cooldown[row] = iterations;
}
