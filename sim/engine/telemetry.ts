/**
 * What policies get to see: rings of per-window usage, averaged as a node report averages them, and the columns of HostSignals.
 *
 * A report at time t covers the windows that ended in (t - aggregateMs, t]; the node's own loops see the window that has just begun,
 * because they run every second inside it.
 */
import type { HostHistory, HostSignals, TaskSignals } from '../../policies/ports.ts';
import { type Cluster, taskRowsOnHost } from '../cluster/apply.ts';
import { TIER } from '../cluster/hosts.ts';
import { TASK_STATE } from '../cluster/tasks.ts';
import type { HostWindow } from './host-sweep.ts';

/** Five-minute samples kept for predictors: a day. */
const HISTORY_SAMPLES = 288;
const HISTORY_SAMPLE_MS = 300_000;

type Writable<T> = { -readonly [K in keyof T]: T[K] };
/** Columns that a policy may find absent and a run always has. */
type Given = 'hpUnreportedMilliCpu' | 'hpUnreportedMemBytes' | 'freeRequestMilliCpu' | 'freeRequestMemBytes';
export type WritableSignals = Writable<Omit<HostSignals, 'history' | Given>> &
  Writable<Required<Pick<HostSignals, Given>>> & { history: Writable<HostHistory> };

export interface Telemetry {
  readonly windowsInReport: number;
  /** [windows pushed so far] */
  readonly pushed: Float64Array;
  /** Rings, row-major window x host. */
  readonly hpMilliCpu: Float64Array;
  readonly nodeMilliCpu: Float64Array;
  readonly hpMemBytes: Float64Array;
  readonly nodeMemBytes: Float64Array;
  /** Requests of online pods that started since the last report: they have no metric yet. */
  readonly freshHpMilliCpu: Float64Array;
  readonly freshHpMemBytes: Float64Array;
  /** Use of LSE and LSR pods in the window under way, and in those of a report; without rows where no pod owns CPUs. */
  readonly lseMilliCpu: Float64Array;
  readonly lsrMilliCpu: Float64Array;
  readonly lseWindows: Float64Array;
  readonly lsrWindows: Float64Array;
  /** What best effort used and might have used, windows newest last, as long as eviction by satisfaction looks back. */
  readonly evictWindows: number;
  readonly beMilliCpu: Float64Array;
  readonly beLimitMilliCpu: Float64Array;
  readonly nodeUseMilliCpu: Float64Array;
  readonly signals: WritableSignals;
}

