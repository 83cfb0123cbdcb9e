/**
 * Published facts that need a whole run: the set-ups registered in sim/host/validation/bands.json as small scenarios.
 *
 * What a set-up states is taken from there. What it leaves open is the scenario default, and best effort is offered without end, so
 * that the water-lines and not the offer decide the utilisation; exceptions are said in the row. Nothing here is chosen by result:
 * a row that fails stays failing.
 */
import { assert } from '../policies/base/assert.ts';
import { planHash, resolve } from '../scenarios/resolve.ts';
import { scenarioSchema } from '../scenarios/schema.ts';
import { type BandRow, readBands } from '../sim/host/validation/bands.ts';
import { judgeRow, notModelled, type ValidationRow } from '../sim/host/validation/validate.ts';
import type { Plan } from '../sim/plan.ts';
import type { RunResults } from '../sim/results/schema.ts';
import { runPlan } from './run-plan.ts';

/** What a person writes in a scenario file, before defaults. */
type ScenarioText = Readonly<Record<string, unknown>>;

interface EngineAnswer {
  readonly values: Readonly<Record<string, number>>;
  readonly remark: string;
}

/** Runs every fact that needs the engine, in order; `onRow` is called before each with its id. Deterministic. */
export function validateEngine(onRow: (id: string) => void = () => {}): ValidationRow[] {
  return readBands()
    .filter((row) => row.needs === 'engine')
    .map((row) => {
      const run = RUNS[row.id];
      if (run === undefined) return notModelled(row, WAITING[row.id] ?? 'no scenario');
      onRow(row.id);
      const { values, remark } = run(row.setup);
      return judgeRow(row, values, remark);
    });
}

const WAITING: Readonly<Record<string, string>> = {
  V13:
    'The source gives neither the clusters nor their load, and "busiest" compares clusters of unknown make-up: a scenario would have ' +
    'to choose what the row predicts.',
};

const RUNS: Readonly<Record<string, (setup: BandRow['setup']) => EngineAnswer>> = {
  V7: sparkOnTwoNodes,
  V10: onlineClusterFilled,
  V11: bigDataMixed,
  V12: transcodingPilot,
  V14: memoryAgainstCpu,
};

/** Kernel and daemons; published node figures include them. */
const SYSTEM_PERCENT = 3;
/** Requested core-hours over the cluster's: more than any water-line here can sell. */
const ENDLESS_PERCENT = 150;
/** Tasks a host and week, as in mixed-2000. */
const TASKS_PER_HOST_WEEK = 2_500;

/** Two nodes of 8 cpus whose services request 95 % and use what the row says, daemons included. */
function sparkOnTwoNodes(setup: BandRow['setup']): EngineAnswer {
  const used = numbersOf(setup, 'lsCpuPercent');
  const cpus = numberOf(setup, 'logicalCpus');
  const requested = numberOf(setup, 'requestedPercent');
  const replicas = 4;
  const host = (node: string) => ({ count: 1, cpu: `${cpus} cores`, memory: '32GiB', labels: { node } });
  const service = (node: string, percent: number) => ({
    replicas,
    cpuRequest: `${(cpus * 1000 * requested) / 100 / replicas}m`,
    memRequest: '2GiB',
    meanUsagePercent: ((percent - SYSTEM_PERCENT) / requested) * 100,
    nodeSelector: { node },
  });
  const plan = planOf({
    name: 'validate-v7',
    horizon: '1d',
    warmUp: '2h',
    cluster: { hosts: { a: host('a'), b: host('b') } },
    online: { source: 'none', explicit: { 'on-a': service('a', used[0]), 'on-b': service('b', used[1]) } },
    bestEffort: backlog(2, setup),
    koordinator: waterLine(setup),
    physics: { isolation: 'group-identity' },
  });
  const results = run(plan);
  return {
    values: { cpuPercent: results.summary.cpuUtilisationMeanPercent },
    remark: `${soldText(results)} Memory of the nodes (32 GiB) and use over request of Spark (0.6) are assumed.`,
  };
}

