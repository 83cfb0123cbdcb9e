import { expect, test } from 'vitest';
import { waterLineLayers } from './theme.ts';

/** Words of the layers that write a name. */
function names(layers: ReturnType<typeof waterLineLayers>): unknown[] {
  return layers.flatMap((layer) => {
    const { mark, data } = layer as { mark: { type: string }; data: { values: { label: string }[] } };
    return mark.type === 'text' ? [data.values[0].label] : [];
  });
}

test('lines at one height share one name, a line that the plan lacks is left out', () => {
  const line = (percent: number | null, words: string) => ({ percent, words, colour: 'red' });
  expect(names(waterLineLayers([line(65, 'squeezed at'), line(60, 'sold up to')]))).toEqual([
    'squeezed at 65 %',
    'sold up to 60 %',
  ]);
  expect(names(waterLineLayers([line(65, 'squeezed at'), line(65, 'sold up to'), line(null, 'evicted at')]))).toEqual([
    'squeezed at, sold up to 65 %',
  ]);
});
