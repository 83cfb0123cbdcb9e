/**
 * What happens to every host once a window, in this order:
 *
 *   online demand -> node reports and report policies -> the node's own loops (suppress, evict) ->
 *   CPU split and contention -> late requests -> progress and new speed of best effort -> record
 *
 * The node's loops run every second in production, so within a window they answer to that window's own demand; their closed form
 * stands between demand and split. Reports are as old and as averaged as the plan says.
 */
import { fail } from '../../policies/base/assert.ts';
import { BYTES_PER_MIB, MS_PER_HOUR, MS_PER_MINUTE } from '../../policies/base/units.ts';
import { loadAwareKeepsOff } from '../../policies/koordinator/load-aware-hosts.ts';
import { DECISION, type Decisions } from '../../policies/ports.ts';
import { publish, taskRowsOnHost } from '../cluster/apply.ts';
import { noteAllChanged, TIER } from '../cluster/hosts.ts';
import { countInState, TASK_KIND, TASK_STATE } from '../cluster/tasks.ts';
import { fill } from '../host/max-min.ts';
import { powerWatts, workFraction } from '../host/power.ts';
import { noiseLossCpus } from '../host/suppress-transient.ts';
import { mix } from '../kernel/digest.ts';
import type { PlacementView } from '../planes/kubernetes/placement.ts';
import type { Engine } from './engine.ts';
import { closeEventWindow } from './event-physics.ts';
import { fragmentedMilli, gpuMilli } from './gpu-record.ts';
import { sweepHosts } from './host-sweep.ts';
import { sweepLateSuppression } from './late-suppression.ts';
import { sweepLatency } from './latency-sweep.ts';
import { evictTask, scheduleFinish } from './lifecycle.ts';
import { slowBestEffort, sweepMemory, sweepMemoryLateness } from './memory-sweep.ts';
import { sweepDemand } from './online.ts';
import { killOutOfMemory } from './oom.ts';
import { reportOwnCpus, sweepOwnCpus } from './own-cpus.ts';
import { pushPodWindow, refreshPods } from './pod-samples.ts';
import { OPEN } from './recorder.ts';
import { SUPPRESS_LOOP_MS } from './suppress-loop.ts';
import { pushWindow, report, senseNode } from './telemetry.ts';
import { limitPod, sweepThrottling } from './throttle-sweep.ts';
import { pushUsage, readReports } from './usage-windows.ts';

const CFS_PERIOD_US = 100_000;

/** Runs the window that begins at `nowMs`. */
export function runTick(engine: Engine, nowMs: number): void {
  const { plan, cluster, online, hostWindow, hostModel, latency, telemetry } = engine;
  engine.nextTickMs = nowMs + plan.windowMs;
  sweepDemand(
    online,
    cluster.tasks,
    nowMs,
    plan.windowMs,
    latency.rateCv,
    hostWindow.slowdown,
    hostModel.classCount,
    hostWindow.onlineMilliCpu,
    hostWindow.onlineVariance,
  );
  sweepOwnCpus(engine);
  senseNode(telemetry, cluster, hostWindow, nowMs);
  if (nowMs > 0 && nowMs % plan.koordinator.reportMs === 0) {
    report(telemetry, cluster, nowMs);
    reportOwnCpus(engine, nowMs - plan.koordinator.reportMs);
    if (engine.podSamples !== null) refreshPods(engine.podSamples, cluster.tasks, engine.demandAhead, nowMs);
    runPolicies(engine, 'report', nowMs);
    refreshEstimates(engine, nowMs);
  }
  if (engine.throttling?.isAsked === true && engine.podSamples !== null)
    refreshPods(engine.podSamples, cluster.tasks, null, nowMs);
  runPolicies(engine, 'node-loop', nowMs);
  const { parameters } = hostModel;
  const qosFactor = plan.physics.memoryQos === true ? parameters.memoryQosFactor : 1;
  if (!engine.isLean) {
    sweepMemory(cluster.hosts, telemetry.signals.lastNodeMemBytes, parameters, qosFactor, engine.memory);
    killOutOfMemory(engine, nowMs);
  }
  limitBestEffort(engine);
  sweepHosts(
    cluster.hosts,
    hostModel,
    telemetry.signals.beLimitMilliCpu,
    engine.beLossMilliCpu,
    engine.withCuts,
    hostWindow,
  );
  slowBestEffort(engine.memory, hostWindow);
  sweepLatency(
    online,
    cluster.tasks,
    hostWindow,
    hostModel,
    latency,
    nowMs,
    plan.windowMs,
    engine.recorder,
    engine.latencySums,
  );
  sweepLateSuppression(
    online,
    cluster.tasks,
    hostWindow,
    hostModel.classCount,
    parameters.suppressExcessSeconds,
    latency,
    nowMs,
    plan.windowMs,
    engine.recorder,
    engine.latencySums,
  );
  sweepMemoryLateness(
    engine.memory,
    online,
    cluster.tasks,
    hostWindow,
    hostModel.classCount,
    parameters,
    latency,
    nowMs,
    plan.windowMs,
    engine.recorder,
    engine.latencySums,
  );
  if (engine.throttling !== null)
    sweepThrottling(
      engine.throttling,
      online,
      cluster.tasks,
      hostWindow,
      hostModel,
      nowMs,
      plan.windowMs,
      engine.recorder,
      engine.latencySums,
    );
  speedUpAll(engine, nowMs);
  pushWindow(telemetry, cluster, hostWindow);
  if (engine.placement !== null && engine.placement.usage !== null)
    pushUsage(engine.placement.usage, cluster, hostWindow);
  if (engine.podSamples !== null) pushPodWindow(engine.podSamples, online, cluster.tasks, latency.rateCv);
  record(engine, nowMs);
}

