/** A finished run as tables, summary and manifest. */
import { BYTES_PER_MIB } from '../../policies/base/units.ts';
import { LATENCY_CLASSES } from '../../traces/format.ts';
import { TIER } from '../cluster/hosts.ts';
import { type MarginalUse, marginalUse, powerWatts, workFraction } from '../host/power.ts';
import { digestText, digestTextPerHour } from '../kernel/digest.ts';
import { createHistogram, type QuantileHistogram, quantile } from '../kernel/quantile-histogram.ts';
import { type Column, type Manifest, type RunResults, TABLES, type Table, type TableName } from '../results/schema.ts';
import { summarise } from '../results/summarise.ts';
import type { Engine } from './engine.ts';
import { oversoldNotes } from './oversold-notes.ts';
import { BATCH_COLUMNS, OPEN } from './recorder.ts';

/** What the engine cannot know of itself. */
export interface RunIdentity {
  readonly planHash: string;
  readonly tidemarkVersion: string;
  readonly nodeVersion: string;
  /** Set when the run went on from the snapshot of another. */
  readonly continuedFrom?: Manifest['continuedFrom'];
}

/** Builds the tables of a run that has ended. `notes` go into the report as they are. */
export function resultsOf(engine: Engine, identity: RunIdentity, notes: readonly string[]): RunResults {
  const { plan, recorder, cluster } = engine;
  const populations = engine.intake.source.populations;
  const hostHours = hostHourTable(engine);
  const serviceHours = serviceHourTable(engine);
  const tables: RunResults['tables'] = {
    windows: table('windows', recorder.cursor[0], trimmed(recorder.windows, recorder.cursor[0])),
    hostHours,
    hosts: hostTable(engine),
    serviceHours,
    services: serviceTable(engine),
    batchHours: table('batchHours', populations.length * recorder.hours, {
      ...Object.fromEntries(
        BATCH_COLUMNS.map((name) => [name, recorder.batch[name].slice(0, populations.length * recorder.hours)]),
      ),
      population: outerRow(populations.length, recorder.hours),
      hour: innerRow(populations.length, recorder.hours),
    }),
    populations: table('populations', populations.length, {
      population: Int32Array.from(populations, (_, p) => p),
      name: populations.map((population) => population.name),
      waitMsP50: Float64Array.from(populations, (_, p) => zeroIfEmpty(quantile(recorder.waits[p], 0.5))),
      waitMsP95: Float64Array.from(populations, (_, p) => zeroIfEmpty(quantile(recorder.waits[p], 0.95))),
      waitMsP99: Float64Array.from(populations, (_, p) => zeroIfEmpty(quantile(recorder.waits[p], 0.99))),
      stretchP50: Float64Array.from(populations, (_, p) => zeroIfEmpty(quantile(recorder.stretches[p], 0.5))),
      stretchP95: Float64Array.from(populations, (_, p) => zeroIfEmpty(quantile(recorder.stretches[p], 0.95))),
      tardinessMsP50: Float64Array.from(populations, (_, p) => zeroIfEmpty(quantile(recorder.tardiness[p], 0.5))),
      tardinessMsP95: Float64Array.from(populations, (_, p) => zeroIfEmpty(quantile(recorder.tardiness[p], 0.95))),
      tardinessMsP99: Float64Array.from(populations, (_, p) => zeroIfEmpty(quantile(recorder.tardiness[p], 0.99))),
      slackMsP05: Float64Array.from(populations, (_, p) => zeroIfEmpty(quantile(recorder.slack[p], 0.05))),
    }),
  };
  const allWaits = mergeAll(recorder.waits);
  const summary = summarise(tables, {
    windowMs: plan.windowMs,
    warmUpMs: plan.warmUpMs,
    objectivePercent: plan.slo.objectivePercent,
    cost: plan.cost,
    shapeCapex: new Map(
      plan.cluster.shapes.flatMap((s) => (s.capexPerHost === undefined ? [] : [[s.name, s.capexPerHost]])),
    ),
    waitMsP50: zeroIfEmpty(quantile(allWaits, 0.5)),
    waitMsP95: zeroIfEmpty(quantile(allWaits, 0.95)),
    tardinessMsP95: zeroIfEmpty(quantile(mergeAll(recorder.tardiness), 0.95)),
    hostFailures: recorder.open[OPEN.failures],
    tenPoints: (meanUse) => tenPointsOf(engine, meanUse),
  });
  return {
    manifest: {
      format: 'tidemark-run/1',
      name: plan.name,
      planHash: identity.planHash,
      seed: plan.seed,
      digest: digestText(cluster.digest),
      digestPerHour: digestTextPerHour(cluster.digest),
      tidemarkVersion: identity.tidemarkVersion,
      nodeVersion: identity.nodeVersion,
      events: engine.events,
      tables: Object.fromEntries(Object.values(tables).map((t) => [t.name, t.rows])),
      files: {},
      ...(identity.continuedFrom === undefined ? {} : { continuedFrom: identity.continuedFrom }),
    },
    plan,
    summary,
    tables,
    notes: [...notes, ...oversoldNotes(plan, summary, tables.hostHours)],
  };
}

