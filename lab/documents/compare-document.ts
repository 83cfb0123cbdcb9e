/** The document of a comparison: who wins on what and by how much, in pairs of seeds. */
import type { LabArm, LabDifference, LabDocument, LabFigure, LabTable } from '../../sim/results/lab-document.ts';
import { LAB_FORMAT } from '../../sim/results/lab-document.ts';
import type { Comparison, OutcomeComparison } from '../compare.ts';
import { pairingLine, paretoLine, warmUpLine } from '../compare-text.ts';
import type { WarmUpCheck } from '../mser.ts';
import { marginOf, OUTCOMES } from '../outcomes.ts';
import { amountWords, numberWords, signedWords } from '../words.ts';
import { armsOf, type DocumentArm, shortName, shownFigures } from './arms.ts';
import { figureTable } from './tables.ts';

const HOURS_PER_WEEK = 168;

export interface CompareSource {
  readonly command: string;
  readonly currency: string;
  /** The baseline first; runs in the order of the comparison's seeds. */
  readonly arms: readonly DocumentArm[];
}

/** Arms against the baseline as `comparison` found them. */
export function compareDocument(source: CompareSource, found: Comparison, warmUp: readonly WarmUpCheck[]): LabDocument {
  const comparison = withShortNames(found);
  const arms = armsOf(source.arms);
  const figures = shownFigures(source.currency);
  const n = comparison.seeds.length;
  const differences = comparison.comparisons.map(differenceOf);
  return {
    format: LAB_FORMAT,
    kind: 'compare',
    title: titleOf(comparison),
    subtitle: `${n} seeds in pairs, ${comparison.comparisons.length} comparisons at ${numberWords(100 * comparison.confidence)} % confidence together`,
    command: source.command,
    answer: [
      ...comparison.arms.slice(0, 6).map((arm) => armParagraph(comparison, arm)),
      ...gainParagraphs(source, comparison),
      `${paretoLine(comparison)}.`,
    ],
    cards: cardsOf(source, comparison),
    currency: source.currency,
    arms,
    figures,
    differences,
    risk: null,
    notes: [
      `${pairingLine(comparison)}.`,
      ...warmUp.map((check) => `${warmUpLine(check)}.`),
      'p: adjusted by Holm over all comparisons; intervals: Bonferroni over all comparisons, so that all hold together. Equivalence: two one-sided tests against the margin.',
    ],
    tables: [
      differenceTable(comparison),
      figureTable('figures', 'Means over seeds with half of the 95 % interval (each by itself).', arms, figures),
    ],
  };
}

/** Two or more arms with one seed each: figures and charts side by side, and no statistics. */
export function sideBySideDocument(source: CompareSource): LabDocument {
  const arms = armsOf(source.arms);
  const figures = shownFigures(source.currency);
  const [baseline, ...others] = arms;
  const differences = others.flatMap((arm) =>
    OUTCOMES.map(
      ({ figure, margin }): LabDifference => ({
        arm: arm.name,
        figure,
        difference: arm.estimates[figure].mean - baseline.estimates[figure].mean,
        low: null,
        high: null,
        margin: marginOf(margin, baseline.estimates[figure].mean),
        verdict: 'one seed',
      }),
    ),
  );
  const small = differences.filter((entry) => Math.abs(entry.difference) <= entry.margin).length;
  return {
    format: LAB_FORMAT,
    kind: 'compare',
    title: `${others.map((arm) => arm.name).join(', ')} beside ${baseline.name}`,
    subtitle: 'side by side, without statistics: the two share fewer than two seeds',
    command: source.command,
    answer: [
      `${small} of ${differences.length} differences are smaller than the margin below which a difference does not matter. ` +
        'Whether the others are real cannot be said from one pair of runs; run both sides with --seeds 4 or more.',
    ],
    cards: [],
    currency: source.currency,
    arms,
    figures,
    differences,
    risk: null,
    notes: [],
    tables: [sideTable(arms, figures), figureTable('figures', 'Figures of every side.', arms, figures)],
  };
}

