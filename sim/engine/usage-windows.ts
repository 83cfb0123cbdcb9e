/**
 * What whole hosts and their prod pods used, window by window, for the usages that node reports aggregate over 5, 10 and 30 minutes.
 *
 * Koordinator aggregates one-second samples; here a sample is the mean of a window, so percentiles miss what happens inside a
 * window: with windows of 60 s they come out low by up to the difference between peak and mean of a minute.
 */
import { type LoadAwareHosts, REPORT } from '../../policies/koordinator/load-aware-hosts.ts';
import type { AggregationChoice } from '../../policies/koordinator/load-aware-plugin.ts';
import { USAGE_TYPES } from '../../policies/koordinator/usage-aggregate.ts';
import type { HostSignals } from '../../policies/ports.ts';
import type { Cluster } from '../cluster/apply.ts';
import type { HostWindow } from './host-sweep.ts';

export interface UsageWindows {
  readonly windowMs: number;
  /** Windows kept. */
  readonly room: number;
  /** [windows pushed so far] */
  readonly pushed: Float64Array;
  /** Rings, row-major window x host. */
  readonly nodeMilliCpu: Float64Array;
  readonly nodeMemBytes: Float64Array;
  readonly prodMilliCpu: Float64Array;
  readonly prodMemBytes: Float64Array;
  /** Room to sort a span in. */
  readonly scratch: Float64Array;
}

/** Rings over the longest of the spans that anything asks for. */
export function createUsageWindows(hosts: number, windowMs: number, spansMs: readonly number[]): UsageWindows {
  const room = Math.max(1, ...spansMs.map((spanMs) => Math.round(spanMs / windowMs)));
  const ring = () => new Float64Array(room * hosts);
  return {
    windowMs,
    room,
    pushed: new Float64Array(1),
    nodeMilliCpu: ring(),
    nodeMemBytes: ring(),
    prodMilliCpu: ring(),
    prodMemBytes: ring(),
    scratch: new Float64Array(room),
  };
}

/** Books a finished split. */
export function pushUsage(usage: UsageWindows, cluster: Cluster, window: HostWindow): void {
  const { hosts } = cluster;
  const n = hosts.count;
  const at = (usage.pushed[0] % usage.room) * n;
  for (let host = 0; host < n; host++) {
    const online = window.onlineGrantedMilliCpu[host];
    usage.prodMilliCpu[at + host] = online;
    usage.prodMemBytes[at + host] = hosts.onlineMemBytes[host];
    usage.nodeMilliCpu[at + host] = online + hosts.systemMilliCpu[host] + window.bestEffortMilliCpu[host];
    usage.nodeMemBytes[at + host] = hosts.onlineMemBytes[host] + hosts.beMemBytes[host] + hosts.systemMemBytes[host];
  }
  usage.pushed[0]++;
}

/** Mean of a ring over the newest `spanMs` of one host, cut to whole units; 0 before the first window. */
export function meanUsage(usage: UsageWindows, ring: Float64Array, host: number, spanMs: number): number {
  const n = ring.length / usage.room;
  const windows = Math.min(usage.pushed[0], usage.room, Math.max(1, Math.round(spanMs / usage.windowMs)));
  let sum = 0;
  for (let back = 1; back <= windows; back++) sum += ring[((usage.pushed[0] - back) % usage.room) * n + host];
  return windows === 0 ? 0 : Math.trunc(sum / windows);
}

/**
 * One aggregated usage of a host; NaN where the report has no such window.
 *
 *   average: trunc(mean) ; percentile p: sorted[max(0, trunc(float32(n) x p) - 1)]
 *
 * A span of which less than half is sampled is left out of a report. Without a duration the longest reported span counts.
 * `reportedMs` are the durations that reports carry. Source: Koordinator koordlet, states nodemetric.
 */
export function aggregatedUsage(
  usage: UsageWindows,
  ring: Float64Array,
  host: number,
  choice: AggregationChoice,
  reportedMs: readonly number[],
): number {
  const sampledMs = usage.pushed[0] * usage.windowMs;
  const isReported = (spanMs: number) => sampledMs * 2 >= spanMs && usage.pushed[0] > 0;
  let spanMs = 0;
  for (const reported of reportedMs)
    if ((choice.durationMs === 0 ? reported > spanMs : reported === choice.durationMs) && isReported(reported))
      spanMs = reported;
  if (spanMs === 0) return Number.NaN;
  const p = USAGE_TYPES[choice.type];
  if (p === undefined) return meanUsage(usage, ring, host, spanMs);
  const n = ring.length / usage.room;
  const windows = Math.min(usage.pushed[0], usage.room, Math.max(1, Math.round(spanMs / usage.windowMs)));
  for (let back = 1; back <= windows; back++)
    usage.scratch[back - 1] = ring[((usage.pushed[0] - back) % usage.room) * n + host];
  const sorted = usage.scratch.subarray(0, windows).sort();
  return Math.trunc(sorted[Math.max(0, Math.trunc(Math.fround(Math.fround(windows) * Math.fround(p))) - 1)]);
}

/**
 * Brings the columns of load-aware scheduling up to the newest reports. A host without a new report keeps its old figures and
 * expires by their age.
 */
export function readReports(
  load: LoadAwareHosts,
  usage: UsageWindows,
  signals: HostSignals,
  reportSpanMs: number,
  durationsMs: readonly number[],
): void {
  const n = signals.count;
  for (let host = 0; host < n; host++) {
    const reportedAtMs = signals.sampledAtMs[host];
    if (reportedAtMs < 0) {
      load.report[host] = REPORT.none;
      continue;
    }
    const { reportExpirationMs } = load.config;
    const isExpired = reportExpirationMs > 0 && signals.nowMs - reportedAtMs >= reportExpirationMs;
    load.report[host] = isExpired ? REPORT.expired : REPORT.fresh;
    if (reportedAtMs !== signals.nowMs) continue;
    load.nodeMilliCpu[host] = signals.reportedNodeMilliCpu[host];
    load.nodeMemBytes[host] = signals.reportedNodeMemBytes[host];
    load.systemMilliCpu[host] = signals.reportedSystemMilliCpu[host];
    load.systemMemBytes[host] = signals.reportedSystemMemBytes[host];
    load.prodMilliCpu[host] = meanUsage(usage, usage.prodMilliCpu, host, reportSpanMs);
    load.prodMemBytes[host] = meanUsage(usage, usage.prodMemBytes, host, reportSpanMs);
    for (let c = 0; c < load.choices.length; c++) {
      const choice = load.choices[c];
      load.aggregatedMilliCpu[c * n + host] = aggregatedUsage(usage, usage.nodeMilliCpu, host, choice, durationsMs);
      load.aggregatedMemBytes[c * n + host] = aggregatedUsage(usage, usage.nodeMemBytes, host, choice, durationsMs);
    }
  }
}
