/** report.html over several seeds: estimates with intervals, and every seed beside the others. */
import type { Estimate, Manifest, Replications, RunSummary } from '../sim/results/schema.ts';
import { duration, escapeHtml, figures, fixed, money, percent } from './format.ts';
import type { ReportOptions } from './html.ts';
import { planHtml, repeatHtml } from './html.ts';
import type { Card } from './html-parts.ts';
import { cardsHtml, pageHtml, paragraphsHtml, tableHtml } from './html-parts.ts';
import { settingsOf } from './plan-settings.ts';

/** What the page takes from each seed, in the order of `Replications.seeds`. */
export interface SeedRun {
  readonly manifest: Manifest;
  readonly summary: RunSummary;
  /** Where the report of the seed lies, relative to the page; null when there is none. */
  readonly reportPath: string | null;
}

type Show = (value: number, currency: string) => string;

const PLAIN: Show = (value) => figures(value);
/** Counts: whole where they are, but a mean or half width of 2.8 is not 3. */
const WHOLE: Show = (value) => (Number.isInteger(value) || Math.abs(value) >= 100 ? fixed(value) : figures(value, 2));

/** What each figure is called and how its values are written. */
const SHOWN: Readonly<Record<keyof RunSummary, readonly [name: string, show: Show]>> = {
  hosts: ['hosts', WHOLE],
  days: ['days after warm-up', PLAIN],
  cpuUtilisationMeanPercent: ['CPU utilisation, mean', percent],
  cpuUtilisationP95Percent: ['CPU utilisation, p95', percent],
  cpuUtilisationPeakPercent: ['CPU utilisation, peak', percent],
  onlineUtilisationMeanPercent: ['online, share of CPU', percent],
  bestEffortUtilisationMeanPercent: ['best effort, share of CPU', percent],
  workUtilisationMeanPercent: ['work delivered, share of peak', percent],
  memUtilisationMeanPercent: ['memory used', percent],
  onlineCpuRequestPercent: ['CPU requested by online pods', percent],
  onlineMemRequestPercent: ['memory requested by online pods', percent],
  batchSoldMeanPercent: ['batch-cpu for sale', percent],
  batchRequestedMeanPercent: ['batch-cpu requested', percent],
  batchMemSoldMeanPercent: ['batch-memory for sale', percent],
  batchMemRequestedMeanPercent: ['batch-memory requested', percent],
  violationServiceHourPercent: ['P(violation) per service-hour', percent],
  lateRequestPercent: ['late requests', percent],
  lateRequestFromColocationPercent: ['late requests from co-location', percent],
  wastedPercent: ['work wasted', percent],
  suppressedPercentOfDemand: ['best-effort CPU demand denied', percent],
  strandedCpuPercent: ['CPU stranded', percent],
  strandedMemPercent: ['memory stranded', percent],
  deadlineMissPercent: ['deadlines missed', percent],
  sloMinutesPerServiceDay: ['SLO-minutes per service and day', PLAIN],
  tasksSubmitted: ['tasks submitted', WHOLE],
  tasksFinished: ['tasks finished', WHOLE],
  tasksAbandoned: ['tasks given up', WHOLE],
  evictionsMemory: ['evictions for memory', WHOLE],
  evictionsCpu: ['evictions for CPU', WHOLE],
  oomKills: ['killed because a host ran out of memory', WHOLE],
  evictionsPer1000Starts: ['evictions per 1000 starts', PLAIN],
  doneCoreHours: ['core-hours finished', WHOLE],
  wastedCoreHours: ['core-hours wasted', WHOLE],
  waitMsP50: ['queueing time p50', (ms) => duration(ms)],
  waitMsP95: ['queueing time p95', (ms) => duration(ms)],
  pendingPeak: ['tasks pending, peak', WHOLE],
  suppressedHostHours: ['host-hours squeezed', WHOLE],
  onlinePodsUnplacedPeak: ['online pods without a host, peak', WHOLE],
  energyKwh: ['energy, kWh', WHOLE],
  cost: ['cost', money],
  costPerUsefulCoreHour: ['cost per useful core-hour', money],
  tenPointsEnergyCost: ['energy of ten more points of use, a host and year', money],
  tenPointsAvoidedCost: ['hosts not bought for ten more points of use, a host and year', money],
  tardinessMsP95: ['tardiness of jobs with a deadline, p95', (ms) => duration(ms)],
  hostFailures: ['host failures', WHOLE],
  gpuAllocatedMeanPercent: ['GPU core allocated, mean', percent],
  gpuAllocatedPeakPercent: ['GPU core allocated, peak', percent],
  gpuRunningMeanPercent: ['GPU core of running pods, mean', percent],
  gpuFragmentedMeanPercent: ['GPU core fragmented, mean', percent],
};

const HEADLINES: readonly (keyof RunSummary)[] = [
  'cpuUtilisationMeanPercent',
  'bestEffortUtilisationMeanPercent',
  'violationServiceHourPercent',
  'lateRequestPercent',
  'doneCoreHours',
  'evictionsPer1000Starts',
  'waitMsP95',
  'costPerUsefulCoreHour',
];

function show(figure: keyof RunSummary, value: number, currency: string): string {
  return SHOWN[figure][1](value, currency);
}

