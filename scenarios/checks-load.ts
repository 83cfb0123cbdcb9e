/** Rules of best-effort load: shares, sizes, arrival curves, and whether the offered work can be carried. */
import { exp } from '../policies/base/exact-math.ts';
import { MS_PER_WEEK } from '../policies/base/units.ts';
import type { Report } from './checks.ts';
import { checkGpu } from './checks-gpus.ts';
import { ARRIVAL_CURVES, POPULATION_DEFAULTS_BY_KIND } from './defaults.ts';
import { LIMITS } from './limits.ts';
import type { Scenario } from './schema.ts';
import { didYouMean } from './suggest.ts';

type Population = Scenario['bestEffort']['populations'][string];

/** One container size; what it asks of GPUs may be left out. */
type PopulationSize = NonNullable<Population['sizes']>[number];

/** Sums of shares and weights may miss 1 by as much as writing thirds with six digits does. */
const SUM_TOLERANCE = 1e-5;

export function sizesOf(population: Population): readonly PopulationSize[] {
  return population.sizes ?? POPULATION_DEFAULTS_BY_KIND[population.kind].sizes;
}

/** Requested cores of a container, on average. */
export function meanCores(population: Population): number {
  let cores = 0;
  let weight = 0;
  for (const size of sizesOf(population)) {
    cores += size.cores * size.weight;
    weight += size.weight;
  }
  return cores / weight;
}

/** Mean of the lognormal life, seconds: exp(mu + sigma^2 / 2). */
export function meanLifeSeconds(population: Population): number {
  return exp(population.lifeLogMean + (population.lifeLogSigma * population.lifeLogSigma) / 2);
}

export function checkBestEffort(scenario: Partial<Scenario>, report: Report): void {
  const { bestEffort, horizon } = scenario;
  if (bestEffort === undefined) return;
  const populations = Object.entries(bestEffort.populations);
  if (populations.length > LIMITS.populations.max)
    report.error(
      ['bestEffort', 'populations'],
      `holds ${populations.length}; at most ${LIMITS.populations.max}: ${LIMITS.populations.why}`,
    );
  for (const [name, population] of populations) {
    checkPopulation(scenario, name, population, report);
    checkGang(name, population, bestEffort.populations, report);
  }
  if (bestEffort.trace !== undefined) {
    const uses = [['bestEffort', 'trace']];
    if (populations.length !== 1)
      report.error(
        ['bestEffort', 'populations'],
        `holds ${populations.length}; the tasks of a trace belong to one, which says priority and pressureClass`,
        uses,
      );
    for (const field of ['tasksPerWeek', 'offeredPercent'] as const)
      if (bestEffort[field] > 0)
        report.error(
          ['bestEffort', field],
          `is ${bestEffort[field]}, but the trace says how many tasks there are`,
          uses,
        );
  }
  if (bestEffort.tasksPerWeek > 0) {
    if (populations.length === 0)
      report.error(
        ['bestEffort', 'populations'],
        `is empty, but ${bestEffort.tasksPerWeek} tasks a week are asked for`,
        [['bestEffort', 'tasksPerWeek']],
      );
    const sum = populations.reduce((total, [, population]) => total + population.taskShare, 0);
    if (populations.length > 0 && Math.abs(sum - 1) > SUM_TOLERANCE) {
      const list = populations.map(([name, population]) => `${name} ${population.taskShare}`).join(' + ');
      report.error(
        ['bestEffort', 'populations'],
        `has taskShares ${list} = ${Number(sum.toPrecision(6))}; they must sum to 1`,
        [['bestEffort', 'populations', '*', 'taskShare']],
      );
    }
  }
  if (horizon !== undefined) {
    const tasks = (bestEffort.tasksPerWeek * horizon) / MS_PER_WEEK;
    if (tasks > LIMITS.tasksInRun.max)
      report.error(
        ['bestEffort', 'tasksPerWeek'],
        `makes ${Math.round(tasks)} tasks in this run; at most ${LIMITS.tasksInRun.max}: ${LIMITS.tasksInRun.why}`,
        [['horizon']],
      );
  }
  checkOffered(scenario, report);
}

