import { Command } from 'commander';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { createTestFiles } from '../traces/import/test-files.ts';
import { register } from './replicate.ts';

const files = createTestFiles();
afterAll(() => files.remove());
afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

async function replicate(...args: readonly string[]): Promise<{ text: string; exitCode: unknown }> {
  const written: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  const program = new Command('tidemark').exitOverride();
  register(program);
  await program.parseAsync(['node', 'tidemark', 'replicate', ...args]);
  const { exitCode } = process;
  return { text: written.join(''), exitCode };
}

test('a table that agrees ends with 0, as JSON too', async () => {
  const { text, exitCode } = await replicate('opendc-micro', '--json');
  expect(exitCode).toBe(0);
  expect(JSON.parse(text)).toMatchObject({ name: 'opendc-micro', agrees: true });
});

test('a table with a difference ends with 1 and shows it: 60 s at 1 W are 60 J, not 61', async () => {
  const path = files.write(
    'cases.json',
    JSON.stringify({
      host: { idleWatts: 1, maxWatts: 1, coreMhz: 1, powerModel: 'constant' },
      cases: [{ name: 'c', cores: 1, tasks: [{ submitS: 0, fragments: [[60, 1]] }], expected: { energyJ: 61 } }],
    }),
  );
  const { text, exitCode } = await replicate('opendc-micro', '--cases', path);
  expect(exitCode).toBe(1);
  expect(text).toMatch(/c: energy J +61 +60 {2}DIFFERS/);
});

test('a wrong name names those there are', async () => {
  await expect(replicate('openb', '--policy', 'best')).rejects.toThrow(/"best"; known: random, dotprod/);
  await expect(replicate('batsim', '--policy', 'sjf')).rejects.toThrow(/"sjf"; known: fcfs, easy/);
});
