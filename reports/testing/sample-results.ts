/**
 * Made-up but plausible results of any size, the same on every call: what reports are tested with.
 *
 * The curves have a daily cycle, a squeezed evening, two hot services and one memory incident, so that every chart has
 * something to show. Nothing here is a simulation result.
 */
import { sin } from '../../policies/base/exact-math.ts';
import { clamp } from '../../policies/base/int-math.ts';
import { MS_PER_HOUR } from '../../policies/base/units.ts';
import type { Column, RunResults, Table, TableName } from '../../sim/results/schema.ts';
import { TABLES } from '../../sim/results/schema.ts';
import { summarise } from '../../sim/results/summarise.ts';
import { samplePlan } from './sample-plan.ts';

export interface SampleSize {
  readonly hosts: number;
  readonly hours: number;
  readonly windowMs: number;
  readonly services: number;
  readonly seed: number;
}

export const SMALL_SAMPLE: SampleSize = { hosts: 24, hours: 72, windowMs: 600_000, services: 14, seed: 1 };
export const WEEK_SAMPLE: SampleSize = { hosts: 2000, hours: 168, windowMs: 60_000, services: 300, seed: 1 };

const WARM_UP_MS = 24 * MS_PER_HOUR;
const POPULATIONS = ['transcode', 'analytics', 'backfill'] as const;
const SHAPES = [
  { name: 'c64m256', milliCpu: 64_000, memMib: 262_144 },
  { name: 'c104m384', milliCpu: 104_000, memMib: 393_216 },
  { name: 'c128m512', milliCpu: 128_000, memMib: 524_288 },
] as const;

/** Uniform in [0, 1) from three integers; a multiply-xorshift hash. */
function draw(a: number, b: number, c: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35) ^ Math.imul(c + 77, 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return ((h ^ (h >>> 15)) >>> 0) / 4_294_967_296;
}

/** Online share of capacity at an hour of the run: low at 04:00, high at 20:00, lower at weekends. */
function onlineShare(hour: number): number {
  const weekend = Math.floor(hour / 24) % 7 >= 5 ? 0.9 : 1;
  const day = sin(((hour - 14) / 24) * 6.283185307179586);
  const evening = sin(((hour - 5) / 12) * 6.283185307179586);
  return weekend * (0.27 + 0.1 * day + 0.03 * evening);
}

/** Results of a made-up run. */
export function sampleResults(size: SampleSize = SMALL_SAMPLE): RunResults {
  const tables: RunResults['tables'] = {
    windows: windowsTable(size),
    hostHours: hostHoursTable(size),
    hosts: hostsTable(size),
    serviceHours: serviceHoursTable(size),
    services: servicesTable(size),
    batchHours: batchHoursTable(size),
    populations: fillTable('populations', POPULATIONS.length, (p) => ({
      population: p,
      name: POPULATIONS[p],
      waitMsP50: 4_000 + 9_000 * p,
      waitMsP95: 95_000 + 240_000 * p,
      waitMsP99: 410_000 + 900_000 * p,
      stretchP50: 1.1 + 0.3 * p,
      stretchP95: 1.9 + 0.8 * p,
    })),
  };
  const plan = samplePlan(size, WARM_UP_MS, SHAPES);
  const rows: Record<string, number> = {};
  for (const table of Object.values(tables)) rows[table.name] = table.rows;
  return {
    manifest: {
      format: 'tidemark-run/1',
      name: plan.name,
      planHash: '5b1f0c3ad2e94c77',
      seed: String(size.seed),
      digest: `a41c${size.seed}09be77d2f013`,
      digestPerHour: Array.from({ length: size.hours }, (_, hour) => `h${hour}`),
      tidemarkVersion: '0.1.0',
      nodeVersion: 'v20.19.0',
      events: size.hosts * size.hours * 60,
      tables: rows,
      files: {},
    },
    plan,
    summary: summarise(tables, {
      windowMs: size.windowMs,
      warmUpMs: WARM_UP_MS,
      objectivePercent: plan.slo.objectivePercent,
      cost: plan.cost,
      waitMsP50: 9_000,
      waitMsP95: 214_000,
      tardinessMsP95: 0,
      tenPoints: () => ({ energyCost: 40, avoidedCost: 260 }),
      hostFailures: 3,
    }),
    tables,
    notes: [
      'Online usage is fitted to measured services and scaled to 52 % of CPU requested.',
      'CPU suppression runs every second in production; at 60 s windows its closed-form mean effect is used.',
    ],
  };
}