/** Services use what the row says (the fitted mean is scaled to it), best effort fills what the water-lines leave. */
function onlineClusterFilled(setup: BandRow['setup']): EngineAnswer {
  const without = onlineAt(setup, 'validate-v10', numberOf(setup, 'days'));
  const alone = run(without);
  const filled = run({ ...without, bestEffort: planOf({ bestEffort: backlog(FITTED_HOSTS, setup) }).bestEffort });
  return {
    values: {
      cpuPercent: filled.summary.cpuUtilisationMeanPercent,
      p99ChangePercent: (meanP99(filled) / meanP99(alone) - 1) * 100,
    },
    remark: `Alone the cluster uses ${alone.summary.cpuUtilisationMeanPercent.toFixed(1)} %. ${soldText(filled)} Use over request (0.6) is assumed.`,
  };
}

/** As V10 with Spark only, all day, memory sold by use (what the row calls its memory stage). */
function bigDataMixed(setup: BandRow['setup']): EngineAnswer {
  const without = onlineAt(setup, 'validate-v11', 2);
  const mixed = run({ ...without, bestEffort: planOf({ bestEffort: backlog(FITTED_HOSTS, setup) }).bestEffort });
  return {
    values: { cpuPercent: mixed.summary.cpuUtilisationMeanPercent },
    remark: `${soldText(mixed)} Use over request of Spark (0.6) and a backlog all day are assumed.`,
  };
}

/** Fitted services as measured, with and without transcoding at its share of mixed-2000: 1,250 containers a host and week. */
function transcodingPilot(setup: BandRow['setup']): EngineAnswer {
  const usageOverRequest = numberOf(setup, 'beUsedOverRequested');
  const text = {
    ...FITTED_CLUSTER,
    name: 'validate-v12',
    horizon: '2d',
    warmUp: '6h',
    koordinator: waterLine(setup),
    physics: { isolation: 'group-identity' },
  };
  const alone = run(planOf(text)).summary;
  const pilot = run(
    planOf({
      ...text,
      bestEffort: {
        tasksPerWeek: (FITTED_HOSTS * TASKS_PER_HOST_WEEK) / 2,
        populations: { work: { kind: 'transcode', taskShare: 1, usageOverRequest, arrivals: 'night' } },
      },
    }),
  ).summary;
  const change = (pilot.cpuUtilisationMeanPercent / alone.cpuUtilisationMeanPercent - 1) * 100;
  return {
    values: { cpuChangePercent: change },
    remark:
      `CPU ${alone.cpuUtilisationMeanPercent.toFixed(1)} -> ${pilot.cpuUtilisationMeanPercent.toFixed(1)} %, highest minute ` +
      `${pilot.cpuUtilisationPeakPercent.toFixed(1)} %. The source gives no volume: it is that of mixed-2000, so this row is weak evidence.`,
  };
}

/** Fitted services at the share of CPU that Alibaba sold in 2018 (93.5 %), beside best effort by that trace's hours. */
function memoryAgainstCpu(setup: BandRow['setup']): EngineAnswer {
  const { summary } = run(
    planOf({
      ...FITTED_CLUSTER,
      name: 'validate-v14',
      horizon: `${numberOf(setup, 'days')}d`,
      warmUp: '1d',
      online: { ...FITTED_CLUSTER.online, cpuRequestPercent: 93.5 },
      bestEffort: backlog(FITTED_HOSTS, setup, 'alibaba-2018'),
      physics: { isolation: 'group-identity' },
    }),
  );
  return {
    values: { memoryMinusCpuPercentPoints: summary.memUtilisationMeanPercent - summary.cpuUtilisationMeanPercent },
    remark:
      `Memory ${summary.memUtilisationMeanPercent.toFixed(1)} %, CPU ${summary.cpuUtilisationMeanPercent.toFixed(1)} %. Memory of services is ` +
      'constant in the model by construction, so "flat" is not tested.',
  };
}

