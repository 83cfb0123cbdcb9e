/**
 * What Chronos does when a run fails.
 *
 *   retry  iff  attempt < retries  and  (no error recorded  or  last success >= last error)
 *   else   errors + 1; disabled iff disableAfterFailures > 0 and errors reached it
 *
 * So after one final failure a job is not retried again until it succeeds.
 * Source: Chronos JobScheduler.handleFailedTask.
 */

/** Record of a job's ends. Units: ms; null when there was none. */
export interface RunRecord {
  readonly retries: number;
  readonly lastSuccessMs: number | null;
  readonly lastErrorMs: number | null;
  readonly errorsSinceLastSuccess: number;
}

/** The decision; `errorsSinceLastSuccess` is the new count. */
export interface FailureDecision {
  readonly retry: boolean;
  readonly disabled: boolean;
  readonly errorsSinceLastSuccess: number;
}

/** Decides about a failure at `attempt` (0 is the first try). `disableAfterFailures` 0 means never. */
export function decideAfterFailure(record: RunRecord, attempt: number, disableAfterFailures: number): FailureDecision {
  const clean =
    record.lastErrorMs === null || (record.lastSuccessMs !== null && record.lastSuccessMs >= record.lastErrorMs);
  if (attempt < record.retries && clean)
    return { retry: true, disabled: false, errorsSinceLastSuccess: record.errorsSinceLastSuccess };
  const errors = record.errorsSinceLastSuccess + 1;
  return {
    retry: false,
    disabled: disableAfterFailures > 0 && errors >= disableAfterFailures,
    errorsSinceLastSuccess: errors,
  };
}
