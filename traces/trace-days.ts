/** A part of an imported trace: some of its days, with time counted from the first of them. */
import { ConfigError } from '../policies/base/assert.ts';

/** Days [from, to) of a trace, from 0. */
export interface DaySpan {
  readonly fromDay: number;
  readonly toDay: number;
}

/** All days of any trace. */
export const ALL_DAYS: DaySpan = { fromDay: 0, toDay: Number.POSITIVE_INFINITY };

/** `7` and `0-7` are the first seven days. Throws ConfigError. */
export function parseDays(text: string): DaySpan {
  const match = /^(?:(\d+)-)?(\d+)$/.exec(text);
  const span = match === null ? null : { fromDay: Number(match[1] ?? 0), toDay: Number(match[2]) };
  if (span === null || span.toDay <= span.fromDay)
    throw new ConfigError(`days ${text}; the first day and the one after the last are expected, as 0-20`);
  return span;
}
