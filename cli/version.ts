/** What this installation calls itself: version, and a hash of the code that runs. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder that holds package.json: two above the compiled file, one above the source. */
export function packageRoot(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return here.includes(`${join('dist', 'cli')}`) ? join(here, '..', '..') : join(here, '..');
}

export function tidemarkVersion(): string {
  const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** SHA-256 over everything that can change a result: compiled policies, sim, traces and lab. */
export function codeHash(): string {
  const dist = join(packageRoot(), 'dist');
  const hash = createHash('sha256');
  for (const room of ['lab', 'policies', 'sim', 'traces']) {
    const names = readdirSync(join(dist, room), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.js'),
    );
    for (const name of names.sort()) {
      const path = join(dist, room, name);
      hash.update(relative(dist, path)).update('\0').update(readFileSync(path)).update('\0');
    }
  }
  return hash.digest('hex');
}