/** A row a figure: every side, and the second minus the first. */
function sideTable(arms: readonly LabArm[], figures: readonly LabFigure[]): LabTable {
  const [one, other] = arms;
  const number = (name: string, about: string) => ({ name, type: 'float64', unit: 'row', about }) as const;
  return {
    id: 'table',
    caption: 'Headline figures side by side.',
    shown: true,
    columns: [
      { name: 'figure', type: 'string', unit: '', about: 'figure' },
      { name: 'unit', type: 'string', unit: '', about: 'unit' },
      ...arms.map((arm, at) => number(`side${at + 1}`, arm.name)),
      ...(other === undefined ? [] : [number('difference', 'difference')]),
    ],
    rows: figures.map(({ figure, words, unit }) => [
      words,
      unit,
      ...arms.map((arm) => arm.estimates[figure].mean),
      ...(other === undefined ? [] : [other.estimates[figure].mean - one.estimates[figure].mean]),
    ]),
  };
}

function differenceOf(entry: OutcomeComparison): LabDifference {
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return {
    arm: entry.arm,
    figure: entry.outcome.figure,
    difference: entry.sample.difference,
    low: finite(entry.interval.low),
    high: finite(entry.interval.high),
    margin: entry.margin,
    verdict: entry.verdict,
  };
}

/** `memoryReclaimThresholdPercent 75, 80 against 65` where all arms differ in one setting, else their names. */
function titleOf({ arms, baseline }: Comparison): string {
  const [setting, value] = baseline.split(' ');
  const values = arms.map((arm) => arm.split(' '));
  const same = value !== undefined && values.every((words) => words.length === 2 && words[0] === setting);
  const named = same ? values.map((words) => words[1]) : arms;
  const more = named.length > 5 ? ` and ${named.length - 5} more` : '';
  return `${same ? `${setting} ` : ''}${named.slice(0, 5).join(', ')}${more} against ${same ? value : baseline}`;
}

/** Names without the path to a setting: pages have little room. */
function withShortNames(comparison: Comparison): Comparison {
  const name = shortName;
  return {
    ...comparison,
    baseline: name(comparison.baseline),
    arms: comparison.arms.map(name),
    comparisons: comparison.comparisons.map((entry) => ({ ...entry, arm: name(entry.arm) })),
    pareto: comparison.pareto.map((point) => ({ ...point, name: name(point.name) })),
    identical: comparison.identical.map(name),
  };
}

/** What is shown and what is open, outcome by outcome; the numbers stand in chart and table. */
function armParagraph(comparison: Comparison, arm: string): string {
  const head = `${arm} against ${comparison.baseline}:`;
  if (comparison.identical.includes(arm)) return `${head} the same runs, event for event. It changes nothing.`;
  const own = comparison.comparisons.filter((entry) => entry.arm === arm);
  const of = (verdict: OutcomeComparison['verdict'], words: (entry: OutcomeComparison) => string): string =>
    own
      .filter((entry) => entry.verdict === verdict)
      .map(words)
      .join(', ');
  const moved = ({ outcome, sample }: OutcomeComparison): string =>
    `${outcome.words} ${amountWords(sample.meanA, outcome.unit)} to ${amountWords(sample.meanB, outcome.unit)}`;
  const open = ({ outcome, seedsToDecide }: OutcomeComparison): string =>
    `${outcome.words} (${seedsToDecide === null ? 'too close to its margin to tell' : seedsToDecide})`;
  const parts = [
    ['better', of('better', moved)],
    ['worse', of('worse', moved)],
    ['the same within the margin', of('equivalent', ({ outcome }) => outcome.words)],
    ['undecided, with the seeds that would decide', of('undecided', open)],
  ].flatMap(([claim, words]) => (words === '' ? [] : [`${claim}: ${words}.`]));
  return [head, ...parts.map((part) => part.charAt(0).toUpperCase() + part.slice(1))].join(' ');
}

