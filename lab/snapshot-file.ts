/**
 * A warm cluster on disk: the snapshot of a run with what it is a snapshot of.
 *
 *   SHA-256 of all that follows, hex \n  header, one line of JSON \n  state, serialised by V8
 *
 * Written under a temporary name and renamed; a file that was cut short or changed is refused by name.
 */
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Deserializer, Serializer } from 'node:v8';
import { ConfigError, TraceError } from '../policies/base/assert.ts';
import type { RunSnapshot } from '../sim/engine/snapshot.ts';
import type { Plan } from '../sim/plan.ts';

const FORMAT = 'tidemark-snapshot/2';
const NEWLINE = 10;
const HASH_LENGTH = 64;

export interface SnapshotHeader {
  readonly format: typeof FORMAT;
  /** Plan of the run that was stopped here, and its hash. */
  readonly plan: Plan;
  readonly planHash: string;
  readonly atMs: number;
  readonly codeVersion: string;
  readonly replayVersion: string;
  readonly tidemarkVersion: string;
  readonly nodeVersion: string;
}

export interface SnapshotFile {
  readonly header: SnapshotHeader;
  readonly snapshot: RunSnapshot;
}

/** Writes a snapshot; a reader sees the whole file or none. Returns its size in bytes. */
export function writeSnapshot(path: string, header: Omit<SnapshotHeader, 'format'>, snapshot: RunSnapshot): number {
  const head = Buffer.from(`${JSON.stringify({ format: FORMAT, ...header })}\n`);
  const state = serialized(snapshot);
  const hash = createHash('sha256').update(head).update(state).digest('hex');
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, Buffer.concat([Buffer.from(`${hash}\n`), head, state]));
  renameSync(temporary, path);
  return HASH_LENGTH + 1 + head.length + state.length;
}

/**
 * V8's own form: every column comes back with memory of its own. What v8.serialize writes comes back as views of the whole file, and
 * to clone one of them is to clone the file.
 */
function serialized(snapshot: RunSnapshot): Buffer {
  const writer = new Serializer();
  writer.writeHeader();
  writer.writeValue(snapshot);
  return writer.releaseBuffer();
}

/** Reads a snapshot. Throws ConfigError when `path` is no snapshot, TraceError when it was cut short, changed or written by another Node. */
export function readSnapshot(path: string): SnapshotFile {
  const { header, state } = verifySnapshot(path);
  try {
    const reader = new Deserializer(state);
    reader.readHeader();
    return { header, snapshot: reader.readValue() as RunSnapshot };
  } catch {
    throw new TraceError(`${path}: was written by Node ${header.nodeVersion} and this Node cannot read it; ${AGAIN}`);
  }
}

/** Holds a file against its checksum; errors as readSnapshot. */
export function verifySnapshot(path: string): { readonly header: SnapshotHeader; readonly state: Uint8Array } {
  const bytes = read(path);
  const hash = createHash('sha256')
    .update(bytes.subarray(HASH_LENGTH + 1))
    .digest('hex');
  if (!looksLikeOurs(bytes.toString('latin1', 0, 200))) throw noSnapshot(path);
  if (bytes.toString('latin1', 0, HASH_LENGTH) !== hash)
    throw new TraceError(`${path}: cut short or changed since it was written (SHA-256 differs); ${AGAIN}`);
  const end = bytes.indexOf(NEWLINE, HASH_LENGTH + 1);
  const header = JSON.parse(bytes.toString('utf8', HASH_LENGTH + 1, end)) as SnapshotHeader;
  return { header, state: bytes.subarray(end + 1) };
}

/** The header alone, unverified: enough to refuse a scenario before anything is loaded. Throws ConfigError when `path` is no snapshot. */
export function readSnapshotHeader(path: string): SnapshotHeader {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw new ConfigError(`${path} cannot be read (${(error as Error).message}); ${MAKE}`);
  }
  try {
    let text = '';
    const chunk = Buffer.alloc(1 << 16);
    for (let got = 1; got > 0 && text.split('\n').length < 3; ) {
      got = readSync(file, chunk, 0, chunk.length, null);
      text += chunk.toString('latin1', 0, got);
    }
    if (!looksLikeOurs(text)) throw noSnapshot(path);
    const [, line] = text.split('\n', 2);
    return JSON.parse(Buffer.from(line, 'latin1').toString('utf8')) as SnapshotHeader;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new TraceError(`${path}: its header is cut short or changed; ${AGAIN}`);
  } finally {
    closeSync(file);
  }
}

const MAKE = 'make one with: tidemark warm SCENARIO --until 2h --out FILE';
const AGAIN = 'make it again with tidemark warm';

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ConfigError(`${path} cannot be read (${(error as Error).message}); ${MAKE}`);
  }
}

function looksLikeOurs(start: string): boolean {
  return start.slice(HASH_LENGTH + 1).startsWith(`{"format":"${FORMAT}"`);
}

function noSnapshot(path: string): ConfigError {
  return new ConfigError(`${path} is no snapshot of tidemark; ${MAKE}`);
}