/** Telemetry for a cluster; `aggregateMs` is at least one window; `evictWindowMs` shorter than a window means the last one; tasks of `containerTier` are no pods, -1 = none. */
export function createTelemetry(
  cluster: Cluster,
  aggregateMs: number,
  windowMs: number,
  evictWindowMs = windowMs,
  containerTier = -1,
): Telemetry {
  const { hosts } = cluster;
  const n = hosts.count;
  const windowsInReport = Math.max(1, Math.round(aggregateMs / windowMs));
  const ring = () => new Float64Array(windowsInReport * n);
  const evictWindows = Math.max(1, Math.round(evictWindowMs / windowMs));
  const ownsCpus = hosts.cpus.owner.length > 0;
  const f = (kept = true) => new Float64Array(kept ? n : 0);
  const signals: WritableSignals = {
    count: n,
    nowMs: 0,
    sampledAtMs: f().fill(-1),
    up: hosts.up,
    capacityMilliCpu: hosts.capacityMilliCpu,
    capacityMemBytes: hosts.capacityMemBytes,
    cpuNormalizationRatio: hosts.cpuNormalizationRatio,
    cpuAmplificationRatio: hosts.cpuAmplificationRatio,
    reservedMilliCpu: hosts.reservedMilliCpu,
    reservedMemBytes: hosts.reservedMemBytes,
    reportedNodeMilliCpu: f(),
    reportedNodeMemBytes: f(),
    reportedSystemMilliCpu: f(),
    reportedSystemMemBytes: f(),
    reportedHpMilliCpu: f(),
    reportedHpMemBytes: f(),
    reportedHpMaxUsedRequestMilliCpu: f(),
    reportedHpMaxUsedRequestMemBytes: f(),
    hpRequestMilliCpu: f(),
    hpRequestMemBytes: f(),
    hpUnreportedMilliCpu: f(),
    hpUnreportedMemBytes: f(),
    ...(ownsCpus
      ? {
          lseCpus: hosts.cpus.lseCpus,
          lsrCpus: hosts.cpus.lsrCpus,
          lseUnusedMilliCpu: f(),
          lsrUnusedMilliCpu: f(),
          lastOwnCpusMilliCpu: f(),
        }
      : {}),
    ...(hosts.zones.soldMilliCpu.length === 0
      ? {}
      : {
          zones: {
            firstZone: hosts.zones.firstZone,
            lseCpus: new Int32Array(hosts.zones.soldMilliCpu.length),
            lsrCpus: new Int32Array(hosts.zones.soldMilliCpu.length),
            publishedMilliCpu: hosts.zones.soldMilliCpu,
            publishedMemBytes: hosts.zones.soldMemBytes,
          },
        }),
    lastNonBeMilliCpu: f(),
    lastSystemMilliCpu: hosts.systemMilliCpu,
    lastNodeMemBytes: f(),
    lastBeMilliCpu: f(),
    beRequestMilliCpu: f(),
    beRequestMemBytes: f(),
    beLimitMilliCpu: f(),
    averageBeMilliCpu: f(),
    averageBeLimitMilliCpu: f(),
    publishedBatchMilliCpu: hosts.soldMilliCpu.subarray(TIER.batch * n, (TIER.batch + 1) * n),
    publishedBatchMemBytes: hosts.soldMemBytes.subarray(TIER.batch * n, (TIER.batch + 1) * n),
    publishedMidMilliCpu: hosts.soldMilliCpu.subarray(TIER.mid * n, (TIER.mid + 1) * n),
    publishedMidMemBytes: hosts.soldMemBytes.subarray(TIER.mid * n, (TIER.mid + 1) * n),
    publishedAtMs: hosts.publishedAtMs,
    prodRequestMilliCpu: hosts.allocatedMilliCpu.subarray(0, n),
    prodRequestMemBytes: hosts.allocatedMemBytes.subarray(0, n),
    midRequestMilliCpu: hosts.allocatedMilliCpu.subarray(TIER.mid * n, (TIER.mid + 1) * n),
    midRequestMemBytes: hosts.allocatedMemBytes.subarray(TIER.mid * n, (TIER.mid + 1) * n),
    freeRequestMilliCpu: hosts.allocatedMilliCpu.subarray(TIER.free * n, (TIER.free + 1) * n),
    freeRequestMemBytes: hosts.allocatedMemBytes.subarray(TIER.free * n, (TIER.free + 1) * n),
    beQuotaUs: hosts.beQuotaUs,
    hpLimitMilliCpu: hosts.allocatedMilliCpu.subarray(0, n),
    history: {
      sampleMs: HISTORY_SAMPLE_MS,
      capacity: HISTORY_SAMPLES,
      length: 0,
      newest: -1,
      usedMilliCpu: new Float64Array(n * HISTORY_SAMPLES),
      limitMilliCpu: new Float64Array(n * HISTORY_SAMPLES),
    },
    tasks: new TaskColumns(cluster, containerTier),
  };
  return {
    windowsInReport,
    pushed: new Float64Array(1),
    hpMilliCpu: ring(),
    nodeMilliCpu: ring(),
    hpMemBytes: ring(),
    nodeMemBytes: ring(),
    freshHpMilliCpu: f(),
    freshHpMemBytes: f(),
    lseMilliCpu: f(ownsCpus),
    lsrMilliCpu: f(ownsCpus),
    lseWindows: ownsCpus ? ring() : f(false),
    lsrWindows: ownsCpus ? ring() : f(false),
    evictWindows,
    beMilliCpu: new Float64Array(evictWindows * n),
    beLimitMilliCpu: new Float64Array(evictWindows * n),
    nodeUseMilliCpu: new Float64Array(evictWindows * n),
    signals,
  };
}

/** The task columns as policies see them; getters, because the table's columns are replaced when it grows. */
class TaskColumns implements TaskSignals {
  readonly maxRowsPerHost = 4096;
  private readonly cluster: Cluster;
  private readonly containerTier: number;

  constructor(cluster: Cluster, containerTier: number) {
    this.cluster = cluster;
    this.containerTier = containerTier;
  }

  rowsOnHost(host: number, out: Int32Array): number {
    const { state, tier } = this.cluster.tasks;
    const n = taskRowsOnHost(this.cluster, host, out);
    let running = 0;
    for (let i = 0; i < n; i++)
      if (state[out[i]] === TASK_STATE.running && tier[out[i]] !== this.containerTier) out[running++] = out[i];
    return running;
  }

  get priority() {
    return this.cluster.tasks.priority;
  }

  get requestMilliCpu() {
    return this.cluster.tasks.requestMilliCpu;
  }

  get requestMemBytes() {
    return this.cluster.tasks.requestMemBytes;
  }

  get usedMilliCpu() {
    return this.cluster.tasks.demandMilliCpu;
  }

  get usedMemBytes() {
    return this.cluster.tasks.usedMemBytes;
  }

  get startedAtMs() {
    return this.cluster.tasks.startedAtMs;
  }
}

