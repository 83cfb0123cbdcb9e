/** Rows of a text file, one at a time, plain or gzipped, with what an error message needs to point at one. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { TraceError } from '../../policies/base/assert.ts';

/** Lines of `path` in order, without line ends. Throws TraceError with the file when it cannot be read or unpacked. */
export async function* readLines(path: string): AsyncGenerator<string> {
  const file = createReadStream(path);
  const text = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
  const failed = new Promise<never>((_, reject) => {
    const stop = (error: Error) => reject(new TraceError(`${path}: ${error.message}`));
    file.once('error', stop);
    text.once('error', stop);
  });
  // The rejection is observed by the race below; this handler only keeps a failure after the last line from being unhandled.
  failed.catch(() => undefined);
  const lines = createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  try {
    for (;;) {
      const step = await Promise.race([lines.next(), failed]);
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    file.destroy();
  }
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
