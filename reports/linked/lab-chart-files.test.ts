import { expect, test } from 'vitest';
import { sampleDocument } from '../testing/sample-document.ts';
import { labChartFiles } from './lab-chart-files.ts';

test('every chart of a document but the overview is a file of its own, with its title and a legend of the arms', async () => {
  const files = await labChartFiles(sampleDocument(), 'svg');
  // Differences, two of the choice, eight over hours and the service.
  expect(Object.keys(files).sort()).toEqual(
    [
      'best-effort',
      'cpu',
      'denied',
      'differences',
      'done',
      'evictions',
      'late',
      'memory',
      'pareto-cost',
      'pareto',
      'pending',
      'service',
    ].map((id) => `${id}.svg`),
  );
  const cpu = String(files['cpu.svg']);
  expect(cpu).toContain('>CPU in use</text>');
  for (const arm of ['line 65', 'line 70', 'line 75']) expect(cpu).toContain(`>${arm}</text>`);
  // Squeezed at 65, 70 and 75: the lowest and the highest are drawn.
  expect(cpu).toContain('>squeezed at 65 %</text>');
  expect(cpu).toContain('>squeezed at 75 %</text>');
});
