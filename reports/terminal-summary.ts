/** One screen about a run, for someone who decides: at most 40 lines of 100 columns, plain text. */

import { MS_PER_DAY } from '../policies/base/units.ts';
import type { Replications } from '../sim/results/schema.ts';
import { sellsBatch } from './charts/batch-pool.ts';
import { numbers } from './columns.ts';
import { budgetFacts, causesSentence, violationsSentence } from './error-budget.ts';
import type { RunFacts } from './facts.ts';
import { hourOfLargest } from './facts.ts';
import { cores, count, dayHour, duration, figures, fixed, memory, money, percent } from './format.ts';
import { bindsSentence } from './what-binds.ts';

export const SCREEN_LINES = 40;
export const SCREEN_COLUMNS = 100;

export interface TerminalOptions {
  /** Where the report lies; null when none was written. */
  readonly reportPath: string | null;
  /** Colours by ANSI escapes; they do not count as columns. */
  readonly colour: boolean;
  /** Estimates over seeds when the run is one of several. */
  readonly replications?: Replications;
}

const LABEL_COLUMNS = 15;
const BAR_COLUMNS = 60;
const ANSI = { online: '34', bestEffort: '33', system: '90', line: '31', bold: '1' } as const;

type Paint = (text: string, style: keyof typeof ANSI) => string;

/** The screen as lines joined by newlines, with one at the end. */
export function terminalSummary(facts: RunFacts, options: TerminalOptions): string {
  const paint: Paint = (text, style) => (options.colour ? `\u001b[${ANSI[style]}m${text}\u001b[0m` : text);
  const head = headLines(facts, paint);
  const body = [
    ...utilisationLines(facts, paint),
    ...batchLines(facts),
    ...gpuLines(facts),
    ...violationLines(facts, options.replications),
    ...worstLines(facts),
    ...bestEffortLines(facts),
    ...placeLines(facts),
    ...wrapped('Binds first', bindsSentence(facts.constraints)),
  ];
  const foot = options.reportPath === null ? [] : labelled('Report', options.reportPath);
  const room = SCREEN_LINES - head.length - body.length - foot.length;
  return `${[...head, ...body, ...noteLines(facts, room), ...foot].join('\n')}\n`;
}

function headLines(facts: RunFacts, paint: Paint): string[] {
  const { settings, results } = facts;
  const { manifest, summary } = results;
  const length = settings.horizonMs > 0 ? duration(settings.horizonMs) : duration(summary.days * MS_PER_DAY);
  const warmUp = settings.warmUpMs > 0 ? `, the first ${duration(settings.warmUpMs)} (warm-up) left out` : '';
  return [
    paint(cut(settings.title, SCREEN_COLUMNS), 'bold'),
    cut(
      `${count(summary.hosts, 'host')}, ${length} at ${duration(settings.windowMs)} windows${warmUp}`,
      SCREEN_COLUMNS,
    ),
    cut(
      `seed ${manifest.seed}, plan ${manifest.planHash.slice(0, 16)}, digest ${manifest.digest.slice(0, 16)}`,
      SCREEN_COLUMNS,
    ),
    '',
  ];
}

function utilisationLines(facts: RunFacts, paint: Paint): string[] {
  const { summary } = facts.results;
  const { settings } = facts;
  const lines = labelled(
    'CPU used',
    `mean ${percent(summary.cpuUtilisationMeanPercent)}, p95 ${percent(summary.cpuUtilisationP95Percent)}, peak ` +
      `${percent(summary.cpuUtilisationPeakPercent)} of ${cores(facts.meanCapacityMilliCpu)}; work delivered ` +
      `${percent(summary.workUtilisationMeanPercent)} of peak`,
  );
  const line =
    settings.cpuSuppressPercent === null ? '' : `  ${paint('|', 'line')} squeeze at ${settings.cpuSuppressPercent} %`;
  lines.push(`${' '.repeat(LABEL_COLUMNS)}[${utilisationBar(facts, paint)}]${line}`);
  lines.push(
    `${' '.repeat(LABEL_COLUMNS)}${paint('#', 'online')} online ${percent(summary.onlineUtilisationMeanPercent)}  ` +
      `${paint('=', 'system')} system ${percent(facts.systemMeanPercent)}  ` +
      `${paint('+', 'bestEffort')} best effort ${percent(summary.bestEffortUtilisationMeanPercent)}  ` +
      `. free ${percent(100 - summary.cpuUtilisationMeanPercent)}`,
  );
  lines.push(
    ...labelled(
      'Memory used',
      `mean ${percent(summary.memUtilisationMeanPercent)} of ${memory(facts.meanCapacityMemMib)}`,
    ),
  );
  return lines;
}