function checkPopulation(scenario: Partial<Scenario>, name: string, population: Population, report: Report): void {
  const path = ['bestEffort', 'populations', name];
  if (population.sizes !== undefined && !population.sizes.some((size) => size.weight > 0))
    report.error([...path, 'sizes'], 'has no weight above 0');
  if (![3, 5, 7].includes(Math.floor(population.priority / 1000)))
    report.error(
      [...path, 'priority'],
      `is ${population.priority}, which is no class: koord-free is 3000 to 3999, koord-batch 5000 to 5999, koord-mid 7000 to 7999`,
    );
  for (const [index, size] of (population.sizes ?? []).entries())
    checkGpu(scenario, size.gpu, [...path, 'sizes', index, 'gpu'], report);
  for (const [index, size] of (population.sizes ?? []).entries())
    if (!Number.isInteger(size.cores * 1000))
      report.error([...path, 'sizes', index, 'cores'], `is ${size.cores}; cores come in thousandths`);
  const largest = Math.max(
    ...sizesOf(population)
      .filter((size) => size.weight > 0)
      .map((size) => size.cores),
  );
  const hosts = Object.values(scenario.cluster?.hosts ?? {}).filter((host) => host.count > 0);
  const memGib = (largest * population.memPerCore) / 1024;
  if (
    hosts.length > 0 &&
    !hosts.some((host) => host.cpu >= largest * 1000 && host.memory >= largest * population.memPerCore)
  )
    report.error(
      [...path, ...(population.sizes === undefined ? [] : ['sizes'])],
      `has containers of ${largest} cores and ${Number(memGib.toPrecision(6))} GiB; no host is that large`,
      [
        ['cluster', 'hosts', '*', 'cpu'],
        ['cluster', 'hosts', '*', 'memory'],
        [...path, 'memPerCore'],
        [...path, 'sizes'],
      ],
    );
  if (typeof population.arrivals === 'string') {
    const known = Object.keys(ARRIVAL_CURVES);
    if (!known.includes(population.arrivals))
      report.error(
        [...path, 'arrivals'],
        `is ${JSON.stringify(population.arrivals)}; known: ${known.join(', ')}, or a list of 24 weights.${didYouMean(population.arrivals, known)}`,
      );
    return;
  }
  const weights = population.arrivals;
  if (weights.length !== 24) {
    report.error([...path, 'arrivals'], `has ${weights.length} weights; expected 24, one for each hour`);
    return;
  }
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / 24;
  if (Math.abs(mean - 1) > SUM_TOLERANCE)
    report.error([...path, 'arrivals'], `has mean ${Number(mean.toPrecision(6))}; the 24 weights must have mean 1`);
}

/** Offered work is carried by the durations of analytics: there must be some, and something must be left for it. */
function checkOffered(scenario: Partial<Scenario>, report: Report): void {
  const { bestEffort, cluster } = scenario;
  if (bestEffort === undefined || bestEffort.offeredPercent === 0) return;
  const path = ['bestEffort', 'offeredPercent'];
  const uses = [['bestEffort', 'populations'], ['bestEffort', 'tasksPerWeek'], ['cluster']];
  if (bestEffort.tasksPerWeek === 0) {
    report.error(path, 'is set, but tasksPerWeek is 0', uses);
    return;
  }
  const populations = Object.values(bestEffort.populations);
  const analytics = populations.filter((population) => population.kind === 'analytics' && population.taskShare > 0);
  if (analytics.length === 0) {
    report.error(
      path,
      'is set, but no population of kind analytics is there to carry it; use 0 to keep durations as they are',
      uses,
    );
    return;
  }
  if (cluster === undefined) return;
  const cores = Object.values(cluster.hosts).reduce((sum, host) => sum + (host.count * host.cpu) / 1000, 0);
  if (cores === 0) return;
  const percentOf = (coreHours: number) => (100 * coreHours) / (cores * 168);
  let fixed = 0;
  let analyticsCores = 0;
  for (const population of populations) {
    const tasks = bestEffort.tasksPerWeek * population.taskShare;
    if (population.kind === 'transcode') fixed += (tasks * meanCores(population) * meanLifeSeconds(population)) / 3600;
    else analyticsCores += tasks * meanCores(population);
  }
  const fixedPercent = percentOf(fixed);
  if (fixedPercent >= bestEffort.offeredPercent) {
    report.error(
      path,
      `is ${bestEffort.offeredPercent} %, but transcoding alone offers ${fixedPercent.toFixed(1)} %; nothing is left for analytics`,
      uses,
    );
    return;
  }
  const seconds = (((bestEffort.offeredPercent - fixedPercent) / 100) * cores * 168 * 3600) / analyticsCores;
  report.note(
    `best effort offers ${bestEffort.offeredPercent} % of ${Math.round(cores)} cores: transcoding ${fixedPercent.toFixed(1)} %, ` +
      `analytics ${(bestEffort.offeredPercent - fixedPercent).toFixed(1)} % with containers of ${Math.round(seconds)} s on average`,
  );
}

/** A gang that can never stand together, or that is always one pod, is a mistake. */
function checkGang(
  name: string,
  { gang, kind }: Population,
  all: Readonly<Record<string, Population>>,
  report: Report,
): void {
  if (gang === null) return;
  const path = ['bestEffort', 'populations', name, 'gang'];
  if (gang.group !== null) {
    const mates = Object.values(all).filter((mate) => mate.gang?.group === gang.group);
    if (gang.size === 0)
      report.error([...path, 'size'], 'is 0; gangs of a group are counted off, so give the number of pods of a gang', [
        [...path, 'group'],
      ]);
    if (mates.length === 1)
      report.error([...path, 'group'], `is "${gang.group}", which no other population names; a group has two or more`);
  }
  if (gang.size > 0 && gang.minMember > gang.size)
    report.error([...path, 'minMember'], `is ${gang.minMember}, more than the gang's size of ${gang.size}`, [
      [...path, 'size'],
    ]);
  if (gang.size === 0 && kind === 'transcode')
    report.error(
      [...path, 'size'],
      'is 0, the tasks of a job, but a transcode job is one task; give the number of pods of a gang',
      [path],
    );
}