/** A table from a function of the row; missing columns would leave zeros, so every test of the schema still counts. */
function fillTable<T extends TableName>(
  name: T,
  rows: number,
  rowOf: (row: number) => Readonly<Record<string, number | string>>,
): Table<T> {
  const columns: Record<string, Column> = {};
  for (const spec of TABLES[name]) {
    if (spec.type === 'float64') columns[spec.name] = new Float64Array(rows);
    else if (spec.type === 'int32') columns[spec.name] = new Int32Array(rows);
    else columns[spec.name] = new Array<string>(rows).fill('');
  }
  for (let row = 0; row < rows; row++) {
    for (const [column, value] of Object.entries(rowOf(row))) (columns[column] as (number | string)[])[row] = value;
  }
  return { name, rows, columns: columns as Table<T>['columns'] };
}

function shapeOf(host: number): (typeof SHAPES)[number] {
  return SHAPES[host % 10 < 5 ? 0 : host % 10 < 8 ? 1 : 2];
}

function capacityOf(hosts: number): { readonly milliCpu: number; readonly memMib: number } {
  let milliCpu = 0;
  let memMib = 0;
  for (let host = 0; host < hosts; host++) {
    milliCpu += shapeOf(host).milliCpu;
    memMib += shapeOf(host).memMib;
  }
  return { milliCpu, memMib };
}

function windowsTable(size: SampleSize): Table<'windows'> {
  const capacity = capacityOf(size.hosts);
  const rows = (size.hours * MS_PER_HOUR) / size.windowMs;
  return fillTable('windows', rows, (row) => {
    const hour = (row * size.windowMs) / MS_PER_HOUR;
    const down = draw(size.seed, Math.floor(hour), 5) < 0.03 ? 1 : 0;
    const up = 1 - down / size.hosts;
    const online = onlineShare(hour) + 0.01 * (draw(size.seed, row, 1) - 0.5);
    const sold = Math.max(0, 0.6 - online - 0.03);
    const wanted = 0.29 + 0.05 * sin(hour / 9) + 0.01 * (draw(size.seed, row, 2) - 0.5);
    const requested = Math.min(wanted, sold * 0.995);
    const demand = requested * 0.94;
    const squeeze = clamp((online - 0.34) * 0.9 + 0.01 * draw(size.seed, row, 3), 0, 0.5);
    const bestEffort = demand * (1 - squeeze);
    const incident = hour >= 55 && hour < 57 ? 0.12 : 0;
    const requests = online * capacity.milliCpu * 0.04 * (size.windowMs / 1000);
    const pressure = clamp((online + bestEffort - 0.52) / 0.1, 0, 1);
    const pending = Math.max(0, wanted - sold) * capacity.milliCpu * 0.0006;
    return {
      timeMs: row * size.windowMs,
      capacityMilliCpu: capacity.milliCpu * up,
      onlineUsedMilliCpu: online * capacity.milliCpu,
      bestEffortUsedMilliCpu: bestEffort * capacity.milliCpu,
      systemUsedMilliCpu: 0.03 * capacity.milliCpu,
      workUtilisation: (online + bestEffort + 0.03) * 1.06,
      batchSoldMilliCpu: sold * capacity.milliCpu,
      batchRequestedMilliCpu: requested * capacity.milliCpu,
      suppressedMilliCpu: (demand - bestEffort) * capacity.milliCpu,
      suppressedHosts: Math.round(size.hosts * clamp(squeeze * 4, 0, 1)),
      capacityMemMib: capacity.memMib * up,
      onlineUsedMemMib: 0.41 * capacity.memMib,
      bestEffortUsedMemMib: (bestEffort * 0.55 + incident) * capacity.memMib,
      systemUsedMemMib: 0.04 * capacity.memMib,
      batchSoldMemMib: 0.2 * capacity.memMib,
      batchRequestedMemMib: requested * 0.6 * capacity.memMib,
      requests,
      violatingRequests: requests * (0.0006 + 0.012 * pressure),
      violatingRequestsAlone: requests * (0.0005 + 0.003 * pressure),
      onlinePodsRunning: size.services * 12,
      onlinePodsPending: hour >= 55 && hour < 56 ? 3 : 0,
      bestEffortRunning: Math.round((bestEffort * capacity.milliCpu) / 4000),
      bestEffortPending: Math.round(pending),
      evictedMemory: incident > 0 ? Math.round(size.hosts * 0.02) : draw(size.seed, row, 4) < 0.01 ? 1 : 0,
      evictedCpu: draw(size.seed, row, 6) < 0.02 * (1 + pressure) ? 2 : 0,
      refusedHosts: Math.round(size.hosts * clamp(pressure * 0.1, 0, 1)),
      powerWatts: size.hosts * (160 + 260 * (online + bestEffort + 0.03)),
      hostsDown: down,
      gpuCapacityMilli: 0,
      gpuAllocatedMilli: 0,
      gpuRunningMilli: 0,
      gpuFragmentedMilli: 0,
    };
  });
}

