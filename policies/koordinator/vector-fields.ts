/** Reads fields of parsed vector files: absent and null become the given default, other types are an error. */

import { isRecord } from '../conformance.ts';

export function record(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

export function list(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(record) : [];
}

export function numberOr(value: unknown, fallback: number): number {
  if (value === undefined || value === null) return fallback;
  if (typeof value === 'number') return value;
  throw new TypeError(`expected a number, got ${JSON.stringify(value)}`);
}

export function optionalNumber(value: unknown): number | undefined {
  return value === undefined || value === null ? undefined : numberOr(value, 0);
}

export function booleanOr(value: unknown, fallback: boolean): boolean {
  if (value === undefined || value === null) return fallback;
  if (typeof value === 'boolean') return value;
  throw new TypeError(`expected true or false, got ${JSON.stringify(value)}`);
}

export function textOr(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback;
}

/** A map of numbers; entries that are null are left out. */
export function numberMap(value: unknown): Record<string, number> {
  const out: Record<string, number> = {};
  for (const [name, entry] of Object.entries(record(value)))
    if (entry !== null && entry !== undefined) out[name] = numberOr(entry, 0);
  return out;
}

/** Fails on expectations that no check reads, so that nothing is passed unseen. */
export function unreadExpectation(expected: Readonly<Record<string, unknown>>, read: readonly string[]): string {
  const unread = Object.keys(expected).filter((name) => !read.includes(name));
  return unread.length === 0 ? '' : `expected.${unread[0]} is not a result of this policy; known: ${read.join(', ')}`;
}
