import { expect, test } from 'vitest';
import type { RunHours } from '../../sim/results/run-hours.ts';
import type { RunSummary } from '../../sim/results/schema.ts';
import { threeWindowResults } from '../../sim/results/testing/three-windows.ts';
import { compareArms } from '../compare.ts';
import { outcomeOf } from '../outcomes.ts';
import { armsOf, type DocumentArm, settingValue, shortName } from './arms.ts';
import { compareDocument, sideBySideDocument } from './compare-document.ts';

const { summary } = threeWindowResults();

/** Two services over two hours; `late` in steps of 0.002 %, hours inside services. */
function hours(used: number, late: readonly number[]): RunHours {
  const bytes = Buffer.alloc(2 * late.length);
  for (const [at, value] of late.entries()) bytes.writeUInt16LE(value, 2 * at);
  const column = [used, used];
  return {
    hours: 2,
    lines: {
      warmUpHours: 1,
      objectivePercent: 99,
      squeezeCpuPercent: 65,
      sellCpuPercent: 60,
      sellMemoryPercent: 65,
      evictMemoryPercent: 70,
    },
    columns: {
      capacityCores: column,
      onlineCores: column,
      systemCores: column,
      bestEffortCores: column,
      soldCores: column,
      requestedCores: column,
      deniedCores: column,
      memoryPercent: column,
      pendingTasks: column,
      requests: column,
      lateRequests: column,
      lateRequestsAlone: column,
      evictions: column,
      doneCoreHours: column,
      wastedCoreHours: column,
    },
    services: { names: ['web', 'pay'], late: bytes.toString('base64') },
  };
}

function arm(name: string, done: readonly number[], own: readonly RunHours[] = []): DocumentArm {
  return {
    name,
    at: [],
    runs: done.map((doneCoreHours, seed) => ({
      seed: `s/${seed}`,
      digest: `${name}/${seed}`,
      summary: { ...summary, days: 3.5, doneCoreHours, costPerUsefulCoreHour: 0.2 } satisfies RunSummary,
      hours: own[seed] ?? null,
    })),
  };
}

const withEvents = (own: DocumentArm) => ({ name: own.name, runs: own.runs.map((run) => ({ ...run, events: 1 })) });

test('ten core-hours more in half a week are 20 a week, worth 4 at 0.2 a core-hour; the answer says better', () => {
  const arms = [arm('k.line=65', [100, 110, 120, 130]), arm('k.line=75', [110, 120.1, 129.9, 140])];
  const comparison = compareArms(arms.map(withEvents), [outcomeOf('doneCoreHours')], 0.95);
  const source = {
    command: 'tidemark compare x',
    currency: 'EUR',
    arms: arms.map((own) => ({ ...own, name: shortName(own.name) })),
  };
  const document = compareDocument(source, comparison, []);
  expect(document.title).toBe('line 75 against 65');
  expect(document.answer[0]).toBe(
    'line 75 against line 65: Better: best-effort work done 115 core-hours to 125 core-hours.',
  );
  expect(document.answer[1]).toContain('line 75 +20 core-hours of best-effort work');
  expect(document.answer[1]).toContain('worth +4 EUR');
  expect(document.differences).toHaveLength(1);
  // Relative margin of 1 % of 115.
  expect(document.differences[0]).toMatchObject({ arm: 'line 75', verdict: 'better' });
  expect(document.differences[0].margin).toBeCloseTo(1.15, 9);
});

test('runs that are equal event for event are called that, and no gain is claimed', () => {
  const arms = [arm('a', [100, 110]), { ...arm('a', [100, 110]), name: 'b' }];
  const comparison = compareArms(arms.map(withEvents), [outcomeOf('doneCoreHours')], 0.95);
  const document = compareDocument({ command: '', currency: 'EUR', arms }, comparison, []);
  expect(document.answer[0]).toBe('b against a: the same runs, event for event. It changes nothing.');
  expect(document.answer.some((text) => text.includes('A week gains'))).toBe(false);
});

test('hours are means over seeds; services are those of the first seed, hurt most first, without the warm-up hour', () => {
  // After the warm-up hour web has 1 % late (500 steps), pay 2 %; pay is named first although web was worse in the warm-up.
  const own = [hours(4, [5000, 500, 0, 1000]), hours(8, [0, 0, 0, 0])];
  const [found] = armsOf([arm('a', [1, 2], own)]);
  expect(found.hours?.columns.onlineCores).toEqual([6, 6]);
  expect(found.hours?.n).toBe(2);
  expect(found.hours?.services).toEqual([
    { name: 'pay', latePercent: [0, 2] },
    { name: 'web', latePercent: [10, 1] },
  ]);
  expect(found.estimates.doneCoreHours.mean).toBe(1.5);
});

test('one seed a side is shown without a verdict; an interval does not exist', () => {
  const document = sideBySideDocument({ command: '', currency: 'EUR', arms: [arm('a', [100]), arm('b', [150])] });
  const done = document.differences.find((entry) => entry.figure === 'doneCoreHours');
  expect(done).toEqual({
    arm: 'b',
    figure: 'doneCoreHours',
    difference: 50,
    low: null,
    high: null,
    margin: 1,
    verdict: 'one seed',
  });
  expect(document.arms[0].estimates.doneCoreHours.halfWidth).toBeNull();
});

test('names and values of settings: 65% is the number 65, a list stays text', () => {
  expect(shortName('koordinator.cpuSuppressThresholdPercent=65, a.b=x')).toBe('cpuSuppressThresholdPercent 65, b x');
  expect(shortName('n-sigma')).toBe('n-sigma');
  expect(['65%', '0.5', '8GiB', 'true', 'n-sigma'].map(settingValue)).toEqual([65, 0.5, 8, 'true', 'n-sigma']);
});
