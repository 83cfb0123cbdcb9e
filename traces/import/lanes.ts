/** Many files of lines that are written side by side and read one after another, each once. */
import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { TraceError } from '../../policies/base/assert.ts';
import { refuseFullDisk } from './row-writer.ts';

/** Of what is not yet written, for all lanes together; each has at least and at most so much of it. */
const BUFFER_BYTES = 4_194_304;
const LEAST_BYTES = 1_024;
const MOST_BYTES = 8_192;
const READ_BYTES = 262_144;
const LINE_END = 0x0a;

export interface Lanes {
  readonly count: number;
  /** `text` has no line end; `place` is named when the disk is full. Throws TraceError. */
  add(lane: number, text: string, place: string): void;
  /** Reads a lane and removes it. */
  read(lane: number, take: (text: string) => void): Promise<void>;
}

export function createLanes(folder: string, count: number, freeBytes: () => number): Lanes {
  mkdirSync(folder, { recursive: true });
  const pathOf = (lane: number) => join(folder, String(lane));
  const laneBytes = Math.max(LEAST_BYTES, Math.min(MOST_BYTES, Math.floor(BUFFER_BYTES / count)));
  const buffer = Buffer.allocUnsafe(laneBytes * count);
  const filled = new Int32Array(count);
  const append = (lane: number, bytes: Uint8Array, place: string): void => {
    if (bytes.length === 0) return;
    refuseFullDisk(freeBytes(), () => place, folder);
    try {
      appendFileSync(pathOf(lane), bytes);
    } catch (error) {
      throw new TraceError(`${place} cannot be written to ${folder} (${String(error)})`);
    }
  };
  const flush = (lane: number, place: string): void => {
    append(lane, buffer.subarray(lane * laneBytes, lane * laneBytes + filled[lane]), place);
    filled[lane] = 0;
  };
  return {
    count,
    add(lane, text, place) {
      const line = `${text}\n`;
      // A code unit takes at most three bytes.
      if (filled[lane] + 3 * line.length > laneBytes) flush(lane, place);
      if (3 * line.length > laneBytes) append(lane, Buffer.from(line), place);
      else filled[lane] += buffer.write(line, lane * laneBytes + filled[lane]);
    },
    async read(lane, take) {
      flush(lane, folder);
      if (!existsSync(pathOf(lane))) return;
      eachLine(pathOf(lane), take);
      rmSync(pathOf(lane));
      // Lanes are read at once; between two of them others have their turn, such as a signal to stop.
      await setImmediate();
    },
  };
}

/** Calls `take` for every line of a file of UTF-8. One buffer serves all of it, unless a line is longer. */
function eachLine(path: string, take: (text: string) => void): void {
  const file = openSync(path, 'r');
  try {
    let buffer = Buffer.allocUnsafe(READ_BYTES);
    let held = 0;
    for (;;) {
      const got = readSync(file, buffer, held, buffer.length - held, null);
      if (got === 0) return;
      const end = buffer.lastIndexOf(LINE_END, held + got - 1) + 1;
      held += got;
      if (end === 0) {
        if (held === buffer.length) buffer = Buffer.concat([buffer], 2 * held);
        continue;
      }
      for (const line of buffer.toString('utf8', 0, end - 1).split('\n')) take(line);
      buffer.copy(buffer, 0, end, held);
      held -= end;
    }
  } finally {
    closeSync(file);
  }
}

/** The lane of a key, the same for equal keys: FNV-1a over code units. */
export function laneOf(key: string, count: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % count;
}
