/** What a window leaves behind: its row in the recorder, its share in the hosts' hours, and its line in the digest. */
import { BYTES_PER_MIB, MS_PER_HOUR, MS_PER_MINUTE } from '../../policies/base/units.ts';
import { loadAwareKeepsOff } from '../../policies/koordinator/load-aware-hosts.ts';
import { TIER } from '../cluster/hosts.ts';
import { countInState, TASK_KIND, TASK_STATE } from '../cluster/tasks.ts';
import { isStarved } from '../host/best-effort.ts';
import { powerWatts, workFraction } from '../host/power.ts';
import { mix } from '../kernel/digest.ts';
import type { PlacementView } from '../planes/kubernetes/placement.ts';
import type { Engine } from './engine.ts';
import { closeEventWindow } from './event-physics.ts';
import { fragmentedMilli, gpuMilli } from './gpu-record.ts';
import { OPEN } from './recorder.ts';

/** Writes the window's row and adds to the hosts' hours. End-of-window columns are filled by closeWindow. */
export function recordWindow(engine: Engine, nowMs: number): void {
  const { plan, cluster, recorder, hostWindow, hostModel, latencySums, powerCurve, hostWatts } = engine;
  const { hosts } = cluster;
  const n = hosts.count;
  const w = recorder.windows;
  const at = recorder.cursor[0];
  const hour = Math.floor(nowMs / MS_PER_HOUR);
  const minutes = plan.windowMs / MS_PER_MINUTE;
  const warm = nowMs >= recorder.warmUpMs;
  const coreAware = plan.physics.corePlacement === 'core-aware';
  const { smtYield, starvedShare } = hostModel.parameters;
  let capacity = 0;
  let online = 0;
  let best = 0;
  let system = 0;
  let work = 0;
  let sold = 0;
  let requested = 0;
  let suppressed = 0;
  let suppressedHosts = 0;
  let memCapacity = 0;
  let memOnline = 0;
  let memBest = 0;
  let memSystem = 0;
  let memCache = 0;
  let memSold = 0;
  let memRequested = 0;
  let watts = 0;
  let down = 0;
  for (let host = 0; host < n; host++) {
    if (hosts.up[host] === 0 || hosts.outages[host] > 0) {
      down++;
      continue;
    }
    const cpu = hosts.capacityMilliCpu[host];
    const mem = hosts.capacityMemBytes[host];
    const batch = TIER.batch * n + host;
    const hostOnline = hostWindow.onlineGrantedMilliCpu[host];
    const hostBest = hostWindow.bestEffortMilliCpu[host];
    const hostMem = hosts.onlineMemBytes[host] + hosts.beMemBytes[host] + hosts.systemMemBytes[host];
    const fraction = workFraction(hostWindow.busy[host], smtYield, coreAware, hostModel.threadsPerCore[host]);
    capacity += cpu;
    online += hostOnline;
    best += hostBest;
    system += hosts.systemMilliCpu[host];
    work += fraction * cpu;
    sold += hosts.soldMilliCpu[batch];
    requested += hosts.allocatedMilliCpu[batch];
    memCapacity += mem;
    memOnline += hosts.onlineMemBytes[host];
    memBest += hosts.beMemBytes[host];
    memSystem += hosts.systemMemBytes[host];
    memCache += engine.memory.pageCacheBytes[host];
    memSold += hosts.soldMemBytes[batch];
    memRequested += hosts.allocatedMemBytes[batch];
    watts += powerWatts(powerCurve, hostWatts.idle[host], hostWatts.max[host], fraction);
    const cell = hour * n + host;
    recorder.hostOnline[cell] += hostOnline / cpu;
    recorder.hostBestEffort[cell] += hostBest / cpu;
    recorder.hostMem[cell] += hostMem / mem;
    recorder.hostViolating[cell] += hostWindow.lateRequests[host];
    if (hostWindow.bestEffortShare[host] < 1) {
      suppressed += hosts.beDemandMilliCpu[host] - hostBest;
      suppressedHosts++;
      recorder.hostSuppressedMs[cell] += minutes;
      if (isStarved(hostBest, hosts.beRunningRequestMilliCpu[host], starvedShare))
        recorder.hostStarvedMinutes[cell] += minutes;
    }
    if (warm) strand(engine, host, batch);
  }
  if (warm) recorder.strandedSamples[0]++;
  w.timeMs[at] = nowMs;
  w.capacityMilliCpu[at] = capacity;
  w.onlineUsedMilliCpu[at] = online;
  w.bestEffortUsedMilliCpu[at] = best;
  w.systemUsedMilliCpu[at] = system;
  w.workUtilisation[at] = capacity > 0 ? work / capacity : 0;
  w.batchSoldMilliCpu[at] = sold;
  w.batchRequestedMilliCpu[at] = requested;
  w.suppressedMilliCpu[at] = suppressed;
  w.suppressedHosts[at] = suppressedHosts;
  w.capacityMemMib[at] = memCapacity / BYTES_PER_MIB;
  w.onlineUsedMemMib[at] = memOnline / BYTES_PER_MIB;
  w.bestEffortUsedMemMib[at] = memBest / BYTES_PER_MIB;
  w.systemUsedMemMib[at] = memSystem / BYTES_PER_MIB;
  w.pageCacheMemMib[at] = memCache / BYTES_PER_MIB;
  w.reclaimHosts[at] = engine.memory.hostCounts[0];
  w.batchSoldMemMib[at] = memSold / BYTES_PER_MIB;
  w.batchRequestedMemMib[at] = memRequested / BYTES_PER_MIB;
  w.requests[at] = latencySums.requests;
  w.violatingRequests[at] = latencySums.violating;
  w.violatingRequestsAlone[at] = latencySums.violatingAlone;
  w.powerWatts[at] = watts;
  w.hostsDown[at] = down;
  if (engine.gpuRecord !== null) {
    const [gpuCapacity, gpuAllocated, gpuRunning] = gpuMilli(cluster);
    w.gpuCapacityMilli[at] = gpuCapacity;
    w.gpuAllocatedMilli[at] = gpuAllocated;
    w.gpuRunningMilli[at] = gpuRunning;
    w.gpuFragmentedMilli[at] = fragmentedMilli(engine.gpuRecord, cluster);
  }
  recorder.windowsInHour[hour]++;
  mix(cluster.digest, nowMs, Math.floor(online), Math.floor(best), Math.floor(latencySums.violating));
}

