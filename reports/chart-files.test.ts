import { expect, test } from 'vitest';
import { chartFiles } from './chart-files.ts';
import { sampleResults } from './testing/sample-results.ts';

test('16 SVG files carry their titles; the PNG files start with the PNG signature', async (context) => {
  const svgs = await chartFiles(sampleResults(), 'svg');
  expect(Object.keys(svgs)).toHaveLength(16);
  expect(svgs['utilisation.svg']).toContain('>CPU utilisation</text>');
  if ((await import('@resvg/resvg-js').catch(() => null)) === null)
    return context.skip('@resvg/resvg-js is not installed: npm install @resvg/resvg-js');
  const pngs = await chartFiles(sampleResults(), 'png');
  for (const png of Object.values(pngs))
    expect([...(png as Uint8Array).subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
});
