/**
 * Snapshots of warm clusters on the queue's own server: workers on other machines need no folder in common with the driver.
 *
 * One key a snapshot, named by the checksum that the file itself carries. The driver puts a snapshot there before the first job that goes
 * on from it; a worker fetches it once, holds it against its name, and keeps it in a folder of its own as long as it serves.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { ConfigError, TraceError } from '../policies/base/assert.ts';
import { verifySnapshot } from './snapshot-file.ts';

/** The largest value that Redis takes. */
const MOST_BYTES = 512 * 1024 * 1024;
const HASH_LENGTH = 64;

/** A connection of its own for the time of `work`. */
export async function withServer<T>(url: string, work: (server: Redis) => Promise<T>): Promise<T> {
  const { Redis: connect } = await import('ioredis');
  const server = new connect(url);
  try {
    return await work(server);
  } finally {
    server.disconnect();
  }
}

const keyOf = (hash: string): string => `tidemark-snapshot:${hash}`;

/** Puts the snapshot at `path` on the server, for `keepSeconds` from now, and returns its checksum. */
export async function offerSnapshot(server: Redis, path: string, keepSeconds: number): Promise<string> {
  verifySnapshot(path);
  const bytes = readFileSync(path);
  if (bytes.length > MOST_BYTES)
    throw new ConfigError(
      `${path} has ${Math.ceil(bytes.length / 1_048_576)} MiB, and a Redis value at most 512; use --shard on machines that share a folder`,
    );
  const hash = bytes.toString('latin1', 0, HASH_LENGTH);
  if ((await server.expire(keyOf(hash), keepSeconds)) === 0) await server.set(keyOf(hash), bytes, 'EX', keepSeconds);
  return hash;
}

/** Path in `dir` of the snapshot with that checksum, fetched when it is not there. Throws TraceError when the server has it no more. */
export async function fetchSnapshot(server: Redis, hash: string, dir: string): Promise<string> {
  const path = join(dir, `${hash}.snapshot`);
  if (existsSync(path)) return path;
  const bytes = await server.getBuffer(keyOf(hash));
  if (bytes === null)
    throw new TraceError(`snapshot ${hash.slice(0, 16)} is no longer on the queue; run the same sweep again`);
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, bytes);
  verifySnapshot(temporary);
  if (bytes.toString('latin1', 0, HASH_LENGTH) !== hash)
    throw new TraceError(`snapshot ${hash.slice(0, 16)} on the queue holds another one; run the same sweep again`);
  renameSync(temporary, path);
  return path;
}
