/**
 * Physics of a host in a fragment replay: how its CPU is shared now, and energy and utilisation integrated exactly between changes.
 *
 * Sharing is max-min with equal weights. CPU is in MHz, as fragments are; energy = sum of watts x ms between changes.
 */
import { type Cluster, taskRowsOnHost } from '../../sim/cluster/apply.ts';
import { fill } from '../../sim/host/max-min.ts';
import { modelWatts } from '../../sim/host/power-models.ts';

/** Hosts of a replay, row a host. */
export interface ReplayHosts {
  readonly count: number;
  readonly cores: Int32Array;
  readonly coreMhz: Float64Array;
  readonly memBytes: Float64Array;
  readonly powerModel: Uint8Array;
  readonly idleWatts: Float64Array;
  readonly maxWatts: Float64Array;
}

export interface HostMeters {
  readonly hosts: ReplayHosts;
  readonly use: Float64Array;
  readonly watts: Float64Array;
  readonly metAtMs: Float64Array;
  readonly wattMs: Float64Array;
  readonly useMs: Float64Array;
  /** Row a task. */
  readonly demandMhz: Float64Array;
  readonly grantMhz: Float64Array;
  readonly rows: Int32Array;
  readonly demand: Float64Array;
  readonly weight: Float64Array;
  readonly scratch: Int32Array;
  readonly grant: Float64Array;
}

/** The most tasks one host may share. */
const MAX_TASKS_PER_HOST = 4096;

/** Meters at time 0, every host idle. */
export function createHostMeters(hosts: ReplayHosts, taskCount: number): HostMeters {
  return {
    hosts,
    use: new Float64Array(hosts.count),
    watts: Float64Array.from(hosts.powerModel, (model, h) =>
      modelWatts(model, hosts.idleWatts[h], hosts.maxWatts[h], 0),
    ),
    metAtMs: new Float64Array(hosts.count),
    wattMs: new Float64Array(hosts.count),
    useMs: new Float64Array(hosts.count),
    demandMhz: new Float64Array(taskCount),
    grantMhz: new Float64Array(taskCount),
    rows: new Int32Array(MAX_TASKS_PER_HOST),
    demand: new Float64Array(MAX_TASKS_PER_HOST),
    weight: new Float64Array(MAX_TASKS_PER_HOST).fill(1),
    scratch: new Int32Array(MAX_TASKS_PER_HOST),
    grant: new Float64Array(MAX_TASKS_PER_HOST),
  };
}

/** Integrates a host up to now. */
export function meterHost(meters: HostMeters, host: number, nowMs: number): void {
  const elapsed = nowMs - meters.metAtMs[host];
  if (elapsed === 0) return;
  meters.wattMs[host] += meters.watts[host] * elapsed;
  meters.useMs[host] += meters.use[host] * elapsed;
  meters.metAtMs[host] = nowMs;
}

/** Integrates every host up to now. */
export function meterAll(meters: HostMeters, nowMs: number): void {
  for (let host = 0; host < meters.hosts.count; host++) meterHost(meters, host, nowMs);
}

/** Shares the host's CPU again after a demand changed; grants are written to grantMhz. Returns how many tasks share, rows in meters.rows. */
export function shareHost(meters: HostMeters, cluster: Cluster, host: number, nowMs: number): number {
  meterHost(meters, host, nowMs);
  const { hosts, demandMhz, grantMhz, rows } = meters;
  const capacity = hosts.cores[host] * hosts.coreMhz[host];
  const n = taskRowsOnHost(cluster, host, rows);
  let used = 0;
  if (n === 1) {
    const wanted = demandMhz[rows[0]];
    used = wanted < capacity ? wanted : capacity;
    grantMhz[rows[0]] = used;
  } else {
    const { demand, weight, scratch, grant } = meters;
    for (let i = 0; i < n; i++) demand[i] = demandMhz[rows[i]];
    fill(capacity, demand, weight, 0, n, scratch, grant);
    for (let i = 0; i < n; i++) {
      grantMhz[rows[i]] = grant[i];
      used += grant[i];
    }
  }
  const use = used / capacity;
  meters.use[host] = use;
  meters.watts[host] = modelWatts(hosts.powerModel[host], hosts.idleWatts[host], hosts.maxWatts[host], use);
  return n;
}

/** Joules of all hosts so far. */
export function joules(meters: HostMeters): number {
  let sum = 0;
  for (let host = 0; host < meters.hosts.count; host++) sum += meters.wattMs[host];
  return sum / 1000;
}
