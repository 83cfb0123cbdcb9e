/** The answer of a search in sentences. */
import { bindingSentence } from './binds.ts';
import type { EpistemicBand } from './epistemic.ts';
import type { MixSearchStory } from './mix-search.ts';
import type { MixResult } from './mixes.ts';
import type { CurvePoint } from './plan-search.ts';
import type { Gain, ProofRun, SearchAnswer } from './water-line.ts';
import { numberWords, signedWords } from './words.ts';

const percent = (share: number): string => `${numberWords(100 * share)} %`;

/** Lines of text: recommendation, curve, proof, cause, gain, what is not known. */
export function searchLines(answer: SearchAnswer): string[] {
  const { search } = answer;
  const { result, names, rule, epsilon, confidence } = search;
  const { recommended } = result;
  const claim = `P(${rule.figure} > ${numberWords(rule.budget)}) <= ${percent(epsilon)} at ${percent(confidence)} confidence`;
  const lines = [answer.title, ...mixLines(answer)];
  if (recommended === null) lines.push(`No value is shown safe: ${claim} fails even for ${names[0]}.`);
  else {
    const point = search.curve.find((entry) => entry.candidate === recommended);
    const margin = point === undefined ? '' : marginText(point, rule.budget);
    lines.push(`Recommended: ${names[recommended]} (${claim})${margin}`);
    if (result.notSafe === null)
      lines.push('Every value tried is safe; the line may lie higher still: widen the range.');
  }
  lines.push('Tested (n seeds, of them violating, P(violation) with one-sided bounds, mean of the figure):');
  for (const point of search.curve) lines.push(`  ${curveLine(point, wordFor(answer, point))}`);
  lines.push(monotoneLine(answer));
  if (answer.justSafe !== null) lines.push(`Just safe:   ${proofLine(answer.justSafe)}`);
  if (answer.justUnsafe !== null) lines.push(`Just unsafe: ${proofLine(answer.justUnsafe)}`);
  if (answer.binding !== null) lines.push(bindingSentence(answer.binding));
  if (answer.gain !== null) lines.push(gainLine(answer.gain));
  if (answer.epistemic !== null) lines.push(...epistemicLines(answer.epistemic, rule.budget));
  lines.push(`${answer.runs.ran} runs made, ${answer.runs.reused} taken from disk`);
  return lines;
}

/** The cheapest safe mix: the one found near the others, which is cheaper on the seeds they share, else the one of least cost. */
export function cheapestOf(mixes: readonly MixResult[], near: MixSearchStory | null): MixResult | undefined {
  if (near?.isCheaper) return mixes.at(-1);
  const safe = mixes.filter((mix) => mix.cost !== null);
  return safe.reduce<MixResult | undefined>(
    (a, b) => (a === undefined || Number(b.cost) < Number(a.cost) ? b : a),
    undefined,
  );
}

/** What every mix of host shapes needs, the cheapest named. */
function mixLines({ mixes = [], near = null }: SearchAnswer): string[] {
  if (mixes.length === 0) return [];
  const best = cheapestOf(mixes, near);
  return [
    'Mixes of host shapes (the confidence is shared among them; cost of the measured time, spares included):',
    ...mixes.map((mix) =>
      mix.cost === null
        ? `  ${mix.name}: no number of hosts in the range is shown safe`
        : `  ${mix.name}: ${numberWords(Number(mix.hosts))} hosts, ${numberWords(Number(mix.cores))} cores, ${numberWords(Number(mix.memGib) / 1024)} TiB, cost ${numberWords(mix.cost)}${mix === best ? ' (cheapest)' : ''}`,
    ),
    ...(near === null ? [] : [`${nearLine(near)}.`]),
    best === undefined
      ? 'No mix is shown safe; the rest is about the mix as written.'
      : `The rest is about ${best.name}.`,
  ];
}