/** `61.3 % +- 0.4 %`; without an interval where there is one seed. */
function estimateWords(figure: keyof RunSummary, estimate: Estimate, currency: string): string {
  const mean = show(figure, estimate.mean, currency);
  return Number.isFinite(estimate.halfWidth) ? `${mean} \u00b1 ${show(figure, estimate.halfWidth, currency)}` : mean;
}

/** The page over all seeds. Same input, same bytes. */
export function replicationsReportHtml(
  replications: Replications,
  runs: readonly SeedRun[],
  plan: unknown,
  options: ReportOptions,
): string {
  const settings = settingsOf(plan, runs[0]?.manifest.name ?? 'replications');
  const { currency } = settings;
  const { estimates } = replications;
  const n = replications.seeds.length;
  const confidence = `${fixed(100 * replications.confidence)} %`;
  const constant = (figure: keyof RunSummary): boolean => estimates[figure].halfWidth === 0;
  const figuresShown = (Object.keys(estimates) as (keyof RunSummary)[]).filter((f) => f !== 'hosts' && f !== 'days');
  const cards: Card[] = HEADLINES.map((figure) => ({
    name: SHOWN[figure][0],
    value: show(figure, estimates[figure].mean, currency),
    detail: spreadWords(figure, replications, currency),
  }));
  const answer = [
    `Over ${n} seeds the cluster ran at ${estimateWords('cpuUtilisationMeanPercent', estimates.cpuUtilisationMeanPercent, currency)} ` +
      `of its CPU, best effort at ${estimateWords('bestEffortUtilisationMeanPercent', estimates.bestEffortUtilisationMeanPercent, currency)}; ` +
      `${estimateWords('violationServiceHourPercent', estimates.violationServiceHourPercent, currency)} of service-hours broke the ` +
      `objective of ${settings.objectivePercent} % in time.`,
    `Each \u00b1 is half of a ${confidence} interval by Student's t over seeds; a seed is one whole run. It covers chance between runs ` +
      'of the same plan, not doubt about the coefficients of the models.',
  ];
  const body = [
    `<header><h1>${escapeHtml(settings.title)}</h1><p class="soft">${n} seeds of the same plan</p></header>`,
    `<section class="answer" aria-label="Answer">${paragraphsHtml(answer)}</section>`,
    cardsHtml(cards),
    `<section><h2>Every figure</h2>${tableHtml({
      caption: `Mean over ${n} seeds, half width of the ${confidence} interval, smallest and largest seed.`,
      columns: [
        { heading: 'figure', kind: 'text' },
        { heading: 'mean', kind: 'number' },
        { heading: 'half width', kind: 'number' },
        { heading: 'smallest', kind: 'number' },
        { heading: 'largest', kind: 'number' },
      ],
      rows: figuresShown.map((figure) => {
        const values = runs.map((run) => run.summary[figure]);
        return [
          SHOWN[figure][0],
          show(figure, estimates[figure].mean, currency),
          constant(figure) ? 'same in all' : show(figure, estimates[figure].halfWidth, currency),
          show(figure, Math.min(...values), currency),
          show(figure, Math.max(...values), currency),
        ];
      }),
    })}</section>`,
    `<section><h2>Seed by seed</h2>${tableHtml({
      caption: 'Headline figures of each run.',
      columns: [
        { heading: 'seed', kind: 'text' },
        ...HEADLINES.map((figure) => ({ heading: SHOWN[figure][0], kind: 'number' }) as const),
        { heading: 'digest', kind: 'text' },
      ],
      rows: runs.map((run) => [
        run.manifest.seed,
        ...HEADLINES.map((figure) => show(figure, run.summary[figure], currency)),
        run.manifest.digest.slice(0, 12),
      ]),
    })}${reportLinks(runs)}</section>`,
    repeatHtml([
      ['command', options.command],
      ['seeds', replications.seeds.join(', ')],
      ['plan hash', [...new Set(runs.map((run) => run.manifest.planHash))].join(', ')],
      ['digests', replications.digests.join(', ')],
      ['version', `tidemark ${runs[0]?.manifest.tidemarkVersion ?? ''}`],
    ]),
    planHtml(plan),
  ].join('\n');
  return pageHtml(`${settings.title} - tidemark, ${n} seeds`, body);
}

/** `+- 0.4 % (95 %, 5 seeds)`, or why there is no interval. */
function spreadWords(figure: keyof RunSummary, replications: Replications, currency: string): string {
  const { halfWidth, n } = replications.estimates[figure];
  if (!Number.isFinite(halfWidth)) return 'one seed: no interval';
  if (halfWidth === 0) return `the same in all ${n} seeds`;
  return `\u00b1 ${show(figure, halfWidth, currency)} (${fixed(100 * replications.confidence)} %, ${n} seeds)`;
}

function reportLinks(runs: readonly SeedRun[]): string {
  const links = runs.flatMap((run) =>
    run.reportPath === null
      ? []
      : [`<a href="${escapeHtml(run.reportPath)}">seed ${escapeHtml(run.manifest.seed)}</a>`],
  );
  return links.length === 0 ? '' : `<p>Reports: ${links.join(', ')}</p>`;
}
