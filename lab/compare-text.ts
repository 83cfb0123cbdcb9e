/** A comparison in sentences: who wins on what, what is the same, what is undecided and what would decide it. */
import type { Comparison, OutcomeComparison, Verdict } from './compare.ts';
import type { WarmUpCheck } from './mser.ts';
import { amountWords, numberWords, signedWords } from './words.ts';

const HEADINGS: readonly (readonly [Verdict, string])[] = [
  ['better', 'better'],
  ['worse', 'worse'],
  ['equivalent', 'the same, within the margin'],
  ['undecided', 'undecided'],
];

/** Lines of text, one idea each. */
export function comparisonLines(comparison: Comparison, warmUp: readonly WarmUpCheck[] = []): string[] {
  const { seeds, confidence, comparisons } = comparison;
  const level = `${numberWords(100 * confidence)} %`;
  const lines = [
    `${comparison.arms.join(', ')} against ${comparison.baseline}: ${seeds.length} seeds in pairs, ` +
      `${comparisons.length} comparisons at ${level} together (Holm; intervals Bonferroni)`,
  ];
  for (const arm of comparison.arms) {
    lines.push(`${arm}:`);
    if (comparison.identical.includes(arm)) {
      lines.push('  the same runs as the baseline, event for event');
      continue;
    }
    const own = comparisons.filter((entry) => entry.arm === arm);
    for (const [verdict, heading] of HEADINGS) {
      const entries = own.filter((entry) => entry.verdict === verdict);
      if (entries.length > 0) lines.push(`  ${heading}:`);
      for (const entry of entries) lines.push(`    ${outcomeLine(entry)}`);
    }
  }
  lines.push(pairingLine(comparison), paretoLine(comparison));
  for (const check of warmUp) lines.push(warmUpLine(check));
  return lines;
}

export function outcomeLine(entry: OutcomeComparison): string {
  const { outcome, sample, interval, margin } = entry;
  const value = (x: number): string => amountWords(x, outcome.unit);
  const change = (x: number): string => amountWords(x, outcome.unit === 'ms' ? 'ms' : '', signedWords);
  const head = `${outcome.words} ${outcome.unit === 'ms' ? value(sample.meanA) : numberWords(sample.meanA)} -> ${value(sample.meanB)}`;
  const range = `${change(sample.difference)}, ${change(interval.low)} to ${change(interval.high)}`;
  if (entry.verdict === 'equivalent') return `${head} (${range}; margin ${value(margin)})`;
  if (entry.verdict === 'undecided') {
    const { seedsToDecide } = entry;
    const more =
      seedsToDecide === null
        ? 'more than 10,000 seeds would be needed: too close to the margin to tell'
        : `about ${seedsToDecide} seeds would decide it, ${seedsToDecide - sample.n} more`;
    return `${head} (${range}); ${more}`;
  }
  return `${head} (${range})${entry.equivalent ? `, though by less than the margin of ${value(margin)}` : ''}`;
}

export function pairingLine(comparison: Comparison): string {
  const shares = comparison.comparisons
    .map((entry) => entry.sample.varianceReduction)
    .filter((share) => !Number.isNaN(share))
    .sort((a, b) => a - b);
  if (shares.length === 0) return 'Common seeds: no outcome varies between seeds.';
  const percent = (share: number): string => `${numberWords(100 * share)} %`;
  const middle = shares[Math.floor(shares.length / 2)];
  return (
    `Common seeds took away ${percent(middle)} of the variance of differences (median of ${shares.length} outcomes; ` +
    `${percent(shares[0])} to ${percent(shares[shares.length - 1])})`
  );
}

export function paretoLine(comparison: Comparison): string {
  const efficient = comparison.pareto.filter((point) => point.efficient).map((point) => point.name);
  const beaten = comparison.pareto.filter((point) => !point.efficient).map((point) => point.name);
  const rest = beaten.length === 0 ? 'none is beaten on all four' : `beaten on all four: ${beaten.join(', ')}`;
  return `Efficient on utilisation, violations, wasted work and cost (means): ${efficient.join(', ')}; ${rest}`;
}

export function warmUpLine(check: WarmUpCheck): string {
  const hours = (ms: number): string => `${numberWords(ms / 3_600_000)} h`;
  const basis = check.dayAligned ? 'residuals of the median day' : 'the series as it is, shorter than three days';
  if (!check.trusted)
    return `Warm-up: MSER-5 on ${check.figure} (${basis}) finds no end within half of the run; run longer`;
  const verdict = check.agrees
    ? `agrees with the ${hours(check.setMs)} set`
    : `the ${hours(check.setMs)} set are too short`;
  return `Warm-up: MSER-5 on ${check.figure} (${basis}) asks for ${hours(check.neededMs)}; ${verdict}`;
}
