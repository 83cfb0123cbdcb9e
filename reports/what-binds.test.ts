import { describe, expect, test } from 'vitest';
import { settingsOf } from './plan-settings.ts';
import { sampleResults } from './testing/sample-results.ts';
import { bindsSentence, constraintsOf } from './what-binds.ts';

const settings = settingsOf({ koordinator: { enabled: true, cpuReclaimThresholdPercent: 60 } }, 'x');
const sample = sampleResults().tables.windows;

/** Four windows with the given columns; the others hold what leaves room everywhere. */
function fourWindows(given: Readonly<Record<string, readonly number[]>>) {
  const columns: Record<string, Float64Array> = {};
  for (const name of Object.keys(sample.columns)) columns[name] = new Float64Array(4);
  columns.batchSoldMilliCpu.fill(1000);
  columns.batchSoldMemMib.fill(1000);
  columns.bestEffortUsedMilliCpu.fill(100);
  for (const [name, values] of Object.entries(given)) columns[name] = Float64Array.from(values);
  return { name: 'windows', rows: 4, columns: columns as typeof sample.columns } as const;
}

describe('of four windows, the first of them warm-up', () => {
  test('batch-memory sold out in 2 of 3 binds before batch-cpu in 1 of 3', () => {
    const windows = fourWindows({
      batchRequestedMilliCpu: [1000, 970, 969, 500],
      batchRequestedMemMib: [1000, 980, 1000, 900],
    });
    const [first, second, third] = constraintsOf(windows, 100, 1, settings);
    expect(first).toMatchObject({ name: 'batch-memory' });
    expect(first.windowsPercent).toBeCloseTo(200 / 3, 10);
    expect(second).toMatchObject({ name: 'batch-cpu', lever: 'cpuReclaimThresholdPercent (60 %) or more hosts' });
    expect(second.windowsPercent).toBeCloseTo(100 / 3, 10);
    expect(third.windowsPercent).toBe(0);
  });

  test('suppression counts where more than 2 of 100 wanted are denied', () => {
    const windows = fourWindows({ suppressedMilliCpu: [50, 2, 3, 0], bestEffortUsedMilliCpu: [50, 98, 97, 100] });
    const squeezed = constraintsOf(windows, 100, 1, settings).find(({ name }) => name === 'CPU suppression');
    expect(squeezed?.windowsPercent).toBeCloseTo(100 / 3, 10);
  });

  test('ten of 100 hosts refused bind only while tasks wait', () => {
    const windows = fourWindows({ refusedHosts: [99, 10, 10, 9], bestEffortPending: [9, 0, 1, 1] });
    const refused = constraintsOf(windows, 100, 1, settings).find(({ name }) => name === 'load-aware refusal');
    expect(refused?.windowsPercent).toBeCloseTo(100 / 3, 10);
  });

  test('with room everywhere nothing binds', () => {
    expect(bindsSentence(constraintsOf(fourWindows({}), 100, 1, settings))).toBe(
      'Nothing binds: every limit has room in every window.',
    );
  });
});
