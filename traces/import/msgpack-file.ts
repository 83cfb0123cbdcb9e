/**
 * A MessagePack file as a value that is read like JSON.
 *
 * The package is optional and loaded when a file of that kind is imported. Keys of maps that are no text become their JSON; integers that a
 * double does not hold become the nearest double.
 */
import { readFile } from 'node:fs/promises';
import { TraceError } from '../../policies/base/assert.ts';
import type { Located } from './json-access.ts';

/** What is used of @msgpack/msgpack; written out, because the package may be missing where this is compiled. */
interface MsgpackModule {
  decode(bytes: Uint8Array, options: { readonly mapKeyConverter: (key: unknown) => string | number }): unknown;
}

const PACKAGE: string = '@msgpack/msgpack';
const MOST_BYTES = 536_000_000;

/** Decodes the one value of a file. Throws TraceError with the file. */
export async function readMsgpack(path: string): Promise<Located> {
  const msgpack = await loadMsgpack(path);
  try {
    const bytes = await readFile(path);
    if (bytes.length > MOST_BYTES) throw new TraceError(`${path}: larger than ${MOST_BYTES} bytes`);
    const mapKeyConverter = (key: unknown) => (typeof key === 'string' ? key : (JSON.stringify(key) ?? ''));
    return { value: msgpack.decode(bytes, { mapKeyConverter }), where: `${path}:` };
  } catch (error) {
    if (error instanceof TraceError) throw error;
    throw new TraceError(`${path}: not MessagePack (${error instanceof Error ? error.message : String(error)})`);
  }
}

async function loadMsgpack(path: string): Promise<MsgpackModule> {
  try {
    return (await import(PACKAGE)) as MsgpackModule;
  } catch {
    throw new TraceError(`${path}: reading MessagePack needs the package ${PACKAGE}; npm install ${PACKAGE}`);
  }
}
