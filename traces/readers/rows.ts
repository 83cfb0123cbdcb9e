/**
 * Rows of a text file, plain or gzipped, with what an error message needs to point at one.
 *
 * Text is UTF-8 and nothing else. LF and CR LF may be mixed and are counted. A gzip stream may not end early, unpack to more than a
 * limit, or unpack to far more than it holds (a bomb); a line may not be longer than a limit.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { TraceError } from '../../policies/base/assert.ts';

/** What reading came across; one log may serve many files. */
export interface ReadLog {
  lfLines: number;
  crlfLines: number;
}

export interface ReadLimits {
  /** Unpacked bytes of one file. */
  readonly unpackedBytes: number;
  /** Unpacked over packed bytes of a gzip stream, looked at once `ratioFromBytes` are unpacked. */
  readonly unpackedRatio: number;
  readonly ratioFromBytes: number;
  readonly lineBytes: number;
}

/** Room for the largest public tables; CSV of repeated ids packs 5 to 30 times, never 200 times. */
export const READ_LIMITS: ReadLimits = {
  unpackedBytes: 1_099_511_627_776,
  unpackedRatio: 200,
  ratioFromBytes: 16_777_216,
  lineBytes: 16_777_216,
};

export interface ReadOptions {
  readonly log?: ReadLog;
  readonly limits?: ReadLimits;
  /** Told how many packed bytes were read since the last call. */
  readonly onBytes?: (bytes: number) => void;
}

/** Lines of `path` in order, without line ends. Throws TraceError with file and row. */
export async function* readLines(path: string, options: ReadOptions = {}): AsyncGenerator<string> {
  for await (const lines of readLineBlocks(path, options)) for (const line of lines) yield line;
}

/** The lines of `path` some thousand at a time. Throws TraceError with file and row. */
export async function* readLineBlocks(path: string, options: ReadOptions = {}): AsyncGenerator<readonly string[]> {
  const limits = options.limits ?? READ_LIMITS;
  const packed = await isGzip(path);
  const file = createReadStream(path, { highWaterMark: 262_144 });
  const bytes = packed ? pipeline(file, createGunzip({ chunkSize: 262_144 }), () => undefined) : file;
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rows = 0;
  let unpacked = 0;
  let told = 0;
  let carry: Buffer = Buffer.alloc(0);
  const tooLong = (row: number) => `${path}:${row} is longer than ${limits.lineBytes} bytes; no table has such lines`;
  const emit = (block: Buffer): string[] => {
    let text: string;
    try {
      text = decoder.decode(block);
    } catch {
      throw new TraceError(`${path}:${rows + firstBadLine(block)} is not UTF-8`);
    }
    const lines = text.split('\n');
    for (let at = 0; at < lines.length; at++)
      if (lines[at].length > limits.lineBytes) throw new TraceError(tooLong(rows + at + 1));
    let crlf = 0;
    for (let at = 0; at < lines.length; at++) {
      if (!lines[at].endsWith('\r')) continue;
      lines[at] = lines[at].slice(0, -1);
      crlf += 1;
    }
    if (rows === 0) lines[0] = lines[0].replace(/^\uFEFF/, '');
    rows += lines.length;
    if (options.log !== undefined) {
      options.log.crlfLines += crlf;
      options.log.lfLines += lines.length - crlf;
    }
    return lines;
  };
  try {
    for await (const piece of bytes) {
      const chunk = piece as Buffer;
      unpacked += chunk.length;
      options.onBytes?.(file.bytesRead - told);
      told = file.bytesRead;
      if (unpacked > limits.unpackedBytes)
        throw new TraceError(
          `${path}:${rows + 1} more than ${limits.unpackedBytes} bytes are unpacked; that is the limit`,
        );
      if (packed && unpacked > limits.ratioFromBytes && unpacked > limits.unpackedRatio * file.bytesRead)
        throw new TraceError(
          `${path}:${rows + 1} ${file.bytesRead} bytes unpack to more than ${limits.unpackedRatio} times as many; refused as a zip bomb`,
        );
      const end = chunk.lastIndexOf(0x0a);
      if (end < 0) carry = Buffer.concat([carry, chunk]);
      else {
        const block = Buffer.concat([carry, chunk.subarray(0, end)]);
        carry = Buffer.from(chunk.subarray(end + 1));
        yield emit(block);
      }
      if (carry.length > limits.lineBytes) throw new TraceError(tooLong(rows + 1));
    }
    if (carry.length > 0) yield emit(carry);
  } catch (error) {
    if (error instanceof TraceError) throw error;
    throw new TraceError(`${path}:${rows + 1} ${readProblem(error)}`);
  } finally {
    file.destroy();
    bytes.destroy();
  }
}

/** Bytes that are unpacked to see whether a file is a bomb. */
const LOOK_BYTES = 4 * 16_777_216;

/**
 * Looks at the start of a file that something else will read. Throws TraceError for a gzip stream that unpacks as readLines refuses it; a bomb
 * that begins later is not seen.
 */
export async function refuseBomb(path: string, options: ReadOptions = {}): Promise<void> {
  const limits = options.limits ?? READ_LIMITS;
  if (!(await isGzip(path))) return;
  const file = createReadStream(path);
  const bytes = pipeline(file, createGunzip(), () => undefined);
  let unpacked = 0;
  try {
    for await (const piece of bytes) {
      unpacked += (piece as Buffer).length;
      if (unpacked > LOOK_BYTES) break;
    }
  } catch {
    // What is wrong with the stream is for the reader to say.
    return;
  } finally {
    file.destroy();
    bytes.destroy();
  }
  if (unpacked > limits.ratioFromBytes && unpacked > limits.unpackedRatio * file.bytesRead)
    throw new TraceError(
      `${path}: ${file.bytesRead} bytes unpack to more than ${limits.unpackedRatio} times as many; refused as a zip bomb`,
    );
}

/** Whether the file starts as gzip does; names are not asked. */
async function isGzip(path: string): Promise<boolean> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
      return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new TraceError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** What is wrong with a file that cannot be read, in words. */
export function readProblem(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (message === 'unexpected end of file') return 'the gzip stream ends early: the file is cut off';
  return `cannot be read (${message})`;
}

/** Number of the first line (from 1) that is not UTF-8. */
export function firstBadLine(block: Uint8Array): number {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  for (let start = 0; start <= block.length; line++) {
    const found = block.indexOf(0x0a, start);
    const end = found < 0 ? block.length : found;
    try {
      decoder.decode(block.subarray(start, end));
    } catch {
      return line;
    }
    start = end + 1;
  }
  return line;
}

/** Where a row is, for messages. Rows count from 1. */
export interface RowPlace {
  readonly path: string;
  readonly row: number;
}

/** Throws TraceError naming file and row. */
export function rejectRow(place: RowPlace, what: string): never {
  throw new TraceError(`${place.path}:${place.row} ${what}`);
}

/** The number in a field. Throws TraceError when it is empty or not finite. */
export function readNumber(place: RowPlace, field: string | undefined, name: string): number {
  const value = field === undefined || field.trim() === '' ? Number.NaN : Number(field);
  if (!Number.isFinite(value)) rejectRow(place, `${name} is ${JSON.stringify(field ?? '')}; a number is expected`);
  return value;
}

/** The number in a field, NaN when it is empty. Throws TraceError when it is something else. */
export function readNumberOrNan(place: RowPlace, field: string | undefined, name: string): number {
  return field === undefined || field.trim() === '' ? Number.NaN : readNumber(place, field, name);
}
