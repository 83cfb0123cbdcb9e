/** Reading of case files: a missing field and null are the same, a field of another type is an error that fails its case. */
import { isRecord } from '../conformance.ts';

export type Json = Record<string, unknown>;

function wrong(key: string, wanted: string, value: unknown): never {
  throw new Error(`${key} is ${JSON.stringify(value)}; must be ${wanted}`);
}

/** An object; `{}` when missing. */
export function objectAt(from: Json, key: string): Json {
  const value = from[key];
  if (value === undefined || value === null) return {};
  return isRecord(value) ? value : wrong(key, 'an object', value);
}

/** An object, or undefined when missing. */
export function optionalObjectAt(from: Json, key: string): Json | undefined {
  return from[key] === undefined || from[key] === null ? undefined : objectAt(from, key);
}

/** A list of objects; empty when missing. */
export function objectsAt(from: Json, key: string): Json[] {
  const value = from[key];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return wrong(key, 'a list', value);
  return value.map((entry) => (isRecord(entry) ? entry : wrong(key, 'a list of objects', entry)));
}

/** A list of numbers; empty when missing. */
export function numbersAt(from: Json, key: string): number[] {
  const value = from[key];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return wrong(key, 'a list', value);
  return value.map((entry) => (typeof entry === 'number' ? entry : wrong(key, 'a list of numbers', entry)));
}

export function optionalNumberAt(from: Json, key: string): number | undefined {
  const value = from[key];
  if (value === undefined || value === null) return undefined;
  return typeof value === 'number' ? value : wrong(key, 'a number', value);
}

export function numberAt(from: Json, key: string, missing = 0): number {
  return optionalNumberAt(from, key) ?? missing;
}

export function optionalTextAt(from: Json, key: string): string | undefined {
  const value = from[key];
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : wrong(key, 'a text', value);
}

export function textAt(from: Json, key: string, missing = ''): string {
  return optionalTextAt(from, key) ?? missing;
}

export function flagAt(from: Json, key: string, missing: boolean): boolean {
  const value = from[key];
  if (value === undefined || value === null) return missing;
  return typeof value === 'boolean' ? value : wrong(key, 'true or false', value);
}

/** `{ [key]: value }`, or nothing when the value is undefined. */
export function given<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: Value };
}

/** Those fields of `got` that `expected` names; a named field that was not computed stays missing. */
export function asExpected(expected: Json, got: Json): Json {
  return Object.fromEntries(Object.keys(expected).flatMap((key) => (key in got ? [[key, got[key]]] : [])));
}