function hostHoursTable(size: SampleSize): Table<'hostHours'> {
  return fillTable('hostHours', size.hosts * size.hours, (row) => {
    const host = Math.floor(row / size.hours);
    const hour = row % size.hours;
    const online = onlineShare(hour) * (0.6 + 0.8 * draw(host, 1, size.seed));
    const bestEffort = Math.min(0.31 * (0.8 + 0.4 * draw(host, hour, 2)), Math.max(0, 0.6 - online));
    const hot = online + bestEffort > 0.59;
    return {
      host,
      hour,
      onlineUtilisation: online,
      bestEffortUtilisation: bestEffort,
      memUtilisation: 0.5 + 0.2 * draw(host, hour, 3),
      suppressedMinutes: hot ? 60 * draw(host, hour, 4) : 0,
      violatingRequests: hot ? 900 * draw(host, hour, 5) : 20,
      evictions: draw(host, hour, 6) < 0.002 ? 1 : 0,
    };
  });
}

function hostsTable(size: SampleSize): Table<'hosts'> {
  return fillTable('hosts', size.hosts, (host) => ({
    host,
    name: `host-${String(host).padStart(5, '0')}`,
    shape: shapeOf(host).name,
    rack: Math.floor(host / 20),
    capacityMilliCpu: shapeOf(host).milliCpu,
    capacityMemMib: shapeOf(host).memMib,
    strandedMilliCpu: shapeOf(host).milliCpu * 0.12 * draw(host, 8, 1) * (host % 10 < 5 ? 1.6 : 0.5),
    strandedMemMib: shapeOf(host).memMib * 0.05 * draw(host, 8, 2),
  }));
}

/** Share of late requests of a service in an hour; services 3 and 7 are hot. */
function lateShare(service: number, hour: number, seed: number): number {
  const heat = service % 50 === 3 ? 9 : service % 50 === 7 ? 5 : 1;
  const load = clamp((onlineShare(hour) - 0.22) / 0.15, 0, 1);
  return clamp(heat * 0.0035 * load * (0.4 + 1.2 * draw(service, hour, seed)), 0, 1);
}

