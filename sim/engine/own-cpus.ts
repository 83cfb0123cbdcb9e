/**
 * What pods with CPUs of their own do to the rest of a host: how much of what they own they use, what batch may not count on, and what nobody else may run on.
 *
 * Idle CPUs of LSE pods are closed to everybody. Approximations: idle CPUs of LSR pods are open to best effort, as upstream, and also to LS pods, which
 * upstream keeps off them (room of LS pods: up to that much too large); the latency of LSR and LSE pods is that of pods on the shared CPUs of the host, though
 * nobody queues before them (too high where neighbours are busy) and they get no more than they own (too low where they need more).
 */
import { CPU_QOS } from '../cluster/cpusets.ts';
import { TASK_STATE } from '../cluster/tasks.ts';
import type { Engine } from './engine.ts';

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
  for (let host = 0; host < hosts.count; host++)
    hostWindow.closedMilliCpu[host] = Math.max(0, 1000 * hosts.cpus.lseCpus[host] - lseMilliCpu[host]);
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