/** The free sold capacity of one resource that cannot be bound because the other is used up (less than the smallest pod: 1 core or 1 GiB). */
function strand(engine: Engine, host: number, batch: number): void {
  const { recorder, cluster } = engine;
  const { hosts } = cluster;
  const freeCpu = hosts.soldMilliCpu[batch] - hosts.allocatedMilliCpu[batch];
  const freeMem = hosts.soldMemBytes[batch] - hosts.allocatedMemBytes[batch];
  if (freeCpu >= STRANDED_MILLI_CPU && freeMem < STRANDED_MEM_BYTES) recorder.strandedMilliCpu[host] += freeCpu;
  if (freeMem >= STRANDED_MEM_BYTES && freeCpu < STRANDED_MILLI_CPU) recorder.strandedMemBytes[host] += freeMem;
}

const STRANDED_MILLI_CPU = 1_000;
const STRANDED_MEM_BYTES = 1_073_741_824;

/** Fills the columns that hold for the end of the window now open, and opens the next. */
export function closeWindow(engine: Engine): void {
  const { cluster, recorder, placement } = engine;
  const { tasks } = cluster;
  const w = recorder.windows;
  const at = recorder.cursor[0];
  if (engine.exact !== null) closeEventWindow(engine, engine.exact);
  w.onlinePodsRunning[at] = countInState(tasks, TASK_KIND.online, TASK_STATE.running);
  w.onlinePodsPending[at] = countInState(tasks, TASK_KIND.online, TASK_STATE.pending);
  w.bestEffortRunning[at] = countInState(tasks, TASK_KIND.bestEffort, TASK_STATE.running);
  w.bestEffortPending[at] = countInState(tasks, TASK_KIND.bestEffort, TASK_STATE.pending);
  w.evictedMemory[at] = recorder.open[OPEN.evictedMemory];
  w.evictedCpu[at] = recorder.open[OPEN.evictedCpu];
  w.oomKills[at] = recorder.open[OPEN.oomKills];
  w.refusedHosts[at] = placement === null ? 0 : refusedHosts(engine, placement.view);
  recorder.open.fill(0, 0, OPEN.failures);
  recorder.cursor[0]++;
}

/** Hosts that load-aware scheduling refuses by its last reports. */
function refusedHosts(engine: Engine, view: PlacementView): number {
  const { hosts } = engine.cluster;
  const { rules } = view;
  let refused = 0;
  for (let host = 0; host < hosts.count; host++) {
    if (view.load !== undefined) {
      const cpu = hosts.capacityMilliCpu[host];
      if (loadAwareKeepsOff(view.load, hosts.shape[host], host, false, 0, 0, cpu, hosts.capacityMemBytes[host]))
        refused++;
      continue;
    }
    const cpu = Math.floor((view.estimatedMilliCpu[host] / hosts.capacityMilliCpu[host]) * 100 + 0.5);
    const mem = Math.floor((view.estimatedMemBytes[host] / hosts.capacityMemBytes[host]) * 100 + 0.5);
    if (
      (rules.cpuThresholdPercent > 0 && cpu > rules.cpuThresholdPercent) ||
      (rules.memThresholdPercent > 0 && mem > rules.memThresholdPercent)
    )
      refused++;
  }
  return refused;
}
