/** Units as integers: milliseconds, milli-CPU, bytes, MiB. Names of values end in their unit; these are the factors. */

export const MS_PER_SECOND = 1_000;
export const MS_PER_MINUTE = 60_000;
export const MS_PER_HOUR = 3_600_000;
export const MS_PER_DAY = 86_400_000;
export const MS_PER_WEEK = 604_800_000;

export const MILLI_PER_CPU = 1_000;

export const BYTES_PER_KIB = 1_024;
export const BYTES_PER_MIB = 1_048_576;
export const BYTES_PER_GIB = 1_073_741_824;

/** Largest integer that a double holds exactly together with all smaller ones: 2^53 - 1. */
export const MAX_EXACT = Number.MAX_SAFE_INTEGER;
