/** Input files of a replication: where they are by default, and which file it is. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ConfigError, TraceError } from '../../policies/base/assert.ts';

/** `given`, or `name` below the folder of public data. Throws ConfigError when there is neither. */
export function inputPath(given: string | undefined, name: string, option: string): string {
  if (given !== undefined) return given;
  const folder = process.env.TIDEMARK_DATA ?? '';
  if (folder === '')
    throw new ConfigError(
      `${option} is not given and TIDEMARK_DATA is not set; name the file, or set TIDEMARK_DATA to the folder with the public traces`,
    );
  return join(folder, name);
}

/** A folder of the public data, null when TIDEMARK_DATA is not set. */
export function dataFolder(name: string): string | null {
  const folder = process.env.TIDEMARK_DATA ?? '';
  return folder === '' ? null : join(folder, name);
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
