/** Input files of a replication: where they are by default, and which file it is. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ConfigError, TraceError } from '../../policies/base/assert.ts';

/** `given`, or `name` below the folder of public data. Throws ConfigError when there is neither. */
export function inputPath(given: string | undefined, name: string, option: string, data?: string): string {
  const path = given ?? dataFolder(name, data);
  if (path === null)
    throw new ConfigError(
      `${option} is not given and there is no --data or TIDEMARK_DATA; name the file, or the folder with the public traces`,
    );
  return path;
}

/** A folder of the public data: below `data`, else below TIDEMARK_DATA; null when neither is set. */
export function dataFolder(name: string, data: string = process.env.TIDEMARK_DATA ?? ''): string | null {
  return data === '' ? null : join(data, name);
}

/** sha256 of a file's content, unpacked when the name ends in .gz: it names the data, not the way it was packed. */
export async function contentSha256(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    return createHash('sha256')
      .update(path.endsWith('.gz') ? gunzipSync(bytes) : bytes)
      .digest('hex');
  } catch (error) {
    throw new TraceError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
