/**
 * Fetches a public file from its origin and keeps it only when its sha256 is the one of the manifest.
 *
 * A redirect to another host, a cut connection, more bytes than announced in the manifest and a wrong hash leave nothing behind.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ConfigError, TraceError } from '../policies/base/assert.ts';
import { PUBLIC_TRACES, type PublicTrace } from './manifest.ts';

const MOST_REDIRECTS = 3;
const TIMEOUT_MS = 600_000;

/** The manifest in lines. */
export async function listTraces(manifestPath?: string): Promise<string[]> {
  return (await readManifest(manifestPath)).map(
    (entry) => `${entry.name.padEnd(28)}${String(entry.bytes).padStart(10)} bytes  ${entry.licence}  ${entry.url}`,
  );
}

/** Fetches `name` into `folder`. Throws ConfigError for an unknown name, TraceError for everything that goes wrong on the way. */
export async function getTrace(name: string, folder: string, manifestPath?: string): Promise<string[]> {
  const manifest = await readManifest(manifestPath);
  const entry = manifest.find((one) => one.name === name);
  if (entry === undefined)
    throw new ConfigError(`no public file is called "${name}"; known: ${manifest.map((one) => one.name).join(', ')}`);
  const path = join(folder, entry.file ?? basename(new URL(entry.url).pathname));
  const partial = `${path}.partial-${process.pid}`;
  await mkdir(folder, { recursive: true });
  try {
    await download(entry, partial);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    if (error instanceof TraceError) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
    throw new TraceError(
      `${entry.url}: ${error instanceof Error ? error.message : String(error)}${cause}; nothing was kept`,
    );
  }
  return [
    `${path}: ${entry.bytes} bytes, sha256 as expected`,
    `licence: ${entry.licence}`,
    `origin: ${entry.url} (commit ${entry.commit})`,
  ];
}

async function readManifest(path: string | undefined): Promise<readonly PublicTrace[]> {
  if (path === undefined) return PUBLIC_TRACES;
  try {
    const entries: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (!Array.isArray(entries)) throw new Error('an array is expected');
    for (const entry of entries as readonly Partial<PublicTrace>[])
      for (const key of ['name', 'url', 'sha256', 'bytes', 'licence', 'commit'] as const)
        if (entry[key] === undefined) throw new Error(`an entry has no ${key}`);
    return entries as readonly PublicTrace[];
  } catch (error) {
    throw new ConfigError(`${path}: no manifest (${error instanceof Error ? error.message : String(error)})`);
  }
}

/** Follows redirects inside the host of the manifest only. */
async function fetchWithin(url: string): Promise<Response> {
  const { host } = new URL(url);
  let current = url;
  for (let step = 0; step <= MOST_REDIRECTS; step++) {
    const response = await fetch(current, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null) return response;
    await response.body?.cancel();
    const next = new URL(location, current);
    if (next.host !== host || next.protocol !== new URL(url).protocol)
      throw new TraceError(
        `${url}: redirected to ${next.protocol}//${next.host}, another host than the manifest names; nothing was kept`,
      );
    current = next.href;
  }
  throw new TraceError(`${url}: more than ${MOST_REDIRECTS} redirects; nothing was kept`);
}

async function download(entry: PublicTrace, partial: string): Promise<void> {
  const response = await fetchWithin(entry.url);
  if (response.status !== 200 || response.body === null)
    throw new TraceError(`${entry.url}: answered with status ${response.status}; nothing was kept`);
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(partial, 'w');
  try {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > entry.bytes)
        throw new TraceError(`${entry.url}: more than the ${entry.bytes} bytes of the manifest; nothing was kept`);
      hash.update(chunk);
      await file.write(chunk);
    }
  } finally {
    await file.close();
  }
  if (bytes !== entry.bytes)
    throw new TraceError(`${entry.url}: ended after ${bytes} of ${entry.bytes} bytes; nothing was kept`);
  const digest = hash.digest('hex');
  if (digest !== entry.sha256)
    throw new TraceError(`${entry.url}: sha256 is ${digest}, the manifest has ${entry.sha256}; nothing was kept`);
}
