/** Kubernetes resource quantities: `96`, `3920m`, `384Gi`, `128974848Ki`, `1e3`, `0.5`. Source: apimachinery resource.Quantity. */
import { TraceError } from '../../policies/base/assert.ts';

const SUFFIX_FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 1024,
  Mi: 1048576,
  Gi: 1073741824,
  Ti: 1099511627776,
  Pi: 1125899906842624,
  Ei: 1024 * 1125899906842624,
};

/**
 * The value of a quantity in its base unit (cores, bytes, pieces).
 *
 * JSON numbers are accepted as they are. Throws TraceError with `where` for anything else.
 */
export function parseQuantity(text: unknown, where: string): number {
  if (typeof text === 'number' && Number.isFinite(text)) return text;
  const match =
    typeof text === 'string' ? /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([a-zA-Z]{0,2}))$/.exec(text) : null;
  const factor = match === null ? undefined : SUFFIX_FACTORS[match[3] ?? ''];
  if (match === null || factor === undefined)
    throw new TraceError(
      `${where} is ${JSON.stringify(text) ?? 'missing'}; a quantity such as 500m, 4 or 16Gi is expected`,
    );
  return Number(match[1] + (match[2] ?? '')) * factor;
}

/** Milli-cores, rounded up as the scheduler does. The product is cleaned of binary noise first: 1.001 cores are 1 001 milli. */
export function milliCpuOf(cores: number): number {
  return Math.ceil(Number((cores * 1000).toPrecision(12)));
}