/** Work done more or less in a week, in core-hours and in money at the baseline's cost of a useful core-hour. */
function gainsOf(source: CompareSource, comparison: Comparison) {
  const [baseline] = source.arms;
  const [first] = baseline.runs;
  const perWeek = HOURS_PER_WEEK / (first.summary.days * 24);
  const price = baseline.runs.reduce((sum, run) => sum + run.summary.costPerUsefulCoreHour, 0) / baseline.runs.length;
  return comparison.comparisons
    .filter((entry) => entry.outcome.figure === 'doneCoreHours')
    .map((entry) => {
      const { difference } = entry.sample;
      const { low, high } = entry.interval;
      return {
        arm: entry.arm,
        coreHours: difference * perWeek,
        low: low * perWeek,
        high: high * perWeek,
        money: difference * perWeek * price,
      };
    });
}

function gainParagraphs(source: CompareSource, comparison: Comparison): string[] {
  const gains = gainsOf(source, comparison).filter(({ arm }) => !comparison.identical.includes(arm));
  if (gains.length === 0) return [];
  const words = gains
    .slice(0, 6)
    .map(
      ({ arm, coreHours, low, high, money }) =>
        `${arm} ${signedWords(coreHours)} core-hours of best-effort work (${signedWords(low)} to ${signedWords(high)}), worth ${signedWords(money)} ${source.currency}`,
    );
  return [`A week gains: ${words.join('; ')}; priced at what a useful core-hour costs in ${comparison.baseline}.`];
}

function cardsOf(source: CompareSource, comparison: Comparison): LabDocument['cards'] {
  const [gain] = gainsOf(source, comparison);
  const count = (verdict: string): number => comparison.comparisons.filter((entry) => entry.verdict === verdict).length;
  const cards = [
    {
      name: 'Outcomes better, worse',
      value: `${count('better')}, ${count('worse')}`,
      detail: `of ${comparison.comparisons.length}; ${count('equivalent')} the same, ${count('undecided')} undecided`,
    },
    { name: 'Seeds', value: String(comparison.seeds.length), detail: 'each runs every arm: common random numbers' },
  ];
  if (gain === undefined || comparison.arms.length > 1) return cards;
  return [
    ...cards,
    {
      name: 'Work gained a week',
      value: `${signedWords(gain.coreHours)} core-h`,
      detail: `${signedWords(gain.low)} to ${signedWords(gain.high)}`,
    },
    {
      name: 'Worth a week',
      value: `${signedWords(gain.money)} ${source.currency}`,
      detail: 'at the baseline\u2019s cost of a useful core-hour',
    },
  ];
}

function differenceTable(comparison: Comparison): LabTable {
  const number = (name: string, about: string, unit = '') => ({ name, type: 'float64', unit, about }) as const;
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return {
    id: 'table',
    caption: `Every outcome against ${comparison.baseline}, in the unit of the outcome.`,
    shown: true,
    columns: [
      { name: 'arm', type: 'string', unit: '', about: 'arm' },
      { name: 'outcome', type: 'string', unit: '', about: 'outcome' },
      { name: 'unit', type: 'string', unit: '', about: 'unit' },
      number('baselineMean', 'baseline', 'row'),
      number('armMean', 'arm, mean', 'row'),
      number('difference', 'difference', 'row'),
      number('low', 'from', 'row'),
      number('high', 'to', 'row'),
      number('margin', 'margin', 'row'),
      { name: 'verdict', type: 'string', unit: '', about: 'verdict' },
      number('pAdjusted', 'p'),
      number('equivalencePAdjusted', 'p, the same'),
      number('varianceReduction', 'variance paired away'),
      number('seedsToDecide', 'seeds to decide'),
    ],
    rows: comparison.comparisons.map((entry) => [
      entry.arm,
      entry.outcome.words,
      entry.outcome.unit,
      entry.sample.meanA,
      entry.sample.meanB,
      entry.sample.difference,
      finite(entry.interval.low),
      finite(entry.interval.high),
      entry.margin,
      entry.verdict,
      finite(entry.pAdjusted),
      finite(entry.equivalencePAdjusted),
      finite(entry.sample.varianceReduction),
      entry.seedsToDecide,
    ]),
  };
}
