/** Many files of lines that are written side by side and read one after another, each once. */
import { appendFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TraceError } from '../../policies/base/assert.ts';
import { readLineBlocks } from '../readers/rows.ts';
import { refuseFullDisk } from './row-writer.ts';

const BUFFER_BYTES = 8_192;

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
  const buffers = Array.from({ length: count }, () => Buffer.allocUnsafe(BUFFER_BYTES));
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
    append(lane, buffers[lane].subarray(0, filled[lane]), place);
    filled[lane] = 0;
  };
  return {
    count,
    add(lane, text, place) {
      const line = `${text}\n`;
      // A code unit takes at most three bytes.
      if (filled[lane] + 3 * line.length > BUFFER_BYTES) flush(lane, place);
      if (3 * line.length > BUFFER_BYTES) append(lane, Buffer.from(line), place);
      else filled[lane] += buffers[lane].write(line, filled[lane]);
    },
    async read(lane, take) {
      flush(lane, folder);
      if (!existsSync(pathOf(lane))) return;
      for await (const lines of readLineBlocks(pathOf(lane))) for (const line of lines) if (line !== '') take(line);
      rmSync(pathOf(lane));
    },
  };
}

/** The lane of a key, the same for equal keys: FNV-1a over code units. */
export function laneOf(key: string, count: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % count;
}
