/** The document of a search: the recommended value, how sure it is, the pair of runs that proves it, what binds, what it gains. */
import type { LabCandidate, LabCard, LabDocument, LabTable } from '../../sim/results/lab-document.ts';
import { LAB_FORMAT } from '../../sim/results/lab-document.ts';
import type { RunSummary } from '../../sim/results/schema.ts';
import { bindingSentence } from '../binds.ts';
import type { CellResult } from '../cache.ts';
import type { CurvePoint } from '../plan-search.ts';
import { cheapestOf, epistemicLines, gainLine, monotoneLine, nearLine, proofLine } from '../search-text.ts';
import type { SearchAnswer } from '../water-line.ts';
import { numberWords, signedWords } from '../words.ts';
import { armsOf, plainEstimate, shownFigures } from './arms.ts';
import { figureTable } from './tables.ts';

export interface SearchSource {
  readonly answer: SearchAnswer;
  readonly name: string;
  readonly command: string;
  readonly currency: string;
}

const percent = (share: number): string => `${numberWords(100 * share)} %`;

export function searchDocument({ answer, name, command, currency }: SearchSource): LabDocument {
  const { search } = answer;
  const { result, names, rule, epsilon, confidence } = search;
  const { recommended } = result;
  const figures = shownFigures(currency);
  const figure = figures.find((known) => known.figure === rule.figure) ?? {
    figure: rule.figure,
    words: rule.figure,
    unit: '',
    better: 'lower' as const,
  };
  const runsOf = (point: CurvePoint): readonly CellResult[] => search.cells.get(point.candidate) ?? [];
  // Candidates took different numbers of seeds; side by side they stand under the seeds that all of them have.
  const common = Math.min(...search.curve.map((point) => runsOf(point).length));
  const arms = armsOf(
    search.curve.map((point) => ({ name: point.name, at: [], runs: runsOf(point).slice(0, common) })),
  );
  const claim =
    `${figure.words} above ${numberWords(rule.budget)}${figure.unit === '' ? '' : ` ${figure.unit}`} in at most ` +
    `${percent(epsilon)} of runs${rule.unplaced ? ', and no online pod without a host' : ''}, at ${percent(confidence)} confidence`;
  const point = search.curve.find((entry) => entry.candidate === recommended);
  const lead =
    recommended === null
      ? `No value is shown safe: ${names[0]} already fails. Safe means: ${claim}.`
      : `Recommended: ${names[recommended]}. Safe means: ${claim}.${point === undefined ? '' : marginWords(point, rule.budget)}`;
  const wider =
    recommended !== null && result.notSafe === null
      ? ['Every value tried is safe; the line may lie higher still: widen the range.']
      : [];
  const proof = [
    ...(answer.justSafe === null ? [] : [`Just safe: ${proofLine(answer.justSafe)}.`]),
    ...(answer.justUnsafe === null ? [] : [`Just unsafe: ${proofLine(answer.justUnsafe)}.`]),
  ];
  return {
    format: LAB_FORMAT,
    kind: 'search',
    title: answer.title,
    subtitle: `${name}; ${search.curve.length} of ${names.length} values tested, ${answer.runs.ran + answer.runs.reused} runs`,
    command,
    answer: [
      [lead, ...wider].join(' '),
      ...(answer.near ? [`${nearLine(answer.near)}.`] : []),
      ...(answer.binding === null ? [] : [`${bindingSentence(answer.binding)}.`]),
      ...(answer.gain === null ? [] : [`${gainLine(answer.gain)}.`]),
      ...proof,
    ],
    cards: cardsOf(answer, currency),
    currency,
    arms,
    figures,
    differences: [],
    risk: { figure, budget: rule.budget, epsilon, confidence, candidates: search.curve.map(candidateOf(answer)) },
    notes: [
      `${monotoneLine(answer)}.`,
      ...(answer.epistemic === null
        ? []
        : [
            epistemicLines(answer.epistemic, rule.budget)
              .map((line) => `${line.trim()}.`)
              .join(' '),
          ]),
      'Bounds of P(violation) are one-sided Clopper-Pearson bounds, divided over tests and looks, so that the whole answer has the confidence it states.',
    ],
    tables: [
      candidateTable(answer, currency),
      ...mixTables(answer, currency),
      ...(answer.justSafe === null && answer.justUnsafe === null ? [] : [proofTable(answer)]),
      figureTable(
        'figures',
        `Means over the ${common} seeds that all tested values have, with half of the 95 % interval.`,
        arms,
        figures,
      ),
    ],
  };
}

function marginWords(point: CurvePoint, budget: number): string {
  const { mean, halfWidth } = point.figure;
  const spread = Number.isFinite(halfWidth) ? ` \u00b1 ${numberWords(halfWidth)}` : '';
  return (
    ` There the mean is ${numberWords(mean)}${spread} (95 %), ${numberWords(budget - mean)} below the budget; ` +
    `${point.test.hits} of ${point.test.violates.length} runs violate, so P(violation) is at most ${percent(point.test.high)}.`
  );
}

function candidateOf(answer: SearchAnswer) {
  const { result } = answer.search;
  return (point: CurvePoint): LabCandidate => ({
    name: point.name,
    verdict: result.anchor?.candidate === point.candidate ? 'only looked at' : point.test.verdict,
    recommended: point.candidate === result.recommended,
    n: point.test.violates.length,
    hits: point.test.hits,
    low: point.test.low,
    high: point.test.high,
    figure: plainEstimate(point.figure),
  });
}

