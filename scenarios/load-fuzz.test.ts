import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { canonicalText } from '../sim/plan.ts';
import { loadPlan } from './load.ts';

const folder = mkdtempSync(join(tmpdir(), 'scenario-'));
afterAll(() => rmSync(folder, { recursive: true }));

const library = join(dirname(fileURLToPath(import.meta.url)), 'library');
const sources = ['quickstart.yaml', 'unit-small.yaml'].map((file) => readFileSync(join(library, file), 'utf8'));

/** What people and machines do to a file: a few characters gone, doubled or replaced by ones that mean something in YAML. */
const damage = fc.record({
  source: fc.constantFrom(...sources),
  edits: fc.array(
    fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.integer({ min: 0, max: 3 }),
      put: fc.oneof(
        fc.constantFrom(
          '',
          ' ',
          '\n',
          ':',
          '- ',
          '[',
          ']',
          '{',
          '}',
          '&a ',
          '*a',
          '<<: ',
          '"',
          '\t',
          '#',
          '%',
          '-',
          '0',
          '9e9',
          '.inf',
          'null',
          '---\n',
          '\u0000',
          '!x ',
        ),
        fc.string({ maxLength: 6 }),
      ),
    }),
    { minLength: 1, maxLength: 2 },
  ),
});

describe('a damaged scenario', () => {
  test('is a plan of finite numbers or a ConfigError whose every line names a place, 600 times', async () => {
    const path = join(folder, 's.yaml');
    let refused = 0;
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(damage, async ({ source, edits }) => {
        let text = source;
        for (const { at, cut, put } of edits) {
          const start = Math.floor(at * text.length);
          text = text.slice(0, start) + put + text.slice(start + cut);
        }
        writeFileSync(path, text);
        try {
          const { plan } = await loadPlan(path);
          accepted++;
          expect(canonicalText(plan)).not.toMatch(/undefined|NaN|Infinity/);
          expect(JSON.parse(canonicalText(plan))).toEqual(plan);
        } catch (error) {
          if ((error as Error).name !== 'ConfigError') throw error;
          refused++;
          for (const line of (error as Error).message.split('\n'))
            if (!line.startsWith('... and ')) expect(line.startsWith(path), line).toBe(true);
        }
      }),
      { numRuns: 600, seed: 20 },
    );
    // Both outcomes are exercised.
    expect(Math.min(refused, accepted)).toBeGreaterThan(30);
  });
});
