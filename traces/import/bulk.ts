/**
 * What an import has when its tables are too large for memory: a folder for what lies in between.
 *
 * Memory stays that of one part or row group, whatever the number of tasks or services.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface Bulk {
  /** Where the finished tables go. */
  readonly folder: string;
  readonly scratch: string;
  /** Parts that keyed tables are laid down in. */
  readonly parts: number;
  readonly freeBytes: () => number;
  /** Told what is done after the input was read, and how far it is. */
  readonly onStep: (step: string, share0to1: number) => void;
  /** Removes what lies in between. */
  remove(): void;
}

/** Packed bytes of input from which tables are laid down on disk. */
const BULK_BYTES = 4_194_304;
/** Packed bytes for each part: up to thirty times as many unpacked, and the objects made of them. */
const PART_BYTES = 262_144;
const MOST_PARTS = 1_024;

/** null when the input is small. */
export async function openBulk(
  folder: string,
  paths: readonly string[],
  freeBytes: (folder: string) => number,
  fromBytes: number = BULK_BYTES,
  onStep: Bulk['onStep'] = () => undefined,
): Promise<Bulk | null> {
  let bytes = 0;
  for (const path of paths) bytes += await bytesOf(path);
  if (bytes < fromBytes) return null;
  const scratch = join(folder, 'scratch');
  mkdirSync(scratch, { recursive: true });
  return {
    folder,
    scratch,
    parts: Math.min(MOST_PARTS, Math.max(2, Math.ceil(bytes / PART_BYTES))),
    freeBytes: () => freeBytes(folder),
    onStep,
    remove: () => rmSync(scratch, { recursive: true, force: true }),
  };
}

/** A folder has the bytes of all files in it. */
async function bytesOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (!found.isDirectory()) return found.size;
    let bytes = 0;
    for (const inner of await readdir(path, { recursive: true })) bytes += (await stat(join(path, inner))).size;
    return bytes;
  } catch {
    // What is wrong with a path is for the importer to say.
    return 0;
  }
}
