import { describe, expect, test } from 'vitest';
import { closest, editDistance, knownText } from './suggest.ts';

describe('suggestions', () => {
  test.each([
    ['kitten', 'sitting', 3],
    ['cpu-supress', 'cpu-suppress', 1],
    ['ab', 'ba', 1],
    ['', 'abc', 3],
    ['same', 'same', 0],
  ])('%s to %s takes %d edits', (a, b, edits) => {
    expect(editDistance(a, b)).toBe(edits);
  });

  test('a word needs at most a third of its letters changed to be suggested', () => {
    expect(closest('cpu-supress', ['cpu-burst', 'cpu-suppress'])).toBe('cpu-suppress');
    // 4 letters allow one edit; web to job takes three.
    expect(closest('web', ['job'])).toBeNull();
    expect(closest('CFSQUOTA', ['cpuset', 'cfsQuota'])).toBe('cfsQuota');
  });

  test('of 13 known words the 12 closest are shown in their order', () => {
    const known = [...'abcdefghijkl'].map((letter) => `key-${letter}`);
    expect(knownText('key-m', [...known, 'something-far-away'])).toBe(
      'key-a, key-b, key-c, key-d, key-e, key-f, key-g, key-h, key-i, key-j, key-k, key-l and 1 more. Did you mean "key-a"?',
    );
  });

  test('where nothing is known it says so', () => {
    expect(knownText('nobody', [])).toBe('none is.');
  });
});
