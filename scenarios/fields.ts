/** Builders of scenario fields: each carries its unit, its bounds and a description that ends up in schema.json. */
import { z } from 'zod';
import type { Limit } from './limits.ts';
import {
  CPU_MILLI,
  DURATION_MS,
  GB_PER_SECOND,
  MEMORY_MIB,
  PERCENT,
  parseQuantity,
  type QuantityKind,
  SHARE,
  show,
  WATTS,
} from './quantities.ts';

function quantity(kind: QuantityKind, description: string, min: number, max: number, why = '') {
  const bounds = max === Number.MAX_SAFE_INTEGER ? '' : ` Between ${show(min, kind)} and ${show(max, kind)}.`;
  return z
    .union([z.string(), z.number()], { error: `expected ${kind.what} such as ${kind.example}` })
    .transform((input, context) => {
      const parsed = parseQuantity(input, kind, min, max, why);
      if (parsed.ok) return parsed.value;
      context.issues.push({ code: 'custom', message: parsed.problem, input });
      return z.NEVER;
    })
    .describe(`${description}${bounds} Written as ${kind.example}; units: ${kind.shown.join(', ')}.`);
}

/** `60s` -> milliseconds. */
export const duration = (description: string, minMs = 0, maxMs = Number.MAX_SAFE_INTEGER, why = '') =>
  quantity(DURATION_MS, description, minMs, maxMs, why);

/** `64 cores`, `2000m`, `64` -> milli-CPU. */
export const cpu = (description: string, minMilli = 0, maxMilli = Number.MAX_SAFE_INTEGER, why = '') =>
  quantity(CPU_MILLI, description, minMilli, maxMilli, why);

/** `512GiB` -> MiB. */
export const memory = (description: string, minMib = 0, maxMib = Number.MAX_SAFE_INTEGER, why = '') =>
  quantity(MEMORY_MIB, description, minMib, maxMib, why);

/** `65%` or `65` -> 65. */
export const percent = (description: string, min = 0, max = 100) => quantity(PERCENT, description, min, max);

/** `50%` or `0.5` -> 0.5. */
export const share = (description: string) => quantity(SHARE, description, 0, 1);

/** A percentage that upstream stores as an integer. */
export const wholePercent = (description: string, min = 0, max = 100) =>
  quantity({ ...PERCENT, integer: true, what: 'a whole percentage' }, description, min, max);

/** `130W` -> watts. */
export const watts = (description: string) => quantity(WATTS, description, 0, 100_000);

/** `220GB/s` -> 220. */
export const bandwidth = (description: string) => quantity(GB_PER_SECOND, description, 1, 100_000);

/** A whole number; `why` is told when it lies outside. */
export const count = (description: string, min: number, max: number, why = '') =>
  z
    .number()
    .int()
    .min(min, { error: why })
    .max(max, { error: why })
    .describe(why === '' ? description : `${description} Between ${min} and ${max}: ${why}.`);

/** A whole number from 0 up to a limit of the simulator. */
export const limited = (description: string, limit: Limit, min = 0) =>
  z
    .number()
    .int()
    .min(min)
    .max(limit.max, { error: limit.why })
    .describe(`${description} At most ${limit.max}: ${limit.why}.`);

/** Any finite number in [min, max]. */
export const ratio = (description: string, min: number, max: number) =>
  z.number().min(min).max(max).describe(description);

export const text = (description: string) => z.string().describe(description);

export const flag = (description: string) => z.boolean().describe(description);

/** Names become folders, table keys and parts of override paths, so they hold no dots, slashes or blanks. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

export const name = (description: string) =>
  z.string().regex(NAME_PATTERN, { error: 'name' }).describe(`${description} Letters, digits, - and _; at most 63.`);

/** A mapping from chosen names to `value`. */
export const named = <T extends z.ZodType>(value: T, description: string) =>
  z.record(z.string().regex(NAME_PATTERN, { error: 'name' }), value).describe(description);

/** Kubernetes label keys and values. */
export const labels = (description: string) =>
  z
    .record(z.string().max(316), z.string().max(63))
    .describe(`${description} Kubernetes labels: text to text (quote numbers).`);
