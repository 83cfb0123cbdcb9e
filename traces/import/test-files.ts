/** Hand-made input files for the tests of importers, in a folder of their own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

export interface TestFiles {
  /** Writes `text`, gzipped when the name says so; returns the path. */
  write(name: string, text: string): string;
  /** Writes `bytes` as they are; returns the path. */
  writeBytes(name: string, bytes: Uint8Array): string;
  path(name: string): string;
  remove(): void;
}

export function createTestFiles(): TestFiles {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-import-'));
  return {
    write(name, text) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text);
      return path;
    },
    writeBytes(name, bytes) {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      return path;
    },
    path: (name) => join(folder, name),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The data folder for tests on public files, empty when it is not set; says what is skipped then. */
export function publicData(what: string): string {
  const folder = process.env.TIDEMARK_DATA ?? '';
  if (folder === '') console.log(`skipped: ${what}. Set TIDEMARK_DATA as traces/fits/SOURCES.md says.`);
  return folder;
}
