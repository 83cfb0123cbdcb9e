import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { createTestFiles } from '../import/test-files.ts';
import { READ_LIMITS, type ReadOptions, readLines } from './rows.ts';

const files = createTestFiles();
afterAll(() => files.remove());

async function linesOf(path: string, options: ReadOptions = {}): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(path, options)) lines.push(line);
  return lines;
}

test('mixed line ends are accepted and counted: two lines end in CR LF, two do not; a byte order mark is dropped', async () => {
  const log = { lfLines: 0, crlfLines: 0 };
  expect(await linesOf(files.write('mixed.csv', '\uFEFFa\r\nb\nc\r\nd'), { log })).toEqual(['a', 'b', 'c', 'd']);
  expect(log).toEqual({ lfLines: 2, crlfLines: 2 });
});

test('gzip is known by its first bytes, whatever the name says; members one after another are one text', async () => {
  const path = files.writeBytes('plain.csv', Buffer.concat([gzipSync('a\nb'), gzipSync('c\nd\n')]));
  expect(await linesOf(path)).toEqual(['a', 'bc', 'd']);
});

test('a letter in Latin-1 in the third line is refused with file and row', async () => {
  const path = files.writeBytes('latin.csv', Buffer.from('ok\nok\ncaf\xe9\nok\n', 'latin1'));
  await expect(linesOf(path)).rejects.toThrow(/latin\.csv:3 is not UTF-8/);
});

test('a gzip file cut in the middle is refused as such, with the row it got to', async () => {
  const text = Array.from({ length: 50_000 }, (_, row) => `${row},${(row * 7919) % 10_007}`).join('\n');
  const whole = gzipSync(text);
  const path = files.writeBytes('cut.csv.gz', whole.subarray(0, whole.length / 2));
  await expect(linesOf(path)).rejects.toThrow(/cut\.csv\.gz:\d+ the gzip stream ends early: the file is cut off/);
});

test('bytes that are not gzip after a gzip start are refused', async () => {
  const path = files.writeBytes('bad.gz', Buffer.from([0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
  await expect(linesOf(path)).rejects.toThrow(/bad\.gz:1 cannot be read/);
});

test('32 MiB of one short line pack a thousand times: a bomb by ratio; 1 000 bytes against a limit of 500: by size', async () => {
  const bomb = files.writeBytes('bomb.csv.gz', gzipSync('a,b,c\n'.repeat(6_000_000)));
  await expect(linesOf(bomb)).rejects.toThrow(/bomb\.csv\.gz:\d+ \d+ bytes unpack to more than 200 times as many/);
  const big = files.write('big.csv', 'x'.repeat(1_000));
  const limits = { ...READ_LIMITS, unpackedBytes: 500 };
  await expect(linesOf(big, { limits })).rejects.toThrow(/big\.csv:1 more than 500 bytes are unpacked/);
});

test('a line of 400 000 bytes is refused when 262 144 are allowed', async () => {
  const path = files.write('long.csv', `a\n${'x'.repeat(400_000)}\n`);
  const limits = { ...READ_LIMITS, lineBytes: 262_144 };
  await expect(linesOf(path, { limits })).rejects.toThrow(/long\.csv:2 is longer than 262144 bytes/);
});

test('a file that is not there is named', async () => {
  await expect(linesOf('/nowhere/x.csv')).rejects.toThrow(/\/nowhere\/x\.csv: ENOENT/);
});
