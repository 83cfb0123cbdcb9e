/** Where a run stands in its stream of best-effort tasks: read hour by hour, one task after another. */
import { type BatchChunk, type BatchSource, createBatchChunk } from '../../traces/format.ts';
import { inTicks } from './ticks.ts';

/** Where the intake stands in the stream of best-effort tasks. */
export interface Intake {
  readonly source: BatchSource;
  readonly chunk: BatchChunk;
  hour: number;
  next: number;
  /** Number and row of the job whose tasks arrive now. */
  jobNumber: number;
  jobRow: number;
  /** Number of the next task; online pods come first. */
  nextTaskId: number;
  readonly ticksPerMs: number;
}

/** An intake at the start of its source. */
export function createIntake(source: BatchSource, firstTaskId: number, ticksPerMs = 1): Intake {
  return {
    source,
    chunk: createBatchChunk(4096),
    hour: -1,
    next: 0,
    jobNumber: -1,
    jobRow: -1,
    nextTaskId: firstTaskId,
    ticksPerMs,
  };
}

/** When the next best-effort task arrives; Infinity when none is left before `horizonMs`. */
export function nextArrivalMs(intake: Intake, hours: number): number {
  while (intake.next >= (intake.hour < 0 ? 0 : intake.chunk.count)) {
    if (intake.hour + 1 >= hours) return Number.POSITIVE_INFINITY;
    intake.hour++;
    intake.source.fillHour(intake.hour, intake.chunk);
    intake.next = 0;
    if (intake.chunk.count > 0) break;
  }
  const submitMs = intake.chunk.submitMs[intake.next];
  return intake.ticksPerMs === 1 ? Math.ceil(submitMs) : inTicks(intake, submitMs);
}
