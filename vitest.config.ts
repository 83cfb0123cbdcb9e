import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = dirname(fileURLToPath(import.meta.url));

/**
 * Sends every import of a source file to its compiled twin in dist/, which Node then loads natively: vitest's own
 * rewriting of imports makes hot loops several times slower, and what ships is what gets tested.
 */
const compiledTwins = {
  name: 'compiled-twins',
  enforce: 'pre' as const,
  resolveId(source: string, importer: string | undefined) {
    if (importer === undefined || !source.startsWith('.') || !source.endsWith('.ts')) return null;
    if (source.endsWith('.test.ts')) return null;
    const path = resolve(dirname(importer), source);
    const twin = join(root, 'dist', relative(root, path).replace(/\.ts$/, '.js'));
    if (path.startsWith(root + sep) && existsSync(twin)) return { id: twin, external: true };
    return null;
  },
};

export default defineConfig({
  plugins: [compiledTwins],
  test: {
    include: ['{policies,traces,sim,lab,scenarios,reports,bench,cli,tests}/**/*.test.ts'],
    globalSetup: ['tools/vitest-setup.mjs'],
    // Files share a process: starting one for each cost a tenth of the suite. A test may not leave anything behind in a module.
    isolate: false,
    // vitest's own choice leaves one core idle, which is half of a small machine.
    maxWorkers: availableParallelism(),
    testTimeout: 120_000,
    hookTimeout: 120_000,
    server: { deps: { external: [/\/dist\//] } },
  },
});
