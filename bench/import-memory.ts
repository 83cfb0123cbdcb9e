/**
 * Memory of an import: every bulk format with so many tasks that none of its tables would fit, each import in a process of its own. At most 300 MiB.
 *
 * Figures are peaks of resident memory and packed input, by format.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BULK_FORMATS, makeBulkFiles } from './bulk-files.ts';
import type { BenchCase } from './harness.ts';

const CHILD = fileURLToPath(new URL('./import-memory-child.js', import.meta.url));
const BYTES_PER_MIB = 1_048_576;

export function importMemoryCase(): BenchCase {
  return {
    name: 'import-memory',
    about: 'tasks and services of every bulk format laid down on disk: peak MiB of each import (at most 300)',
    async run(size) {
      const tasks = size === 'full' ? 1_000_000 : 2_000;
      const hash = createHash('sha256');
      const figures: Record<string, number> = {};
      const formats = size === 'full' ? BULK_FORMATS : BULK_FORMATS.slice(0, 1);
      for (const format of formats) {
        const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
        try {
          const paths = await makeBulkFiles(format, tasks, folder);
          const done = spawnSync(process.execPath, [CHILD, format, join(folder, 'out'), ...paths], {
            encoding: 'utf8',
          });
          if (done.status !== 0) throw new Error(`${format}: ${done.stderr}`);
          const result = JSON.parse(done.stdout) as { peakMib: number; hash: string };
          hash.update(result.hash);
          figures[`${format} peak MiB`] = result.peakMib;
          figures[`${format} input MiB`] = paths.reduce((sum, path) => sum + statSync(path).size, 0) / BYTES_PER_MIB;
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      }
      return { resultHash: hash.digest('hex').slice(0, 16), operations: tasks * formats.length, figures };
    },
  };
}
