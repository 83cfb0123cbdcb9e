/**
 * Memory of an import: bulk formats with so many tasks that none of their tables would fit, each import in a process of its own. At most 286 MiB (300 MB).
 *
 * Figures are peaks of resident memory, packed input and CPU seconds, by format.
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

/** Tasks (VMs) of each format, at full size. */
type Sizes = Readonly<Record<string, number>>;

const A_MILLION: Sizes = Object.fromEntries(BULK_FORMATS.map((format) => [format, 1_000_000]));
/** About 1 GB of packed input each. */
const ONE_GB: Sizes = {
  'google-2011': 11_000_000,
  azure: 10_000_000,
  'alibaba-2018': 16_000_000,
  'gpu-v2020': 12_500_000,
  'google-2019': 17_500_000,
  'alibaba-2017': 25_000_000,
};
/** The first format alone. */
const SMOKE_TASKS = 2_000;

export function importMemoryCase(): BenchCase {
  return memoryCase('import-memory', 'a million tasks or services of every bulk format', A_MILLION);
}

export function importGigabyteCase(): BenchCase {
  return { ...memoryCase('import-1gb', '1 GB of packed tasks or services', ONE_GB), byNameOnly: true };
}

function memoryCase(name: string, what: string, sizes: Sizes): BenchCase {
  return {
    name,
    about: `${what} laid down on disk: peak MiB of each import (at most 286)`,
    async run(size) {
      const hash = createHash('sha256');
      const figures: Record<string, number> = {};
      let operations = 0;
      const wanted = size === 'full' ? Object.entries(sizes) : [[Object.keys(sizes)[0], SMOKE_TASKS] as const];
      for (const [format, tasks] of wanted) {
        const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
        try {
          const paths = await makeBulkFiles(format, tasks, folder);
          const done = spawnSync(process.execPath, [CHILD, format, join(folder, 'out'), ...paths], {
            encoding: 'utf8',
          });
          if (done.status !== 0) throw new Error(`${format}: ${done.stderr}`);
          const result = JSON.parse(done.stdout) as { peakMib: number; cpuSeconds: number; hash: string };
          hash.update(result.hash);
          operations += tasks;
          figures[`${format} peak MiB`] = result.peakMib;
          figures[`${format} input MiB`] = paths.reduce((sum, path) => sum + statSync(path).size, 0) / BYTES_PER_MIB;
          figures[`${format} CPU-s`] = result.cpuSeconds;
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      }
      return { resultHash: hash.digest('hex').slice(0, 16), operations, figures };
    },
  };
}