/** Asks every policy of this moment and applies what it decides, in order. */
function runPolicies(engine: Engine, moment: 'report' | 'node-loop', nowMs: number): void {
  const { policies, decisions, telemetry } = engine;
  for (const active of policies) {
    if (active.policy.moment !== moment) continue;
    decisions.count = 0;
    active.policy.decide(telemetry.signals, active.config, active.state, decisions);
    applyDecisions(engine, decisions, nowMs);
  }
}

/** Applies decisions through `apply`; a decision about a task that is gone is an error of the policy. */
export function applyDecisions(engine: Engine, decisions: Decisions, nowMs: number): void {
  const { cluster } = engine;
  const { hosts, tasks } = cluster;
  for (let i = 0; i < decisions.count; i++) {
    const host = decisions.host[i];
    switch (decisions.kind[i]) {
      case DECISION.publishBatch:
        publish(cluster, host, TIER.batch, decisions.a[i], decisions.b[i], nowMs);
        break;
      case DECISION.publishMid:
        publish(cluster, host, TIER.mid, decisions.a[i], decisions.b[i], nowMs);
        break;
      case DECISION.publishFree:
        publish(cluster, host, TIER.free, decisions.a[i], decisions.b[i], nowMs);
        break;
      case DECISION.limitBestEffort:
        hosts.beQuotaUs[host] = decisions.a[i];
        break;
      case DECISION.evict: {
        const row = decisions.task[i];
        if (tasks.host[row] !== host) fail(`a policy evicts task row ${row} from host ${host}, where it does not run`);
        evictTask(engine, row, nowMs, decisions.a[i]);
        break;
      }
      case DECISION.limitPod:
        if (engine.throttling === null) fail('a policy limits pods, and does not say that it needs throttling');
        limitPod(engine.throttling, tasks, decisions.task[i], decisions.a[i], decisions.b[i]);
        break;
      default:
        fail(`decision of unknown kind ${decisions.kind[i]}`);
    }
  }
}

/** Load-aware scheduling sees the new reports; the plane adds what it has placed since. */
function refreshEstimates(engine: Engine, nowMs: number): void {
  const { placement, telemetry, cluster } = engine;
  if (placement === null) {
    engine.plane.onReports(nowMs);
    return;
  }
  const { view, usage } = placement;
  const { signals } = telemetry;
  if (view.load !== undefined && usage !== null) {
    const { aggregateMs, loadAware } = engine.plan.koordinator;
    readReports(view.load, usage, signals, aggregateMs, loadAware?.aggregateDurationsMs ?? []);
    engine.plane.onReports(nowMs);
    // Hosts refused at the end of the window are counted by these columns.
    for (let host = 0; host < cluster.hosts.count; host++) {
      view.estimatedMilliCpu[host] = view.load.nodeMilliCpu[host] + view.load.deltaMilliCpu[host];
      view.estimatedMemBytes[host] = view.load.nodeMemBytes[host] + view.load.deltaMemBytes[host];
    }
    noteAllChanged(cluster.hosts.changes);
    return;
  }
  for (let host = 0; host < cluster.hosts.count; host++) {
    view.estimatedMilliCpu[host] = signals.reportedNodeMilliCpu[host];
    view.estimatedMemBytes[host] = signals.reportedNodeMemBytes[host];
    view.reportExpired[host] = signals.sampledAtMs[host] >= 0 && nowMs - signals.sampledAtMs[host] >= 180_000 ? 1 : 0;
  }
  noteAllChanged(cluster.hosts.changes);
  engine.plane.onReports(nowMs);
}

