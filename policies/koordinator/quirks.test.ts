import { expect, test } from 'vitest';
import { INTENDED_QUIRKS, PRODUCTION_QUIRKS, QUIRK_IDS } from './quirks.ts';

test('twenty quirks K1 to K20, each named once, all on in production and off as intended', () => {
  expect(Object.values(QUIRK_IDS)).toEqual(Array.from({ length: 20 }, (_, i) => `K${i + 1}`));
  expect(Object.keys(PRODUCTION_QUIRKS)).toEqual(Object.keys(QUIRK_IDS));
  expect(Object.values(PRODUCTION_QUIRKS).every((on) => on)).toBe(true);
  expect(Object.values(INTENDED_QUIRKS).some((on) => on)).toBe(false);
});