function serviceHoursTable(size: SampleSize): Table<'serviceHours'> {
  return fillTable('serviceHours', size.services * size.hours, (row) => {
    const service = Math.floor(row / size.hours);
    const hour = row % size.hours;
    const requests = 4e5 * onlineShare(hour) * (0.3 + draw(service, 21, 1));
    const share = lateShare(service, hour, size.seed);
    return {
      service,
      hour,
      requests,
      violatingRequests: requests * share,
      violatingRequestsAlone: requests * share * 0.4,
      violatingThrottled: requests * share * 0.05,
      violatingDeadHosts: 0,
      violatingUnplaced: requests * share * (hour >= 55 && hour < 56 ? 0.2 : 0),
      sloMinutes: share > 0.01 ? 60 * clamp(share * 20, 0, 1) : 0,
      waitMsP99: (4 + 30 * draw(service, 22, 1)) * (1 + 20 * share),
      readyReplicas: Math.max(2, Math.round((size.hosts * 11) / size.services)),
    };
  });
}

function servicesTable(size: SampleSize): Table<'services'> {
  const hours = serviceHoursTable(size).columns;
  const numbers = (column: Column): Float64Array => column as Float64Array;
  const firstHour = WARM_UP_MS / MS_PER_HOUR;
  return fillTable('services', size.services, (service) => {
    const sums = { requests: 0, late: 0, alone: 0, sloMinutes: 0, worst: 0, worstHour: firstHour };
    for (let hour = firstHour; hour < size.hours; hour++) {
      const row = service * size.hours + hour;
      sums.requests += numbers(hours.requests)[row];
      sums.late += numbers(hours.violatingRequests)[row];
      sums.alone += numbers(hours.violatingRequestsAlone)[row];
      sums.sloMinutes += numbers(hours.sloMinutes)[row];
      const share = numbers(hours.violatingRequests)[row] / numbers(hours.requests)[row];
      if (share > sums.worst) Object.assign(sums, { worst: share, worstHour: hour });
    }
    return {
      service,
      name: service === 5 ? 'cart <script>alert("x")</script> & co' : `service-${String(service).padStart(3, '0')}`,
      latencyClass: ['interactive', 'rpc', 'storage'][service % 3],
      replicas: Math.max(2, Math.round((size.hosts * 11) / size.services)),
      requestMilliCpu: 4000,
      requestMemMib: 9000,
      targetMs: 20 + 10 * (service % 5),
      designServiceMs: 4,
      requests: sums.requests,
      violatingRequests: sums.late,
      violatingRequestsAlone: sums.alone,
      sloMinutes: sums.sloMinutes,
      worstHourProbability: sums.worst,
      worstHour: sums.worstHour,
    };
  });
}

function batchHoursTable(size: SampleSize): Table<'batchHours'> {
  return fillTable('batchHours', POPULATIONS.length * size.hours, (row) => {
    const population = Math.floor(row / size.hours);
    const hour = row % size.hours;
    const scale = size.hosts * [3, 1.6, 0.4][population];
    const submitted = Math.round(
      scale * (1 + 0.5 * sin(hour / 4 + population)) * (0.8 + 0.4 * draw(population, hour, 1)),
    );
    const squeezed = clamp((onlineShare(hour) - 0.3) / 0.1, 0, 1);
    const evicted = Math.round(scale * 0.004 * (hour === 55 || hour === 56 ? 20 : squeezed));
    const failed = Math.round(scale * 0.006);
    return {
      population,
      hour,
      submitted,
      started: submitted + evicted,
      finished: submitted - (evicted >> 2),
      evicted,
      failed,
      abandoned: evicted >> 4,
      waitMsSum: submitted * (5_000 + 120_000 * squeezed * (1 + population)),
      offeredCoreHours: submitted * 2.4,
      doneCoreHours: submitted * 2.2,
      wastedCoreHours: (evicted + failed) * 1.1,
      deadlinesMet: population === 1 ? Math.round(submitted * 0.97) : 0,
      deadlinesMissed: population === 1 ? Math.round(submitted * 0.03 * squeezed) : 0,
    };
  });
}
