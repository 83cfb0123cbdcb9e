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
const WHOLE: Show = (value) => fixed(value);

/** Figures that are not percentages (those end in Percent) with the way they are written and their unit in words. */
const SHOWN: Partial<Record<keyof RunSummary, readonly [name: string, show: Show]>> = {
  sloMinutesPerServiceDay: ['SLO-minutes per service and day', PLAIN],
  tasksSubmitted: ['tasks submitted', WHOLE],
  tasksFinished: ['tasks finished', WHOLE],
  tasksAbandoned: ['tasks given up', WHOLE],
  evictionsMemory: ['evictions for memory', WHOLE],
  evictionsCpu: ['evictions for CPU', WHOLE],
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
  hostFailures: ['host failures', PLAIN],
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

/** `cpuUtilisationMeanPercent` as `cpu utilisation mean`. */
function nameOf(figure: keyof RunSummary): string {
  const special = SHOWN[figure];
  if (special !== undefined) return special[0];
  return figure
    .replace(/Percent$/, '')
    .replace(/([a-z])([A-Z0-9])/g, '$1 $2')
    .toLowerCase()
    .replace(/\bcpu\b/g, 'CPU')
    .replace(/\bmem\b/g, 'memory');
}

function show(figure: keyof RunSummary, value: number, currency: string): string {
  const special = SHOWN[figure];
  if (special !== undefined) return special[1](value, currency);
  return figure.endsWith('Percent') ? percent(value) : figures(value);
}

/** `61.3 % +- 0.4 %`; without an interval where there is one seed. */
export function estimateWords(figure: keyof RunSummary, estimate: Estimate, currency: string): string {
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
    name: nameOf(figure),
    value: show(figure, estimates[figure].mean, currency),
    detail: Number.isFinite(estimates[figure].halfWidth)
      ? `\u00b1 ${show(figure, estimates[figure].halfWidth, currency)} (${confidence}, ${n} seeds)`
      : 'one seed: no interval',
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
          nameOf(figure),
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
        ...HEADLINES.map((figure) => ({ heading: nameOf(figure), kind: 'number' }) as const),
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

function reportLinks(runs: readonly SeedRun[]): string {
  const links = runs.flatMap((run) =>
    run.reportPath === null
      ? []
      : [`<a href="${escapeHtml(run.reportPath)}">seed ${escapeHtml(run.manifest.seed)}</a>`],
  );
  return links.length === 0 ? '' : `<p>Reports: ${links.join(', ')}</p>`;
}