/** Ten more points of CPU use of the mean host, at the cluster's mean use. */
function tenPointsOf({ plan, powerCurve, hostModel }: Engine, meanUse: number): MarginalUse {
  const { cluster, cost, physics } = plan;
  const { smtYield } = hostModel.parameters;
  const hosts = cluster.shapes.reduce((sum, shape) => sum + shape.count, 0);
  const sum = { energyCost: 0, avoidedCost: 0 };
  for (const shape of cluster.shapes) {
    const capex = shape.capexPerHost ?? cost.capexPerHost;
    const one = marginalUse(
      meanUse,
      (use) => workFraction(use, smtYield, physics.corePlacement === 'core-aware', shape.threadsPerCore),
      (use) => powerWatts(powerCurve, shape.idleWatts, shape.maxWatts, use),
      capex * (1 / cost.lifetimeYears + cost.yearlyOverheadPercent / 100),
      cost.pue,
      cost.pricePerKwh,
    );
    sum.energyCost += (one.energyCost * shape.count) / hosts;
    sum.avoidedCost += (one.avoidedCost * shape.count) / hosts;
  }
  return sum;
}

/** A table whose integer columns are typed as the schema says. */
function table<T extends TableName>(name: T, rows: number, columns: Record<string, Column>): Table<T> {
  const typed: Record<string, Column> = {};
  for (const spec of TABLES[name]) {
    const column = columns[spec.name];
    typed[spec.name] = spec.type === 'int32' && column instanceof Float64Array ? Int32Array.from(column) : column;
  }
  return { name, rows, columns: typed as Table<T>['columns'] };
}

function trimmed(columns: Readonly<Record<string, Float64Array>>, rows: number): Record<string, Column> {
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column.slice(0, rows)]));
}

/** 0 0 0 1 1 1 ...: the outer row of a table of `outer` x `inner`. */
function outerRow(outer: number, inner: number): Int32Array {
  const column = new Int32Array(outer * inner);
  for (let o = 0; o < outer; o++) column.fill(o, o * inner, (o + 1) * inner);
  return column;
}

/** 0 1 2 0 1 2 ...: the inner row. */
function innerRow(outer: number, inner: number): Int32Array {
  const column = new Int32Array(outer * inner);
  for (let at = 0; at < column.length; at++) column[at] = at % inner;
  return column;
}

function dividedBy(column: Float64Array, divisor: number): Float64Array {
  const quotients = new Float64Array(column.length);
  for (let row = 0; row < column.length; row++) quotients[row] = column[row] / divisor;
  return quotients;
}

/** Sums over counts; 0 where nothing was counted. */
function means(sums: Float64Array, counts: ArrayLike<number>): Float64Array {
  const of = new Float64Array(sums.length);
  for (let row = 0; row < sums.length; row++) of[row] = counts[row] > 0 ? sums[row] / counts[row] : 0;
  return of;
}

/** The hours from `firstHour` on summed for each row. */
function hourSum(column: Float64Array, rows: number, hours: number, firstHour: number): Float64Array {
  const sums = new Float64Array(rows);
  for (let row = 0; row < rows; row++) for (let h = firstHour; h < hours; h++) sums[row] += column[row * hours + h];
  return sums;
}

function zeroIfEmpty(value: number): number {
  return Number.isNaN(value) ? 0 : value;
}

function mergeAll(histograms: readonly QuantileHistogram[]): QuantileHistogram {
  const all = createHistogram();
  for (const histogram of histograms) for (let b = 0; b < all.length; b++) all[b] += histogram[b];
  return all;
}

/** Sums over an hour's windows become means. */
function hourMean(sums: Float64Array, outer: number, hours: number, windowsInHour: Int32Array): Float64Array {
  const means = new Float64Array(outer * hours);
  for (let o = 0; o < outer; o++)
    for (let h = 0; h < hours; h++)
      means[o * hours + h] = windowsInHour[h] > 0 ? sums[o * hours + h] / windowsInHour[h] : 0;
  return means;
}

/** A column recorded hour by hour, turned so that the hours of a host stand together. */
function byHost(recorded: Float64Array, hosts: number, hours: number): Float64Array {
  const turned = new Float64Array(hosts * hours);
  for (let host = 0; host < hosts; host++)
    for (let hour = 0; hour < hours; hour++) turned[host * hours + hour] = recorded[hour * hosts + host];
  return turned;
}

