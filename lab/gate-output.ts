/** A gate's verdict for people and machines: Markdown for a pull request, JUnit XML, annotations of GitHub Actions. */
import type { GateOutcome, GateResult } from './gate.ts';
import { amountWords, numberWords, signedWords } from './words.ts';

const VERDICT_WORDS = {
  ok: 'no outcome got worse',
  regressed: 'an outcome got worse',
  undecided: 'undecided: more seeds are needed',
} as const;

function evidence(entry: GateOutcome): string {
  const { outcome, sample, worseLow, worseHigh, margin } = entry;
  const side = outcome.better === 'lower' ? [worseLow, worseHigh] : [-worseHigh, -worseLow];
  const value = (x: number): string => amountWords(x, outcome.unit);
  return (
    `${outcome.words} ${value(sample.meanA)} -> ${value(sample.meanB)} ` +
    `(${change(entry, sample.difference)}, ${change(entry, side[0])} to ${change(entry, side[1])}; ` +
    `${outcome.better} is better, margin ${value(margin)})${more(entry)}`
  );
}

function change({ outcome }: GateOutcome, value: number): string {
  return amountWords(value, outcome.unit === 'ms' ? 'ms' : '', signedWords);
}

function more({ verdict, seedsToDecide }: GateOutcome): string {
  if (verdict !== 'undecided') return '';
  return seedsToDecide === null
    ? '; it lies too close to the margin to be decided by 10,000 seeds'
    : `; about ${seedsToDecide} seeds would decide it`;
}

function basis(result: GateResult): string {
  const { confidence, seeds, look, looks, outcomes } = result;
  return (
    `${seeds} seeds in pairs, look ${look} of ${looks}, ${outcomes.length} outcomes, ` +
    `${numberWords(100 * confidence)} % confidence over all of them`
  );
}

/** Lines for a terminal. */
export function gateLines(result: GateResult): string[] {
  const lines = [
    `gate ${result.verdict}: ${VERDICT_WORDS[result.verdict]} (${result.candidate} against ${result.baseline})`,
  ];
  lines.push(`  ${basis(result)}`);
  if (result.identical) lines.push('  the same runs as the baseline, event for event');
  else for (const entry of result.outcomes) lines.push(`  ${entry.verdict.padEnd(9)} ${evidence(entry)}`);
  lines.push(`  advisory: ${numberWords(result.eventsRatio)} times the events of the baseline`);
  for (const sentence of result.backtest) lines.push(`  ${sentence}`);
  return lines;
}

/** Markdown with a table, worst verdicts first. */
export function gateMarkdown(result: GateResult): string {
  const order = { regressed: 0, undecided: 1, ok: 2 };
  const sorted = [...result.outcomes].sort((a, b) => order[a.verdict] - order[b.verdict]);
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const rows = sorted.map((entry) => {
    const { outcome, sample, worseLow, worseHigh } = entry;
    const side = outcome.better === 'lower' ? [worseLow, worseHigh] : [-worseHigh, -worseLow];
    const cells = [
      entry.verdict === 'regressed' ? '**regressed**' : entry.verdict,
      outcome.words,
      amountWords(sample.meanA, outcome.unit),
      amountWords(sample.meanB, outcome.unit),
      `${change(entry, sample.difference)} (${change(entry, side[0])} to ${change(entry, side[1])})`,
      `${amountWords(entry.margin, outcome.unit)}${more(entry)}`,
    ];
    return `| ${cells.map(cell).join(' | ')} |`;
  });
  return `${[
    `### Tidemark gate: ${result.verdict}`,
    '',
    `\`${result.candidate}\` against \`${result.baseline}\`: ${VERDICT_WORDS[result.verdict]}. ${basis(result)}.`,
    '',
    ...(result.identical
      ? ['The same runs as the baseline, event for event.']
      : [
          '| verdict | outcome | baseline | candidate | difference (bounds) | margin |',
          '|---|---|---:|---:|---:|---|',
          ...rows,
        ]),
    '',
    `Advisory: ${numberWords(result.eventsRatio)} times the events of the baseline.`,
    ...result.backtest.flatMap((sentence) => ['', sentence]),
  ].join('\n')}\n`;
}

/** One test case an outcome: a regression is a failure, an undecided outcome an error. */
export function gateJunit(result: GateResult): string {
  const count = (verdict: string): number => result.outcomes.filter((entry) => entry.verdict === verdict).length;
  const cases = result.outcomes.map((entry) => {
    const head = `    <testcase classname="tidemark.gate" name="${xml(entry.outcome.figure)}"`;
    if (entry.verdict === 'ok') return `${head}/>`;
    const tag = entry.verdict === 'regressed' ? 'failure' : 'error';
    return `${head}><${tag} message="${xml(evidence(entry))}" type="${entry.verdict}"/></testcase>`;
  });
  const properties = result.backtest.map((text) => `<property name="backtest" value="${xml(text)}"/>`).join('');
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n` +
    `  <testsuite name="tidemark gate" tests="${result.outcomes.length}" failures="${count('regressed')}" errors="${count('undecided')}">\n` +
    (result.backtest.length === 0 ? '' : `    <properties>${properties}</properties>\n`) +
    `${cases.join('\n')}\n  </testsuite>\n</testsuites>\n`
  );
}

/** Workflow commands of GitHub Actions: an error for a regression, a warning for what is undecided, one notice for all well. */
export function gateAnnotations(result: GateResult): string[] {
  const line = (kind: string, title: string, text: string): string =>
    `::${kind} title=${property(title)}::${data(text)}`;
  const lines = result.outcomes
    .filter((entry) => entry.verdict !== 'ok')
    .map((entry) =>
      line(entry.verdict === 'regressed' ? 'error' : 'warning', `tidemark: ${entry.outcome.figure}`, evidence(entry)),
    );
  if (lines.length === 0) lines.push(line('notice', 'tidemark gate', `${VERDICT_WORDS.ok}; ${basis(result)}`));
  return [...lines, ...result.backtest.map((sentence) => line('notice', 'tidemark backtest', sentence))];
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