const FITTED_HOSTS = 40;
/** The fitted workload on plain hosts: no figure of a published row is in here. */
const FITTED_CLUSTER = {
  cluster: { hosts: { plain: { count: FITTED_HOSTS, cpu: '96 cores', memory: '512GiB' } } },
  online: { source: 'fit', services: 24, pods: 800 },
} as const;

/** The fitted cluster with the mean use of its services scaled so that CPU, daemons included, is what the set-up states. */
function onlineAt(setup: BandRow['setup'], name: string, days: number): Plan {
  const text = {
    ...FITTED_CLUSTER,
    name,
    horizon: `${days}d`,
    warmUp: '6h',
    koordinator: waterLine(setup),
    physics: { isolation: 'group-identity' },
  };
  const measured = planOf({ ...text, horizon: '1d' });
  const asMeasured = run(measured).summary.onlineUtilisationMeanPercent;
  const loadFactor = (numberOf(setup, 'lsCpuPercent') - SYSTEM_PERCENT) / asMeasured;
  return planOf({ ...text, online: { ...FITTED_CLUSTER.online, loadFactor } });
}

function backlog(hosts: number, setup: BandRow['setup'], arrivals = 'flat'): ScenarioText {
  const usageOverRequest = setup['beUsedOverRequested'] ?? 0.6;
  return {
    tasksPerWeek: hosts * TASKS_PER_HOST_WEEK,
    offeredPercent: ENDLESS_PERCENT,
    populations: { work: { kind: 'analytics', taskShare: 1, usageOverRequest, arrivals } },
  };
}

function waterLine(setup: BandRow['setup']): ScenarioText {
  return { cpuSuppressThresholdPercent: numberOf(setup, 'suppressThresholdPercent'), cpuSuppressPolicy: 'cfsQuota' };
}

/** A plan from scenario text; what is left out has the defaults of every scenario. */
function planOf(text: ScenarioText): Plan {
  return resolve(scenarioSchema.parse({ name: 'validate', cluster: FITTED_CLUSTER.cluster, ...text }));
}

function run(plan: Plan): RunResults {
  const results = runPlan(plan, { identity: { planHash: planHash(plan), tidemarkVersion: '', nodeVersion: '' } });
  assert(results !== null, 'a run that nothing stops reaches its horizon');
  return results;
}

/** What was sold to best effort and taken, in percent of the cluster: says which resource ended first. */
function soldText({ summary }: RunResults): string {
  const cpu = `${summary.batchRequestedMeanPercent.toFixed(1)} of ${summary.batchSoldMeanPercent.toFixed(1)} %`;
  const mem = `${summary.batchMemRequestedMeanPercent.toFixed(1)} of ${summary.batchMemSoldMeanPercent.toFixed(1)} %`;
  return `Taken of what was sold: CPU ${cpu}, memory ${mem}.`;
}

/** p99 of services, weighted by their requests, after the warm-up. */
function meanP99(results: RunResults): number {
  const { serviceHours } = results.tables;
  const { hour, requests, waitMsP99 } = serviceHours.columns;
  const firstHour = Math.ceil((results.plan as Plan).warmUpMs / 3_600_000);
  let sum = 0;
  let weight = 0;
  for (let row = 0; row < serviceHours.rows; row++) {
    if (Number(hour[row]) < firstHour) continue;
    sum += Number(requests[row]) * Number(waitMsP99[row]);
    weight += Number(requests[row]);
  }
  return sum / weight;
}

function numberOf(setup: BandRow['setup'], key: string): number {
  const value = setup[key];
  assert(typeof value === 'number', `the set-up states ${key}`);
  return value;
}

function numbersOf(setup: BandRow['setup'], key: string): readonly number[] {
  const value = setup[key];
  assert(Array.isArray(value), `the set-up states ${key}`);
  return value as readonly number[];
}
