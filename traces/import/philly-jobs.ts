/** One entry of Philly's job log. */
import { TraceError } from '../../policies/base/assert.ts';
import type { TaskRow } from './canonical.ts';
import { asList, asText, type Located, member, textOr } from './json-access.ts';
import { parsePacific } from './local-time.ts';

export interface PhillyJob extends Omit<TaskRow, 'submitMs'> {
  readonly submitUnixMs: number;
}

/** Attempts add up; GPUs and host are those of the last one. Throws TraceError with file and JSON path. */
export function readPhillyJob(
  entry: Located,
  milliPerGpu: number,
  mibPerGpu: number,
  counts: { retried: number; neverRan: number; open: number },
): PhillyJob {
  const attempts = asList(member(entry, 'attempts'), true);
  const submitted = member(entry, 'submitted_time');
  const submitUnixMs = parsePacific(asText(submitted));
  if (Number.isNaN(submitUnixMs))
    throw new TraceError(`${submitted.where} is "${asText(submitted)}"; YYYY-MM-DD HH:MM:SS is expected`);
  let durationMs = attempts.length === 0 ? Number.NaN : 0;
  let gpus = 0;
  let host = '';
  for (const attempt of attempts) {
    const ran =
      parsePacific(textOr(member(attempt, 'end_time'), 'None')) -
      parsePacific(textOr(member(attempt, 'start_time'), 'None'));
    durationMs += ran >= 0 ? ran : Number.NaN;
    const detail = asList(member(attempt, 'detail'), true);
    gpus = detail.reduce((sum, part) => sum + asList(member(part, 'gpus'), true).length, 0);
    host = detail.length === 1 ? textOr(member(detail[0], 'ip'), '') : '';
  }
  if (attempts.length === 0) counts.neverRan += 1;
  else if (Number.isNaN(durationMs)) counts.open += 1;
  if (attempts.length > 1) counts.retried += 1;
  return {
    id: asText(member(entry, 'jobid')),
    group: textOr(member(entry, 'vc'), ''),
    submitUnixMs,
    durationMs,
    requestMilliCpu: gpus > 0 ? gpus * milliPerGpu : Number.NaN,
    requestMemMib: gpus > 0 ? gpus * mibPerGpu : Number.NaN,
    gpus,
    gpuMilli: gpus > 0 ? 1000 : 0,
    qos: textOr(member(entry, 'user'), ''),
    status: textOr(member(entry, 'status'), ''),
    host,
  };
}