/** 60 characters for the whole capacity; the water-line replaces the character it falls on. */
function utilisationBar(facts: RunFacts, paint: Paint): string {
  const { summary } = facts.results;
  const marks: string[] = new Array<string>(BAR_COLUMNS).fill('.');
  let from = 0;
  let upToPercent = 0;
  for (const [mark, share, style] of [
    ['#', summary.onlineUtilisationMeanPercent, 'online'],
    ['=', facts.systemMeanPercent, 'system'],
    ['+', summary.bestEffortUtilisationMeanPercent, 'bestEffort'],
  ] as const) {
    upToPercent += share;
    const to = Math.min(BAR_COLUMNS, Math.round((upToPercent / 100) * BAR_COLUMNS));
    for (; from < to; from++) marks[from] = paint(mark, style);
  }
  const line = facts.settings.cpuSuppressPercent;
  if (line !== null) marks[Math.min(BAR_COLUMNS - 1, Math.round((line / 100) * BAR_COLUMNS))] = paint('|', 'line');
  return marks.join('');
}

function marketLines(facts: RunFacts): string[] {
  const { summary } = facts.results;
  const sold = (summary.batchSoldMeanPercent / 100) * facts.meanCapacityMilliCpu;
  return [
    ...labelled(
      'batch-cpu',
      `sold ${cores(sold)} (${percent(summary.batchSoldMeanPercent)} of capacity), requested ` +
        `${percent(summary.batchRequestedMeanPercent)}, used ${percent(summary.bestEffortUtilisationMeanPercent)}`,
    ),
    ...labelled(
      'batch-memory',
      `sold ${percent(summary.batchMemSoldMeanPercent)} of capacity, requested ${percent(summary.batchMemRequestedMeanPercent)}`,
    ),
  ];
}

function batchLines(facts: RunFacts): string[] {
  const { summary } = facts.results;
  return [
    ...(sellsBatch(facts) ? marketLines(facts) : []),
    ...labelled(
      'Squeezed',
      `${percent(summary.suppressedPercentOfDemand)} of best-effort CPU demand denied, over ` +
        `${fixed(summary.suppressedHostHours)} host-hours`,
    ),
  ];
}

function gpuLines(facts: RunFacts): string[] {
  const { summary, tables } = facts.results;
  let cards = 0;
  for (const milli of numbers(tables.windows.columns.gpuCapacityMilli)) cards = Math.max(cards, milli / 1000);
  if (summary.gpuAllocatedPeakPercent === 0) return [];
  return labelled(
    'GPUs',
    `allocated ${percent(summary.gpuAllocatedMeanPercent)} of ${count(cards, 'card')}, peak ` +
      `${percent(summary.gpuAllocatedPeakPercent)}; fragmented ${percent(summary.gpuFragmentedMeanPercent)}: free, and too little for the pods here`,
  );
}

function violationLines(facts: RunFacts, replications: Replications | undefined): string[] {
  const { summary } = facts.results;
  const { violation, settings } = facts;
  const lines = labelled(
    'P(violation)',
    `${percent(violation.percent)} of service-hours miss ${settings.objectivePercent} % in time; 95 % interval ` +
      `${percent(violation.lowPercent)} to ${percent(violation.highPercent)}`,
  );
  lines.push(
    `${' '.repeat(LABEL_COLUMNS)}${fixed(violation.violating)} of ${fixed(violation.serviceHours)} service-hours of this ` +
      `seed, services as clusters`,
  );
  const over = replications?.estimates.violationServiceHourPercent;
  if (over !== undefined && replications !== undefined) {
    const reach = Number.isFinite(over.halfWidth) ? ` +- ${percent(over.halfWidth)}` : ' (one seed: no interval)';
    lines.push(
      `${' '.repeat(LABEL_COLUMNS)}over ${count(over.n, 'seed')}: ${percent(over.mean)}${reach}` +
        ` (Student t, ${fixed(100 * replications.confidence)} %)`,
    );
  }
  lines.push(
    ...labelled(
      'Late requests',
      `${percent(summary.lateRequestPercent)}, of them from co-location ${percent(summary.lateRequestFromColocationPercent)}; ` +
        `${figures(summary.sloMinutesPerServiceDay)} SLO-minutes per service and day`,
    ),
  );
  const budget = budgetFacts(
    facts.results,
    settings.objectivePercent,
    facts.firstHour,
    facts.firstRow,
    settings.windowMs,
  );
  if (budget.burnedPercent > 0) lines.push(...labelled('', `by cause: ${causesSentence(budget)}`));
  if (violation.violating > 0) lines.push(...labelled('', `violations by main cause: ${violationsSentence(budget)}`));
  return lines;
}