/** How the mixes near the cheapest one were searched, and what that does not show. */
export function nearLine(near: MixSearchStory): string {
  const how =
    `Searched near ${near.start}: ${near.tests} of at most ${near.mostTests} further mixes tested (${near.runs} runs), by leaving hosts out and ` +
    `exchanging shapes at no higher price, steps of ${near.firstStep === 1 ? '1 host' : `${near.firstStep} hosts down to 1`}; `;
  const { confirmation } = near;
  const steps = near.moves === 1 ? '1 step' : `${near.moves} steps`;
  if (confirmation !== null && !near.isCheaper)
    return (
      `${how}a cheaper one after ${steps} looked safe, but not on ${confirmation.violates.length} seeds of its own ` +
      `(${confirmation.hits} violate): the answer stays ${near.start}`
    );
  const found =
    confirmation === null
      ? 'no cheaper one is shown safe'
      : `a cheaper one after ${steps}, shown safe on ${confirmation.violates.length} seeds of its own (${confirmation.hits} violate)`;
  return near.isLocalOptimum
    ? `${how}${found}. A local optimum: no single step from it is cheaper and shown safe; a mix further away may be`
    : `${how}${found}. The tests ran out before that was settled: more --mix-tests may find a cheaper one`;
}

function marginText(point: CurvePoint, budget: number): string {
  const { mean, halfWidth } = point.figure;
  return `; mean ${numberWords(mean)} -+ ${numberWords(halfWidth)}, margin to the budget ${numberWords(budget - mean)}`;
}

/** The verdict of a test; the few seeds of the first candidate are for the check of rising risk and give none. */
function wordFor({ search }: SearchAnswer, point: CurvePoint): string {
  if (search.result.anchor?.candidate === point.candidate) return 'only looked at';
  return `${point.test.verdict}${point.candidate === search.result.recommended ? ' (recommended)' : ''}`;
}

function curveLine(point: CurvePoint, verdict: string): string {
  const { test, figure } = point;
  return (
    `${point.name}: ${verdict}; n ${test.violates.length}, ${test.hits} violate, ` +
    `${percent(test.low)} to ${percent(test.high)}; mean ${numberWords(figure.mean)}; ` +
    `CPU ${numberWords(point.cpuUtilisationMeanPercent.mean)} %, best effort ${numberWords(point.doneCoreHours.mean)} core-hours`
  );
}

export function monotoneLine({ search }: SearchAnswer): string {
  const { monotone } = search.result;
  if (monotone === null)
    return 'Mixes are no line of rising risk: the recommended one is shown safe on seeds of its own; that it is the cheapest is not shown';
  if (monotone.holds)
    return `Risk rises with the value on the seeds seen (smallest p against it ${numberWords(monotone.p)})`;
  const [low, high] = monotone.pair ?? [0, 0];
  return (
    `Risk does not rise with the value: ${search.names[high]} did better than ${search.names[low]} (p ${numberWords(monotone.p)}). ` +
    'The recommended value is shown safe all the same; values below it are not, and a larger safe one may exist'
  );
}

export function proofLine(run: ProofRun): string {
  const verdict = run.unplaced ? 'online pods without a host' : run.violates ? 'violates' : 'keeps the budget';
  return `${run.command}  (${numberWords(run.figure)}, ${verdict}, digest ${run.digest})`;
}

export function gainLine(gain: Gain): string {
  const { interval, moneyInterval, currency } = gain;
  return (
    `Gain over the scenario as written, a week: ${signedWords(gain.coreHoursPerWeek)} core-hours ` +
    `(${signedWords(interval.low)} to ${signedWords(interval.high)}), ${signedWords(gain.moneyPerWeek)} ${currency} ` +
    `(${signedWords(moneyInterval.low)} to ${signedWords(moneyInterval.high)}) at today's cost of a useful core-hour; ${gain.seeds} seeds in pairs`
  );
}

export function epistemicLines(band: EpistemicBand, budget: number): string[] {
  const { figures } = band;
  const middle = figures[Math.floor(figures.length / 2)];
  const strongest = band.strongest.map(({ name, rankCorrelation }) => `${name} ${signedWords(rankCorrelation)}`);
  return [
    `Not known: ${band.parameters.length} assumed coefficients drawn over their ranges, ${band.draws} draws x ${band.seedsPerDraw} seeds: ` +
      `figure ${numberWords(figures[0])} to ${numberWords(figures[figures.length - 1])}, median ${numberWords(middle)}; ` +
      `${band.violating} draws above ${numberWords(budget)} (${percent(band.violatingLow)} to ${percent(band.violatingHigh)})`,
    `  deviation between seeds ${numberWords(band.aleatoryDeviation)}, between draws ${numberWords(band.epistemicDeviation)}; ` +
      `rank correlation: ${strongest.join(', ')}`,
  ];
}
