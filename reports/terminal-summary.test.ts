import { describe, expect, test } from 'vitest';
import { replicate } from '../sim/results/replicate.ts';
import { factsOf } from './facts.ts';
import { SCREEN_COLUMNS, SCREEN_LINES, terminalSummary } from './terminal-summary.ts';
import { sampleResults } from './testing/sample-results.ts';

const results = sampleResults();
const facts = factsOf(results);
const plain = { reportPath: 'runs/sample/report.html', colour: false } as const;
const screen = terminalSummary(facts, plain);

describe('the screen of a sample run', () => {
  test('fits 40 lines of 100 columns, even with 30 long notes', () => {
    const notes = Array.from({ length: 30 }, (_, n) => `Note ${n} ${'word '.repeat(30)}`);
    for (const text of [screen, terminalSummary(factsOf({ ...results, notes }), plain)]) {
      const lines = text.trimEnd().split('\n');
      expect(lines.length).toBeLessThanOrEqual(SCREEN_LINES);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(SCREEN_COLUMNS);
    }
    expect(terminalSummary(factsOf({ ...results, notes }), plain)).toContain('more notes in the report');
  });

  test('draws 60 characters for all CPU, each share to the nearest 1/60, the squeeze line of 65 % on the 40th', () => {
    const bar = /\[([#=+.|]+)\]/.exec(screen)?.[1] ?? '';
    expect(bar).toHaveLength(60);
    expect(bar.indexOf('|')).toBe(39); // 0.65 x 60 = 39
    const { summary } = results;
    const upTo = (percent: number): number => Math.round((percent / 100) * 60);
    const online = upTo(summary.onlineUtilisationMeanPercent);
    expect(bar.lastIndexOf('#') + 1).toBe(online);
    expect(bar.lastIndexOf('+') + 1).toBe(upTo(summary.cpuUtilisationMeanPercent));
  });

  test.each([
    'CPU used',
    'batch-cpu',
    'P(violation)',
    'Worst services',
    'Evicted',
    'Queueing',
    'Stranded',
    'Power and cost',
    'Binds first',
    'Note',
    'runs/sample/report.html',
    'service-hours of this seed',
    'core-hours',
    ' kWh',
    ' EUR',
  ])('says %s', (words) => {
    expect(screen).toContain(words);
  });

  test('tasks of the warm-up that end after it may be more than were submitted after it: the two counts stand apart', () => {
    const summary = { ...results.summary, tasksSubmitted: 4_850_727, tasksFinished: 4_864_721 };
    expect(terminalSummary(factsOf({ ...results, summary }), plain)).toContain(
      '4,850,727 tasks submitted, 4,864,721 finished, ',
    );
  });

  test('has no escape sequence unless colour is asked for', () => {
    expect(screen).not.toContain('\u001b');
    const coloured = terminalSummary(facts, { ...plain, colour: true });
    expect(coloured).toContain('\u001b[34m#');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences are what is removed
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(screen);
  });

  test('with 2 seeds of equal violation it says over what: 2 seeds, Student t', () => {
    const one = { seed: '1', digest: 'd', summary: { ...results.summary, violationServiceHourPercent: 2 } };
    const replications = replicate([
      one,
      { ...one, seed: '2', summary: { ...one.summary, violationServiceHourPercent: 4 } },
    ]);
    // mean 3, half width t(1) x sqrt(2/2) = 12.7062
    expect(terminalSummary(facts, { ...plain, replications })).toContain(
      'over 2 seeds: 3.0 % +- 12.7 % (Student t, 95 %)',
    );
  });
});

test('a plan without Koordinator has no water-line on the bar', () => {
  const bare = terminalSummary(factsOf({ ...results, plan: { koordinator: { enabled: false } } }), plain);
  expect(bare).not.toContain('|');
});
