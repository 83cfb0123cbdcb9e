/** Typed reading of foreign JSON: every message carries the file and the path of the value that is wrong. */
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { TraceError } from '../../policies/base/assert.ts';
import { firstBadLine, readProblem } from '../readers/rows.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** A value and where it was found, as `pods.json: items[3].spec`. */
export interface Located {
  readonly value: unknown;
  readonly where: string;
}

/** Largest JSON text that is read whole; one string of Node holds no more. */
const MOST_JSON_BYTES = 536_000_000;
const MOST_UNPACKED_RATIO = 200;
const FREE_UNPACKED_BYTES = 16_777_216;

/** Text of a file, plain or gzipped, with the limits of a file that is read whole. Throws TraceError. */
export async function readText(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    const packed = bytes.length > 1 && bytes[0] === 0x1f && bytes[1] === 0x8b;
    const most = Math.min(MOST_JSON_BYTES, Math.max(FREE_UNPACKED_BYTES, MOST_UNPACKED_RATIO * bytes.length));
    if (bytes.length > MOST_JSON_BYTES) throw new TraceError(`${path}: larger than ${MOST_JSON_BYTES} bytes`);
    const plain = packed ? gunzipSync(bytes, { maxOutputLength: most }) : bytes;
    return decode(path, plain);
  } catch (error) {
    if (error instanceof TraceError) throw error;
    const code = (error as { code?: unknown }).code;
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw new TraceError(`${path}: unpacks to far more than it holds; refused as a zip bomb`);
    throw new TraceError(`${path}: ${readProblem(error)}`);
  }
}

function decode(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new TraceError(`${path}:${firstBadLine(bytes)} is not UTF-8`);
  }
}

/** Parses a JSON file, plain or gzipped. Throws TraceError. */
export async function readJson(path: string): Promise<Located> {
  const text = await readText(path);
  try {
    return { value: JSON.parse(text), where: `${path}:` };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const line = text.slice(0, endOfSound(text, message)).split('\n').length;
    throw new TraceError(`${path}:${line} is not JSON (${message})`);
  }
}

const UNEXPECTED = 'Unexpected token';

/** How many letters of `text` are sound JSON. Engines say a position, quote a token without one, or find that the text ends early. */
function endOfSound(text: string, message: string): number {
  const stopped = /at position (\d+)/.exec(message);
  if (stopped !== null) return Number(stopped[1]);
  if (!message.startsWith(UNEXPECTED)) return text.length;
  // A beginning of the text stops at that token once it holds it; before, it only ends too early.
  let [sound, bad] = [0, text.length];
  while (bad - sound > 1) {
    const middle = (sound + bad) >>> 1;
    if (stopsAtToken(text.slice(0, middle))) bad = middle;
    else sound = middle;
  }
  return sound;
}

function stopsAtToken(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    return error instanceof Error && error.message.startsWith(UNEXPECTED);
  }
}

function reject(located: Located, expected: string): never {
  const text = typeof located.value === 'bigint' ? String(located.value) : (JSON.stringify(located.value) ?? 'missing');
  throw new TraceError(`${located.where} is ${text.length > 60 ? `${text.slice(0, 60)}...` : text}; ${expected}`);
}

/** The member `key`; `value` is undefined when the object has none. Throws TraceError when it is not an object. */
export function member(located: Located, key: string): Located {
  const record = asObject(located);
  const separator = located.where.endsWith(':') ? ' ' : '.';
  return { value: Object.hasOwn(record, key) ? record[key] : undefined, where: `${located.where}${separator}${key}` };
}

/** A member several levels down; undefined as soon as one is missing. */
export function memberAt(located: Located, ...keys: readonly string[]): Located {
  let current = located;
  for (const key of keys) {
    if (current.value === undefined || current.value === null) return { value: undefined, where: current.where };
    current = member(current, key);
  }
  return current;
}

export function asObject(located: Located): JsonObject {
  if (typeof located.value !== 'object' || located.value === null || Array.isArray(located.value))
    reject(located, 'an object is expected');
  return located.value as JsonObject;
}

/** The elements of an array, each with its own place; none when the value is missing and `optional`. */
export function asList(located: Located, optional = false): Located[] {
  if (optional && (located.value === undefined || located.value === null)) return [];
  if (!Array.isArray(located.value)) reject(located, 'an array is expected');
  return (located.value as unknown[]).map((value, index) => ({ value, where: `${located.where}[${index}]` }));
}

export function asNumber(located: Located): number {
  if (typeof located.value !== 'number' || !Number.isFinite(located.value)) reject(located, 'a number is expected');
  return located.value as number;
}

export function asText(located: Located): string {
  if (typeof located.value !== 'string') reject(located, 'a string is expected');
  return located.value as string;
}

/** The string, or `fallback` when there is none. */
export function textOr(located: Located, fallback: string): string {
  return located.value === undefined || located.value === null ? fallback : asText(located);
}

/** A string or a number, as text: ids are written both ways. */
export function asId(located: Located): string {
  if (typeof located.value === 'number') return String(located.value);
  if (typeof located.value !== 'string') reject(located, 'an id (string or number) is expected');
  return located.value as string;
}

/** The string members of an object; none when it is missing. */
export function asTextMap(located: Located): Record<string, string> {
  if (located.value === undefined || located.value === null) return {};
  return Object.fromEntries(Object.keys(asObject(located)).map((key) => [key, String(member(located, key).value)]));
}
