/** What a stored result depends on besides its plan: the code that ran it and the series it replayed. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OnlineServices, UsageStream } from '../traces/format.ts';

/** Folder of the compiled rooms. */
const COMPILED = fileURLToPath(new URL('..', import.meta.url));
const ROOMS = ['policies', 'sim', 'traces'] as const;
const FILES = [join('lab', 'run-plan.js'), join('lab', 'fork.js'), join('lab', 'worker.js')] as const;

/** SHA-256 (hex) over the compiled code that can change a result. */
export function codeVersion(): string {
  const hash = createHash('sha256');
  const names = ROOMS.flatMap((room) =>
    readdirSync(join(COMPILED, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js'))
      .map((name) => join(room, name)),
  );
  for (const name of [...names, ...FILES].sort())
    hash
      .update(name)
      .update('\0')
      .update(readFileSync(join(COMPILED, name)))
      .update('\0');
  return hash.digest('hex');
}

/** What tells one stream from another: the trace, and where in it the run begins. */
function streamText({ sha256, firstSlot, perMilliCpu }: UsageStream): string {
  return JSON.stringify([sha256, firstSlot, [...perMilliCpu]]);
}

/** SHA-256 (hex) of replayed series; the empty text without any. */
export function replayVersion(replayed: OnlineServices | undefined): string {
  if (replayed === undefined) return '';
  const hash = createHash('sha256');
  for (const [name, column] of Object.entries(replayed) as [string, unknown][]) {
    hash.update(name).update('\0');
    if (name === 'stream') hash.update(streamText(column as UsageStream));
    else if (ArrayBuffer.isView(column))
      hash.update(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
    else hash.update(JSON.stringify(column));
  }
  return hash.digest('hex');
}
