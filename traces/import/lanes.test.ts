import { existsSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { createLanes, laneOf } from './lanes.ts';
import { createTestFiles } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const FREE = () => Number.POSITIVE_INFINITY;

/** Lanes against lists in memory. */
async function playAgainstLists(name: string, count: number, lines: Iterable<string>): Promise<void> {
  const lanes = createLanes(files.path(name), count, FREE);
  const lists = Array.from({ length: count }, (): string[] => []);
  for (const line of lines) {
    const lane = laneOf(line, count);
    lanes.add(lane, line, 'a row');
    lists[lane].push(line);
  }
  for (const [lane, list] of lists.entries()) {
    const read: string[] = [];
    await lanes.read(lane, (line) => void read.push(line));
    expect(read).toEqual(list);
    expect(existsSync(files.path(`${name}/${lane}`))).toBe(false);
  }
}

test('20,000 lines of 1 to 4 bytes a letter in 7 lanes come back in their order, over the ends of a read of 256 KiB', async () => {
  const letters = ['a', 'é', '数', '😀'];
  await playAgainstLists(
    'letters',
    7,
    Array.from({ length: 20_000 }, (_, at) => `${at}${letters[at % 4].repeat(at % 97)}`),
  );
});

test('a line of a million letters, and one of 600,000 behind it, among short ones', async () => {
  await playAgainstLists('long', 2, ['short', 'é'.repeat(1_000_000), 'b', `数${'x'.repeat(600_000)}`, 'last']);
});

test('5,000 lanes have a buffer each, of which none runs into the next', async () => {
  await playAgainstLists(
    'many',
    5_000,
    Array.from({ length: 15_000 }, (_, at) => `${'y'.repeat((at * 7) % 400)} ${at}`),
  );
});

test('a lane that nothing was added to is empty', async () => {
  const lanes = createLanes(files.path('none'), 3, FREE);
  await lanes.read(1, (line) => expect.fail(line));
});