/** Averages the rings into the reported columns; nothing is reported before a window has ended. */
export function report(telemetry: Telemetry, cluster: Cluster, away: Uint8Array | null, nowMs: number): void {
  const { signals: s, windowsInReport } = telemetry;
  const { hosts } = cluster;
  const n = hosts.count;
  const filled = Math.min(telemetry.pushed[0], windowsInReport);
  if (filled === 0) return;
  const { hpMilliCpu, nodeMilliCpu, hpMemBytes, nodeMemBytes, freshHpMilliCpu, freshHpMemBytes } = telemetry;
  for (let host = 0; host < n; host++) {
    // A dead host sends no report, also before the control plane has noticed.
    if (hosts.up[host] === 0 || hosts.outages[host] > 0 || (away !== null && away[host] === 1)) continue;
    let hpCpu = 0;
    let nodeCpu = 0;
    let hpMem = 0;
    let nodeMem = 0;
    for (let w = 0, at = host; w < filled; w++, at += n) {
      hpCpu += hpMilliCpu[at];
      nodeCpu += nodeMilliCpu[at];
      hpMem += hpMemBytes[at];
      nodeMem += nodeMemBytes[at];
    }
    hpCpu = Math.trunc(hpCpu / filled);
    hpMem = Math.trunc(hpMem / filled);
    s.sampledAtMs[host] = nowMs;
    s.reportedNodeMilliCpu[host] = Math.trunc(nodeCpu / filled);
    s.reportedNodeMemBytes[host] = Math.trunc(nodeMem / filled);
    s.reportedSystemMilliCpu[host] = hosts.systemMilliCpu[host];
    s.reportedSystemMemBytes[host] = hosts.systemMemBytes[host];
    s.reportedHpMilliCpu[host] = hpCpu + freshHpMilliCpu[host];
    s.reportedHpMemBytes[host] = hpMem + freshHpMemBytes[host];
    // Pod by pod max(request, usage) needs a pass over pods; requests exceed usage for all but a few, so the host's sum of
    // requests (or its usage, where that is larger) stands for it. Error: the excess of pods above their request.
    const hpRequestCpu = hosts.allocatedMilliCpu[host] + s.midRequestMilliCpu[host];
    const hpRequestMem = hosts.allocatedMemBytes[host] + s.midRequestMemBytes[host];
    // Pods without metrics are not in it.
    s.reportedHpMaxUsedRequestMilliCpu[host] = Math.max(hpRequestCpu - freshHpMilliCpu[host], hpCpu);
    s.reportedHpMaxUsedRequestMemBytes[host] = Math.max(hpRequestMem - freshHpMemBytes[host], hpMem);
    s.hpUnreportedMilliCpu[host] = freshHpMilliCpu[host];
    s.hpUnreportedMemBytes[host] = freshHpMemBytes[host];
    s.hpRequestMilliCpu[host] = hpRequestCpu;
    s.hpRequestMemBytes[host] = hpRequestMem;
    freshHpMilliCpu[host] = 0;
    freshHpMemBytes[host] = 0;
  }
  if (nowMs % HISTORY_SAMPLE_MS === 0) pushHistory(telemetry, n);
}

function pushHistory(telemetry: Telemetry, n: number): void {
  const { signals } = telemetry;
  const { history } = signals;
  history.newest = (history.newest + 1) % HISTORY_SAMPLES;
  history.length = Math.min(HISTORY_SAMPLES, history.length + 1);
  for (let host = 0; host < n; host++) {
    history.usedMilliCpu[host * HISTORY_SAMPLES + history.newest] = signals.reportedHpMilliCpu[host];
    history.limitMilliCpu[host * HISTORY_SAMPLES + history.newest] = signals.hpLimitMilliCpu[host];
  }
}

/**
 * Instructions per cycle of a host's services over what they are alone: 1 / slowdown of the window that has ended.
 *
 * Approximation: the plain mean over all latency classes, whoever runs there; a class that is not there differs from the others by the
 * share of cache and memory in its slowdown. Shape: slowdown host x class, out a row a host.
 */
export function senseIpc(slowdown: Float64Array, classes: number, out: Float64Array): void {
  for (let host = 0, at = 0; host < out.length; host++) {
    let sum = 0;
    for (let end = at + classes; at < end; at++) sum += 1 / slowdown[at];
    out[host] = sum / classes;
  }
}

