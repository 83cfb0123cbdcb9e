/**
 * What pods with CPUs of their own do to the rest of a host: how much of what they own they use, what batch may not count on, and what nobody else may run on.
 *
 *   LSE   runs on what it owns, and nobody else does: idle CPUs are closed; no best effort beside its threads, no wait for one (isolation level C)
 *   LSR   runs on what it owns; of others only best effort does, and gives them back as the isolation level says
 *   LS    runs on the rest, with the system and best effort
 *
 * Pods of exclusive CPUs have latency classes of their own: a host's slowdown of class c is that of shared CPUs, c + LATENCY_CLASSES.length that of
 * exclusive ones. Approximations: all LSE pods of a host have their mean busy share as busy siblings (exact for one pod or equal ones); LSR pods see
 * best effort at the density of the whole host, and siblings as pods on shared CPUs do; what cache and memory bandwidth take is the host's for all.
 */

import { LATENCY_CLASSES } from '../../traces/format.ts';
import { CPU_QOS } from '../cluster/cpusets.ts';
import { TASK_STATE } from '../cluster/tasks.ts';
import type { RunCpuRequests } from './cpus-from-plan.ts';
import type { Engine } from './engine.ts';
import type { OnlineState } from './online.ts';

/** Latency classes of a run: twice those of the table where pods own CPUs exclusively. */
export function classCountOf({ table }: RunCpuRequests): number {
  return LATENCY_CLASSES.length * (table.qos.includes(CPU_QOS.LSE, 1) ? 2 : 1);
}

/** Writes which services own CPUs, and the classes of those with exclusive ones. */
export function setOwnCpus(online: OnlineState, { table, ofService }: RunCpuRequests): void {
  for (let s = 0; s < online.services.count; s++) {
    const request = ofService[s];
    online.ownMilliCpu[s] = 1000 * table.cpus[request];
    if (request > 0 && table.qos[request] === CPU_QOS.LSE) online.classOf[s] += LATENCY_CLASSES.length;
  }
}

/** Sums use by class and host for the window that begins, and closes idle CPUs of LSE pods. After the demand is known. */
export function sweepOwnCpus(engine: Engine): void {
  const { telemetry, cluster, cpuRequests, online, hostWindow } = engine;
  const { tasks, hosts } = cluster;
  const { lseMilliCpu, lsrMilliCpu } = telemetry;
  if (lseMilliCpu.length === 0) return;
  lseMilliCpu.fill(0);
  lsrMilliCpu.fill(0);
  for (let s = 0; s < online.services.count; s++) {
    const request = cpuRequests.ofService[s];
    if (request === 0) continue;
    const used = cpuRequests.table.qos[request] === CPU_QOS.LSE ? lseMilliCpu : lsrMilliCpu;
    for (let row = online.firstPod[s]; row < online.firstPod[s + 1]; row++)
      if (tasks.state[row] === TASK_STATE.running) used[tasks.host[row]] += online.usedMilliCpu[row];
  }
  const { closedMilliCpu, lsrIdleMilliCpu, exclusiveBusy } = hostWindow;
  for (let host = 0; host < hosts.count; host++) {
    const lse = 1000 * hosts.cpus.lseCpus[host];
    closedMilliCpu[host] = Math.max(0, lse - lseMilliCpu[host]);
    exclusiveBusy[host] = lse > 0 ? lseMilliCpu[host] / lse : 0;
    lsrIdleMilliCpu[host] = Math.max(0, 1000 * hosts.cpus.lsrCpus[host] - lsrMilliCpu[host]);
  }
}

/**
 * Requests of running LSE and LSR pods over their mean use in the windows of the report.
 *
 * Pods that started since the last report count by request already. Approximation: the mean still holds pods that left in between, so that for one
 * aggregation window LSE pods that ended count as nothing instead of by use.
 */
export function reportOwnCpus(engine: Engine, sinceMs: number): void {
  const { telemetry, cluster, cpuRequests, online } = engine;
  const { tasks, hosts } = cluster;
  const { lseUnusedMilliCpu: lse, lsrUnusedMilliCpu: lsr } = telemetry.signals;
  if (lse === undefined || lsr === undefined) return;
  const n = hosts.count;
  const filled = Math.min(telemetry.pushed[0], telemetry.windowsInReport);
  for (let host = 0; host < n; host++) {
    lse[host] = 0;
    lsr[host] = 0;
    for (let w = 0, at = host; w < filled; w++, at += n) {
      lse[host] -= telemetry.lseWindows[at] / filled;
      lsr[host] -= telemetry.lsrWindows[at] / filled;
    }
    lse[host] = Math.trunc(lse[host]);
    lsr[host] = Math.trunc(lsr[host]);
  }
  for (let s = 0; s < online.services.count; s++) {
    const request = cpuRequests.ofService[s];
    if (request === 0) continue;
    const unused = cpuRequests.table.qos[request] === CPU_QOS.LSE ? lse : lsr;
    for (let row = online.firstPod[s]; row < online.firstPod[s + 1]; row++)
      if (tasks.state[row] === TASK_STATE.running && tasks.startedAtMs[row] < sinceMs)
        unused[tasks.host[row]] += tasks.requestMilliCpu[row];
  }
}

/** Counts the CPUs that LSE and LSR pods own in every NUMA zone that sells batch resources. */
export function reportZones({ telemetry, cluster }: Engine): void {
  const { zones: signals } = telemetry.signals;
  const { cpus, count } = cluster.hosts;
  if (signals === undefined) return;
  signals.lseCpus.fill(0);
  signals.lsrCpus.fill(0);
  if (cpus.owner.length === 0) return;
  for (let host = 0; host < count; host++) {
    if (signals.firstZone[host] === signals.firstZone[host + 1]) continue;
    for (let cpu = cpus.firstCpu[host]; cpu < cpus.firstCpu[host + 1]; cpu++) {
      const row = cpus.owner[cpu];
      if (row < 0) continue;
      const isLse = cpus.requests.qos[cluster.tasks.cpuRequest[row]] === CPU_QOS.LSE;
      (isLse ? signals.lseCpus : signals.lsrCpus)[signals.firstZone[host] + cpus.numaNode[cpu]]++;
    }
  }
}