function cardsOf(answer: SearchAnswer, currency: string): LabCard[] {
  const { search, gain } = answer;
  const { result, names, rule } = search;
  const point = search.curve.find((entry) => entry.candidate === result.recommended);
  const above = result.notSafe === null ? 'no value tried is unsafe' : `${names[result.notSafe]} is not shown safe`;
  return [
    { name: 'Recommended', value: result.recommended === null ? 'none' : names[result.recommended], detail: above },
    ...(point === undefined
      ? []
      : [
          {
            name: 'Margin to the budget',
            value: numberWords(rule.budget - point.figure.mean),
            detail: `mean ${numberWords(point.figure.mean)}, budget ${numberWords(rule.budget)}`,
          },
          {
            name: 'P(violation) at most',
            value: percent(point.test.high),
            detail: `${point.test.hits} of ${point.test.violates.length} runs violate`,
          },
        ]),
    ...(gain === null
      ? []
      : [
          {
            name: 'Gain a week',
            value: `${signedWords(gain.coreHoursPerWeek)} core-h`,
            detail: `${signedWords(gain.moneyPerWeek)} ${currency}; ${signedWords(gain.interval.low)} to ${signedWords(gain.interval.high)} core-h`,
          },
        ]),
  ];
}

function candidateTable(answer: SearchAnswer, currency: string): LabTable {
  const { rule } = answer.search;
  const unit = shownFigures(currency).find((known) => known.figure === rule.figure)?.unit ?? '';
  const toCandidate = candidateOf(answer);
  const mean = (cells: readonly CellResult[], figure: keyof RunSummary): number =>
    cells.reduce((sum, cell) => sum + cell.summary[figure], 0) / Math.max(1, cells.length);
  return {
    id: 'table',
    caption: 'Every value tested; bounds of P(violation) are one-sided.',
    shown: true,
    columns: [
      { name: 'candidate', type: 'string', unit: '', about: 'value' },
      { name: 'verdict', type: 'string', unit: '', about: 'verdict' },
      { name: 'runs', type: 'int32', unit: '', about: 'runs' },
      { name: 'violating', type: 'int32', unit: '', about: 'of them violating' },
      { name: 'violationLowPercent', type: 'float64', unit: '%', about: 'P(violation) from' },
      { name: 'violationHighPercent', type: 'float64', unit: '%', about: 'P(violation) to' },
      { name: 'figureMean', type: 'float64', unit, about: `${rule.figure}, mean` },
      { name: 'figureMeanHalfWidth', type: 'float64', unit, about: 'half of the 95 % interval' },
      { name: 'cpuUtilisationMeanPercent', type: 'float64', unit: '%', about: 'CPU utilisation' },
      { name: 'doneCoreHours', type: 'float64', unit: 'core-hours', about: 'best-effort work done' },
      { name: 'evictionsPer1000Starts', type: 'float64', unit: '', about: 'evictions per 1000 starts' },
    ],
    rows: answer.search.curve.map((point) => {
      const own = toCandidate(point);
      const cells = answer.search.cells.get(point.candidate) ?? [];
      return [
        own.name,
        own.recommended ? `${own.verdict}, recommended` : own.verdict,
        own.n,
        own.hits,
        100 * own.low,
        100 * own.high,
        own.figure.mean,
        own.figure.halfWidth,
        mean(cells, 'cpuUtilisationMeanPercent'),
        mean(cells, 'doneCoreHours'),
        mean(cells, 'evictionsPer1000Starts'),
      ];
    }),
  };
}

/** What every mix of host shapes needs; no table without a search over mixes. */
function mixTables({ mixes, near = null }: SearchAnswer, currency: string): LabTable[] {
  if (mixes === undefined || mixes.length === 0) return [];
  const number = (name: string, unit: string, about: string) => ({ name, type: 'float64', unit, about }) as const;
  const cheapest = cheapestOf(mixes, near);
  return [
    {
      id: 'mixes',
      caption: 'The smallest safe number of hosts of every mix; empty where no number in the range is shown safe.',
      shown: true,
      columns: [
        { name: 'mix', type: 'string', unit: '', about: 'mix of shapes' },
        number('hosts', '', 'hosts'),
        number('cores', '', 'cores'),
        number('memGib', 'GiB', 'memory'),
        number('cost', currency, 'cost of the measured time'),
        { name: 'cheapest', type: 'string', unit: '', about: 'cheapest' },
      ],
      rows: mixes.map((mix) => [mix.name, mix.hosts, mix.cores, mix.memGib, mix.cost, mix === cheapest ? 'yes' : '']),
    },
  ];
}

function proofTable(answer: SearchAnswer): LabTable {
  const runs = [
    ['just safe', answer.justSafe],
    ['just unsafe', answer.justUnsafe],
  ] as const;
  return {
    id: 'proof',
    caption: 'The pair of runs on both sides of the answer; each command repeats its run, digest included.',
    shown: true,
    columns: [
      { name: 'side', type: 'string', unit: '', about: 'side' },
      { name: 'candidate', type: 'string', unit: '', about: 'value' },
      { name: 'figure', type: 'float64', unit: '', about: answer.search.rule.figure },
      { name: 'seed', type: 'string', unit: '', about: 'seed' },
      { name: 'digest', type: 'string', unit: '', about: 'digest' },
      { name: 'command', type: 'string', unit: '', about: 'command' },
    ],
    rows: runs.flatMap(([side, run]) =>
      run === null ? [] : [[side, run.name, run.figure, run.seed, run.digest, run.command]],
    ),
  };
}