/** What the node's own loops see as the window begins: its demand, its memory, and what best effort asks for. */
export function senseNode(telemetry: Telemetry, cluster: Cluster, window: HostWindow, nowMs: number): void {
  const { signals: s } = telemetry;
  const { hosts } = cluster;
  const n = hosts.count;
  const at = (telemetry.pushed[0] % telemetry.evictWindows) * n;
  const filled = Math.min(telemetry.pushed[0] + 1, telemetry.evictWindows);
  s.nowMs = nowMs;
  const { lseMilliCpu, lsrMilliCpu } = telemetry;
  const { lastOwnCpusMilliCpu: ownCpus, averageNodeMilliCpu: averageNode } = s;
  if (ownCpus !== undefined) for (let host = 0; host < n; host++) ownCpus[host] = lseMilliCpu[host] + lsrMilliCpu[host];
  for (let host = 0; host < n; host++) {
    s.lastNonBeMilliCpu[host] = window.onlineMilliCpu[host];
    s.lastBeMilliCpu[host] = window.bestEffortMilliCpu[host];
    telemetry.beMilliCpu[at + host] = window.bestEffortMilliCpu[host];
    telemetry.beLimitMilliCpu[at + host] = s.beLimitMilliCpu[host];
    s.averageBeMilliCpu[host] = meanOf(telemetry.beMilliCpu, host, n, filled);
    s.averageBeLimitMilliCpu[host] = meanOf(telemetry.beLimitMilliCpu, host, n, filled);
    telemetry.nodeUseMilliCpu[at + host] =
      s.lastNonBeMilliCpu[host] + s.lastSystemMilliCpu[host] + s.lastBeMilliCpu[host];
    if (averageNode !== undefined) averageNode[host] = meanOf(telemetry.nodeUseMilliCpu, host, n, filled);
    s.lastNodeMemBytes[host] = hosts.onlineMemBytes[host] + hosts.beMemBytes[host] + hosts.systemMemBytes[host];
    s.beRequestMilliCpu[host] = hosts.allocatedMilliCpu[TIER.batch * n + host];
    s.beRequestMemBytes[host] = hosts.allocatedMemBytes[TIER.batch * n + host];
    s.hpRequestMilliCpu[host] = hosts.allocatedMilliCpu[host] + s.midRequestMilliCpu[host];
    s.hpRequestMemBytes[host] = hosts.allocatedMemBytes[host] + s.midRequestMemBytes[host];
  }
}

/** Books a finished split into the rings. */
export function pushWindow(telemetry: Telemetry, cluster: Cluster, window: HostWindow): void {
  const { hosts } = cluster;
  const n = hosts.count;
  const at = (telemetry.pushed[0] % telemetry.windowsInReport) * n;
  for (let host = 0; host < n; host++) {
    const online = window.onlineGrantedMilliCpu[host];
    // Tasks of the mid class are best effort to the kernel and high priority to the formula that sells batch.
    const midDemand = hosts.midDemandMilliCpu[host];
    const mid = midDemand > 0 ? (window.bestEffortMilliCpu[host] * midDemand) / hosts.beDemandMilliCpu[host] : 0;
    telemetry.hpMilliCpu[at + host] = online + mid;
    telemetry.nodeMilliCpu[at + host] = online + hosts.systemMilliCpu[host] + window.bestEffortMilliCpu[host];
    telemetry.hpMemBytes[at + host] = hosts.onlineMemBytes[host] + hosts.midMemBytes[host];
    telemetry.nodeMemBytes[at + host] =
      hosts.onlineMemBytes[host] + hosts.beMemBytes[host] + hosts.systemMemBytes[host];
  }
  if (telemetry.lseMilliCpu.length > 0) {
    telemetry.lseWindows.set(telemetry.lseMilliCpu, at);
    telemetry.lsrWindows.set(telemetry.lsrMilliCpu, at);
  }
  telemetry.pushed[0]++;
}

/** Mean of the first `rows` rows of a ring; the ring is full or was filled from its first row, so order does not matter. */
function meanOf(ring: Float64Array, host: number, hosts: number, rows: number): number {
  if (rows === 1) return ring[host];
  let sum = 0;
  for (let row = 0, at = host; row < rows; row++, at += hosts) sum += ring[at];
  return sum / rows;
}

/**
 * K5 off: the metrics of a pod that left its host are dropped. Its newest use is taken out of the windows it ran in, which stands for
 * the use it had in each of them (error: how much it had moved since).
 */
export function dropEndedPod(
  telemetry: Telemetry,
  hosts: number,
  host: number,
  windows: number,
  milliCpu: number,
  memBytes: number,
): void {
  const { pushed, windowsInReport, hpMilliCpu, hpMemBytes } = telemetry;
  const most = Math.min(windows, pushed[0], windowsInReport);
  for (let back = 1; back <= most; back++) {
    const at = ((pushed[0] - back) % windowsInReport) * hosts + host;
    hpMilliCpu[at] = Math.max(0, hpMilliCpu[at] - milliCpu);
    hpMemBytes[at] = Math.max(0, hpMemBytes[at] - memBytes);
  }
}
