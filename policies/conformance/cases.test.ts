import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { runVectorFile } from '../conformance-run.ts';
import { runAllocatorFile } from '../mesos/conformance-allocator.ts';

const FOLDER = fileURLToPath(new URL('./cases/', import.meta.url));

function read(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(`${FOLDER}${name}`, 'utf8'));
}

const FILES = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.json'))
  .sort();

describe('own cases', () => {
  test.each(FILES)('%s holds', (name) => {
    const verdicts = runVectorFile(read(name));
    expect(verdicts.length).toBeGreaterThan(0);
    expect(verdicts.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
  });

  test('allocations hold for 25 agent orders', () => {
    for (const name of ['mesos/allocator.json', 'mesos/allocator_0_2x.json']) {
      const file = read(name);
      for (let seed = 1; seed <= 25; seed++)
        expect(runAllocatorFile(file, seed).filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
    }
  });
});
