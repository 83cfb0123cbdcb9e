/** Typed reads of the fields of YARN cases; a field that is missing or of another type is an error, never a default. */
import { firstDifference, isRecord } from '../conformance.ts';

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown, what: string): Fields {
  if (!isRecord(value)) throw new Error(`${what} is not an object`);
  return value;
}

export function fieldsAt(fields: Fields, name: string): Fields {
  return fieldsOf(fields[name], name);
}

export function listAt(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw new Error(`${name} is not a list`);
  return value;
}

export function recordsAt(fields: Fields, name: string): readonly Fields[] {
  return listAt(fields, name).map((entry, index) => fieldsOf(entry, `${name}[${index}]`));
}

export function numberAt(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number') throw new Error(`${name} is ${JSON.stringify(value)}, not a number`);
  return value;
}

export function numberOr(fields: Fields, name: string, absent: number): number {
  return fields[name] === undefined || fields[name] === null ? absent : numberAt(fields, name);
}

export function textAt(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new Error(`${name} is ${JSON.stringify(value)}, not a text`);
  return value;
}

export function flagAt(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value !== 'boolean') throw new Error(`${name} is ${JSON.stringify(value)}, not true or false`);
  return value;
}

export function flagOr(fields: Fields, name: string, absent: boolean): boolean {
  return fields[name] === undefined ? absent : flagAt(fields, name);
}

/** Compares what the case expects with what was found; every expectation must be known. A case that expects nothing holds. */
export function compareExpected(entry: Fields, got: Readonly<Record<string, unknown>>, tolerance = 0): string {
  if (entry.expect === undefined) return '';
  for (const [name, wanted] of Object.entries(fieldsAt(entry, 'expect'))) {
    if (!Object.hasOwn(got, name)) return `unknown expectation "${name}"`;
    const difference = firstDifference(wanted, got[name], tolerance);
    if (difference !== '') return `${name}: ${difference}`;
  }
  return '';
}