/** What quota leaves to best effort, and what the loop's way back costs it where the window hides the loop. */
function limitBestEffort(engine: Engine): void {
  const { cluster, telemetry, hostWindow, beLossMilliCpu, plan, hostModel } = engine;
  const { hosts } = cluster;
  const limit = telemetry.signals.beLimitMilliCpu;
  const growth = hostModel.parameters.suppressGrowthFraction;
  for (let host = 0; host < hosts.count; host++) {
    const capacity = hosts.capacityMilliCpu[host];
    const quotaUs = hosts.beQuotaUs[host];
    // Best effort's CPUs are never those of LSE pods.
    const owned = 1000 * hosts.cpus.lseCpus[host];
    limit[host] = quotaUs < 0 ? capacity : (quotaUs * 1000) / CFS_PERIOD_US;
    if (owned > 0 && limit[host] > capacity - owned) limit[host] = capacity - owned;
    beLossMilliCpu[host] =
      quotaUs < 0 || plan.windowMs <= SUPPRESS_LOOP_MS
        ? 0
        : 1000 * noiseLossCpus(Math.sqrt(hostWindow.onlineVariance[host]) / 1000, capacity / 1000, growth);
  }
}

/**
 * Books the progress of every running best-effort task up to now, sets its speed for the window and schedules the ends that come
 * inside it.
 */
function speedUpAll(engine: Engine, nowMs: number): void {
  const { hostWindow, cluster } = engine;
  const { tasks, hosts } = cluster;
  const { bestEffortShare, bestEffortSpeed } = hostWindow;
  const { host: hostOf, speed, leftMs, bookedAtMs, runningRows, runningCount } = tasks;
  const spanMs = engine.nextTickMs - nowMs;
  for (let i = 0; i < runningCount; i++) {
    const row = runningRows[i];
    const left = leftMs[row] - (nowMs - bookedAtMs[row]) * speed[row];
    leftMs[row] = left > 0 ? left : 0;
    bookedAtMs[row] = nowMs;
    const host = hostOf[row];
    if (bestEffortShare[host] < 1) continue;
    const now = bestEffortSpeed[host];
    speed[row] = now;
    if (left < now * spanMs) scheduleFinish(engine, row, nowMs);
  }
  for (let host = 0; host < hosts.count; host++) if (bestEffortShare[host] < 1) shareAmongTasks(engine, host, nowMs);
}

const shareDemand = new Float64Array(4096);
const shareWeight = new Float64Array(4096);
const shareGrant = new Float64Array(4096);
const shareScratch = new Int32Array(4096);

/** Where best effort gets less than it wants, its tasks share it by request: weighted max-min, weight = batch-cpu request. */
function shareAmongTasks(engine: Engine, host: number, nowMs: number): void {
  const { cluster, rows, hostWindow } = engine;
  const { tasks } = cluster;
  const n = taskRowsOnHost(cluster, host, rows);
  let running = 0;
  for (let i = 0; i < n; i++) {
    const row = rows[i];
    if (tasks.state[row] !== TASK_STATE.running) continue;
    rows[running] = row;
    shareDemand[running] = tasks.demandMilliCpu[row];
    shareWeight[running] = tasks.requestMilliCpu[row] + 1;
    running++;
  }
  fill(hostWindow.bestEffortMilliCpu[host], shareDemand, shareWeight, 0, running, shareScratch, shareGrant);
  for (let i = 0; i < running; i++) {
    const row = rows[i];
    const demand = shareDemand[i];
    tasks.speed[row] = demand > 0 ? (shareGrant[i] / demand) * hostWindow.bestEffortSpeed[host] : 0;
    scheduleFinish(engine, row, nowMs);
  }
}

/** Writes the window's row and adds to the hosts' hours. End-of-window columns are filled by closeWindow. */
function record(engine: Engine, nowMs: number): void {
  const { plan, cluster, recorder, hostWindow, hostModel, latencySums, powerCurve, hostWatts } = engine;
  const { hosts } = cluster;
  const n = hosts.count;
  const w = recorder.windows;
  const at = recorder.cursor[0];
  const hour = Math.floor(nowMs / MS_PER_HOUR);
  const minutes = plan.windowMs / MS_PER_MINUTE;
  const warm = nowMs >= recorder.warmUpMs;
  const coreAware = plan.physics.corePlacement === 'core-aware';
  const smtYield = hostModel.parameters.smtYield;
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