function hostHourTable(engine: Engine): Table<'hostHours'> {
  const { recorder, cluster } = engine;
  const n = cluster.hosts.count;
  const { hours, windowsInHour } = recorder;
  return table('hostHours', n * hours, {
    host: outerRow(n, hours),
    hour: innerRow(n, hours),
    onlineUtilisation: hourMean(byHost(recorder.hostOnline, n, hours), n, hours, windowsInHour),
    bestEffortUtilisation: hourMean(byHost(recorder.hostBestEffort, n, hours), n, hours, windowsInHour),
    memUtilisation: hourMean(byHost(recorder.hostMem, n, hours), n, hours, windowsInHour),
    suppressedMinutes: byHost(recorder.hostSuppressedMs, n, hours),
    starvedMinutes: byHost(recorder.hostStarvedMinutes, n, hours),
    violatingRequests: byHost(recorder.hostViolating, n, hours),
    evictions: recorder.hostEvictions,
  });
}

function hostTable(engine: Engine): Table<'hosts'> {
  const { recorder, cluster, plan } = engine;
  const { hosts } = cluster;
  const samples = Math.max(1, recorder.strandedSamples[0]);
  const width = String(hosts.count - 1).length;
  return table('hosts', hosts.count, {
    host: Int32Array.from({ length: hosts.count }, (_, host) => host),
    name: Array.from({ length: hosts.count }, (_, host) => `host-${String(host).padStart(width, '0')}`),
    shape: Array.from({ length: hosts.count }, (_, host) => plan.cluster.shapes[hosts.shape[host]].name),
    rack: hosts.rack.slice(),
    capacityMilliCpu: hosts.capacityMilliCpu.slice(),
    capacityMemMib: dividedBy(hosts.capacityMemBytes, BYTES_PER_MIB),
    strandedMilliCpu: dividedBy(recorder.strandedMilliCpu, samples),
    strandedMemMib: dividedBy(dividedBy(recorder.strandedMemBytes, samples), BYTES_PER_MIB),
  });
}

function serviceHourTable(engine: Engine): Table<'serviceHours'> {
  const { recorder, online } = engine;
  const n = online.services.count;
  const { hours } = recorder;
  return table('serviceHours', n * hours, {
    service: outerRow(n, hours),
    hour: innerRow(n, hours),
    requests: recorder.serviceRequests,
    violatingRequests: recorder.serviceViolating,
    violatingRequestsAlone: recorder.serviceViolatingAlone,
    violatingThrottled: recorder.serviceViolatingThrottled,
    violatingDeadHosts: recorder.serviceViolatingDead,
    violatingUnplaced: recorder.serviceViolatingUnplaced,
    violatingMemory: recorder.serviceViolatingMemory,
    violatingContention: recorder.serviceViolatingContention,
    violatingSuppression: recorder.serviceViolatingSuppression,
    sloMinutes: recorder.serviceSloMinutes,
    waitMsP99: means(recorder.serviceP99Sum, recorder.serviceP99Samples),
    readyReplicas: hourMean(recorder.serviceReady, n, hours, recorder.windowsInHour),
  });
}

function serviceTable(engine: Engine): Table<'services'> {
  const { recorder, online, latency } = engine;
  const { services } = online;
  const n = services.count;
  const { hours } = recorder;
  const firstHour = Math.ceil(recorder.warmUpMs / 3_600_000);
  const worstProbability = new Float64Array(n);
  const worstHour = new Int32Array(n);
  for (let s = 0; s < n; s++)
    for (let h = firstHour; h < hours; h++) {
      const requests = recorder.serviceRequests[s * hours + h];
      const share = requests > 0 ? recorder.serviceViolating[s * hours + h] / requests : 0;
      if (share > worstProbability[s]) {
        worstProbability[s] = share;
        worstHour[s] = h;
      }
    }

  return table('services', n, {
    service: Int32Array.from({ length: n }, (_, s) => s),
    name: services.names,
    latencyClass: Array.from(services.latencyClass, (c) => LATENCY_CLASSES[c]),
    replicas: services.replicas,
    requestMilliCpu: services.requestMilliCpu,
    requestMemMib: dividedBy(services.requestMemBytes, BYTES_PER_MIB),
    targetMs: Float64Array.from(latency.target, (target) => target.targetMs),
    designServiceMs: latency.workMs,
    requests: hourSum(recorder.serviceRequests, n, hours, firstHour),
    violatingRequests: hourSum(recorder.serviceViolating, n, hours, firstHour),
    violatingRequestsAlone: hourSum(recorder.serviceViolatingAlone, n, hours, firstHour),
    sloMinutes: hourSum(recorder.serviceSloMinutes, n, hours, firstHour),
    worstHourProbability: worstProbability,
    worstHour,
  });
}

/** Sold batch CPU of one host; a convenience for tests. */
export function soldBatchMilliCpu(engine: Engine, host: number): number {
  return engine.cluster.hosts.soldMilliCpu[TIER.batch * engine.cluster.hosts.count + host];
}
