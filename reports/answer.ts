/** The answer in plain words: how full, how safe, at what price, what stops it from being fuller. */
import { numbers, quantileOf } from './columns.ts';
import type { RunFacts } from './facts.ts';
import { count, dayHour, duration, fixed, money, percent } from './format.ts';
import { bindsSentence } from './what-binds.ts';

/** Paragraphs of plain text; every number is of this run, after warm-up. */
export function answerParagraphs(facts: RunFacts): string[] {
  const { summary } = facts.results;
  const { settings, violation } = facts;
  const full =
    `The cluster ran at ${percent(summary.cpuUtilisationMeanPercent)} of its CPU on average (peak ` +
    `${percent(summary.cpuUtilisationPeakPercent)}): ${percent(summary.onlineUtilisationMeanPercent)} for online services and ` +
    `${percent(summary.bestEffortUtilisationMeanPercent)} for best effort, which finished ${fixed(summary.doneCoreHours)} ` +
    `core-hours of work and lost ${percent(summary.wastedPercent)} to evictions and failures.`;
  const safe =
    `In ${percent(violation.percent)} of service-hours fewer than ${settings.objectivePercent} % of requests were answered in ` +
    `time (${fixed(violation.violating)} of ${fixed(violation.serviceHours)}; 95 % interval ${percent(violation.lowPercent)} to ` +
    `${percent(violation.highPercent)}, hours of one service counted as alike; one seed). ${colocationWords(facts)}`;
  const price =
    `Tasks waited ${duration(summary.waitMsP50)} in the median and ${duration(summary.waitMsP95)} at the 95th percentile. ` +
    `A useful core-hour cost ${money(summary.costPerUsefulCoreHour, settings.currency)}.`;
  const broken = failureWords(facts);
  return [
    broken === '' ? full : `${full} ${broken}`,
    safe,
    `${price} What binds first: ${bindsSentence(facts.constraints)}`,
  ];
}

/** What failed; nothing where nothing did. */
function failureWords(facts: RunFacts): string {
  const { hostFailures } = facts.results.summary;
  const down = quantileOf(numbers(facts.results.tables.windows.columns.hostsDown).subarray(facts.firstRow), 1);
  if (hostFailures === 0 && !(down > 0)) return '';
  return `${count(hostFailures, 'host failure')}; at most ${count(down, 'host')} down at once.`;
}

function colocationWords(facts: RunFacts): string {
  const { summary } = facts.results;
  const [worst] = facts.worst;
  if (summary.lateRequestPercent === 0 || worst === undefined) return 'No request was late.';
  const share = Math.max(
    0,
    Math.min(100, (100 * summary.lateRequestFromColocationPercent) / summary.lateRequestPercent),
  );
  return (
    `Of all requests ${percent(summary.lateRequestPercent)} were late; best effort next door causes ${percent(share)} of that. ` +
    `Worst hit: ${worst.name}, ${percent(worst.latePercent)} late over the run and ${percent(worst.worstHourPercent)} in its ` +
    `worst hour (${dayHour(worst.worstHour)}).`
  );
}
