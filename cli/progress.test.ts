import { expect, test } from 'vitest';
import { createProgress } from './progress.ts';

/** A stream that keeps what is written. */
function keep(isTTY: boolean) {
  const written: string[] = [];
  const stream = {
    isTTY,
    columns: 40,
    rows: 24,
    write: (text: string) => {
      written.push(text);
      return true;
    },
  } as unknown as NodeJS.WriteStream;
  return { stream, written };
}

test('a log gets a plain line at every tenth and no control characters', () => {
  const { stream, written } = keep(false);
  const progress = createProgress(stream, 'sweep');
  for (let done = 0; done <= 100; done++) progress.update(done / 100, `${done} of 100`);
  progress.close();
  expect(written).toHaveLength(10);
  expect(written[0]).toMatch(/^sweep: 10 % 10 of 100(, \d+ s left)?\n$/);
  expect(written[9]).toBe('sweep: 100 % 100 of 100\n');
  expect(written.join('')).not.toContain('\u001b');
});

test('a terminal gets one line that redraws itself, cut to its width, and is left clean', () => {
  const { stream, written } = keep(true);
  const progress = createProgress(stream, 'sweep');
  progress.update(0.5, 'a detail that is longer than the terminal is wide');
  progress.update(1, 'done');
  progress.close();
  const lines = written.filter((text) => text.includes('['.padEnd(3, '#')));
  expect(lines).toHaveLength(2);
  expect(lines.every((text) => text.length <= 39)).toBe(true);
  expect(written.at(-1)).toBe('\r\u001b[0J');
});