function worstLines(facts: RunFacts): string[] {
  const lines: string[] = [];
  for (const service of facts.worst.slice(0, 3)) {
    if (service.latePercent === 0) break;
    const text =
      `${cut(service.name, 24).padEnd(24)} ${percent(service.latePercent).padStart(8)} late; worst ` +
      `${dayHour(service.worstHour)}: ${percent(service.worstHourPercent)}`;
    lines.push(`${(lines.length === 0 ? 'Worst services' : '').padEnd(LABEL_COLUMNS)}${text}`);
  }
  return lines.length > 0 ? lines : labelled('Worst services', 'none: no service had a late request');
}

function bestEffortLines(facts: RunFacts): string[] {
  const { summary, tables } = facts.results;
  const peakHour = hourOfLargest(facts, numbers(tables.windows.columns.bestEffortPending));
  return [
    ...labelled(
      'Best effort',
      `${fixed(summary.tasksSubmitted)} tasks submitted, ${fixed(summary.tasksFinished)} finished, ` +
        `${fixed(summary.tasksAbandoned)} given up; ${fixed(summary.doneCoreHours)} core-hours done`,
    ),
    ...labelled(
      'Evicted',
      `${fixed(summary.evictionsMemory)} for memory, ${fixed(summary.evictionsCpu)} for CPU ` +
        `(${figures(summary.evictionsPer1000Starts)} per 1000 starts)` +
        `${summary.oomKills > 0 ? `, ${fixed(summary.oomKills)} killed out of memory` : ''}; wasted ${fixed(summary.wastedCoreHours)} core-hours, ` +
        `${percent(summary.wastedPercent)}`,
    ),
    ...labelled(
      'Queueing',
      `wait p50 ${duration(summary.waitMsP50)}, p95 ${duration(summary.waitMsP95)}; ${fixed(summary.pendingPeak)} tasks ` +
        `pending at most${summary.pendingPeak > 0 ? ` (${dayHour(peakHour)})` : ''}`,
    ),
    ...(summary.deadlineMissPercent > 0
      ? labelled(
          'Deadlines',
          `${percent(summary.deadlineMissPercent)} of jobs with a deadline missed it; tardiness p95 ${duration(summary.tardinessMsP95)}`,
        )
      : []),
  ];
}

function placeLines(facts: RunFacts): string[] {
  const { summary } = facts.results;
  const { settings } = facts;
  const headroom =
    settings.cpuSuppressPercent === null
      ? ''
      : `; ${percent(Math.abs(settings.cpuSuppressPercent - summary.cpuUtilisationP95Percent))} of capacity ` +
        `${settings.cpuSuppressPercent >= summary.cpuUtilisationP95Percent ? 'left between' : 'short from'} p95 ` +
        `${settings.cpuSuppressPercent >= summary.cpuUtilisationP95Percent ? 'and' : 'to'} the squeeze line`;
  return [
    ...labelled(
      'Stranded',
      `${percent(summary.strandedCpuPercent)} of CPU, ${percent(summary.strandedMemPercent)} of memory${headroom}`,
    ),
    ...labelled(
      'Online pods',
      `requests ${percent(summary.onlineCpuRequestPercent)} of CPU, ${percent(summary.onlineMemRequestPercent)} of memory; ` +
        `${fixed(summary.onlinePodsUnplacedPeak)} without a host at most; ${count(summary.hostFailures, 'host failure')}`,
    ),
    ...labelled(
      'Power and cost',
      `${fixed(summary.energyKwh)} kWh; ${money(summary.cost, settings.currency)} in ${duration(summary.days * MS_PER_DAY)}, ` +
        `${money(summary.costPerUsefulCoreHour, settings.currency)} per useful core-hour; ten more points of use cost ` +
        `${money(summary.tenPointsEnergyCost, settings.currency)} of energy a host and year and do the work of hosts for ` +
        `${money(summary.tenPointsAvoidedCost, settings.currency)}`,
    ),
  ];
}

function noteLines(facts: RunFacts, room: number): string[] {
  const lines = facts.results.notes.flatMap((note) => wrapped('Note', note));
  if (lines.length <= room) return lines;
  const kept = lines.slice(0, Math.max(0, room - 1));
  return room > 0 ? [...kept, ...labelled('Note', 'more notes in the report')] : [];
}

function labelled(label: string, text: string): string[] {
  return wrapped(label, text);
}

/** `text` behind a label, broken at spaces so that no line passes the screen and no number loses its %. */
function wrapped(label: string, text: string): string[] {
  const width = SCREEN_COLUMNS - LABEL_COLUMNS;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/ (?!%)/)) {
    const next = line === '' ? word : `${line} ${word}`;
    if (next.length > width && line !== '') {
      lines.push(line);
      line = word;
    } else line = next;
  }
  lines.push(line);
  return lines.map((part, at) => (at === 0 ? label : '').padEnd(LABEL_COLUMNS) + part);
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 3)}...`;
}
