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
import { DECISION, type Decisions, EVICT_REASON } from '../../policies/ports.ts';
import { publish, publishZone } from '../cluster/apply.ts';
import { noteAllChanged, TIER } from '../cluster/hosts.ts';
import { noiseLossCpus } from '../host/suppress-transient.ts';
import { moveAgentsTo } from './agent-gaps.ts';
import type { Engine } from './engine.ts';
import { loseStarvedExecutors, noteStarvedHosts } from './executors.ts';
import { sweepHealth } from './health-checks.ts';
import { sweepIo } from './host-io.ts';
import { sweepHosts } from './host-sweep.ts';
import { sweepLateness } from './lateness.ts';
import { evictTask } from './lifecycle.ts';
import { rampTasks } from './memory-ramp.ts';
import { slowBestEffort, sweepMemory } from './memory-sweep.ts';
import { evictUnderPressure } from './node-pressure.ts';
import { sweepDemand } from './online.ts';
import { killOutOfMemory } from './oom.ts';
import { reportOwnCpus, reportZones, sweepOwnCpus } from './own-cpus.ts';
import { growPods, killAtLimits } from './pod-memory.ts';
import { pushPodWindow, refreshPods } from './pod-samples.ts';
import { speedUpAll } from './progress.ts';
import { moveFlapsTo } from './rack-flaps.ts';
import { speculate } from './speculation.ts';
import { SUPPRESS_LOOP_MS } from './suppress-loop.ts';
import { pushWindow, report, senseIpc, senseNode } from './telemetry.ts';
import { limitPod } from './throttling-state.ts';
import { pushUsage, readReports } from './usage-windows.ts';
import { dealLoad } from './versions.ts';
import { recordWindow } from './window-record.ts';

const CFS_PERIOD_US = 100_000;

/** Runs the window that begins at `nowMs`. */
export function runTick(engine: Engine, nowMs: number): void {
  const { plan, cluster, online, hostWindow, hostModel, latency, telemetry } = engine;
  engine.nextTickMs = nowMs + plan.windowMs;
  dealLoad(engine);
  if (engine.agentGaps !== null) moveAgentsTo(engine.agentGaps, nowMs);
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
  if (engine.podMemory !== null) growPods(engine, engine.podMemory, nowMs);
  if (engine.memoryRamp !== null) rampTasks(engine, engine.memoryRamp, nowMs);
  senseNode(telemetry, cluster, hostWindow, nowMs);
  if (nowMs > 0 && nowMs % plan.koordinator.reportMs === 0) {
    report(telemetry, cluster, engine.agentGaps?.isAway ?? null, nowMs);
    reportOwnCpus(engine, nowMs - plan.koordinator.reportMs);
    reportZones(engine);
    if (engine.podSamples !== null) refreshPods(engine.podSamples, cluster.tasks, engine.demandAhead, nowMs);
    if (telemetry.signals.hpRelativeIpc !== undefined)
      senseIpc(hostWindow.slowdown, hostModel.classCount, telemetry.signals.hpRelativeIpc);
    runPolicies(engine, 'report', nowMs);
    refreshEstimates(engine, nowMs);
  }
  if (engine.throttling?.isAsked === true && engine.podSamples !== null)
    refreshPods(engine.podSamples, cluster.tasks, null, nowMs);
  runPolicies(engine, 'node-loop', nowMs);
  const { parameters } = hostModel;
  const qosFactor = plan.physics.memoryQos === true ? parameters.memoryQosFactor : 1;
  const cacheShare = hostModel.isolation.kata?.reclaimableShare ?? 1;
  if (!engine.isLean) {
    sweepMemory(cluster.hosts, telemetry.signals.lastNodeMemBytes, parameters, qosFactor, cacheShare, engine.memory);
    killOutOfMemory(engine, nowMs);
    if (engine.podMemory !== null) killAtLimits(engine, engine.podMemory, nowMs);
    evictUnderPressure(engine, nowMs);
  }
  if (engine.execution !== null) loseStarvedExecutors(engine, engine.execution, nowMs);
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
  if (engine.io !== null) sweepIo(engine, engine.io);
  if (engine.execution !== null) noteStarvedHosts(engine, engine.execution, nowMs);
  if (engine.rackFlaps !== null) moveFlapsTo(engine.rackFlaps, nowMs, plan.windowMs);
  sweepLateness(engine, nowMs);
  if (engine.healthChecks !== null) sweepHealth(engine, engine.healthChecks, nowMs);
  speedUpAll(engine, nowMs);
  if (engine.execution !== null) speculate(engine, engine.execution, nowMs);
  pushWindow(telemetry, cluster, hostWindow);
  if (engine.placement !== null && engine.placement.usage !== null)
    pushUsage(engine.placement.usage, cluster, hostWindow);
  if (engine.podSamples !== null) pushPodWindow(engine.podSamples, online, cluster.tasks, latency.rateCv);
  recordWindow(engine, nowMs);
}

/** Asks every policy of this moment and applies what it decides, in order. */
function runPolicies(engine: Engine, moment: 'report' | 'node-loop', nowMs: number): void {
  const { policies, decisions, telemetry } = engine;
  for (const active of policies) {
    if (active.policy.moment !== moment) continue;
    decisions.count = 0;
    active.policy.decide(telemetry.signals, active.config, active.state, decisions);
    if (moment === 'node-loop' && engine.agentGaps !== null) dropDecisionsOf(decisions, engine.agentGaps.isAway);
    applyDecisions(engine, decisions, nowMs);
  }
}

/** Takes out what the loops of hosts would do whose agents are away; the others keep their order. */
function dropDecisionsOf(decisions: Decisions, away: Uint8Array): void {
  let kept = 0;
  for (let i = 0; i < decisions.count; i++) {
    if (away[decisions.host[i]] === 1) continue;
    decisions.kind[kept] = decisions.kind[i];
    decisions.host[kept] = decisions.host[i];
    decisions.task[kept] = decisions.task[i];
    decisions.a[kept] = decisions.a[i];
    decisions.b[kept] = decisions.b[i];
    kept++;
  }
  decisions.count = kept;
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
      case DECISION.publishBatchZone:
        publishZone(cluster, host, decisions.task[i], decisions.a[i], decisions.b[i], nowMs);
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
      case DECISION.migrate: {
        const row = decisions.task[i];
        if (tasks.host[row] !== host) fail(`a policy moves task row ${row} off host ${host}, where it does not run`);
        if (engine.plane.migrate === undefined) evictTask(engine, row, nowMs, EVICT_REASON.rebalanced);
        else engine.plane.migrate(row, decisions.a[i], decisions.b[i], nowMs);
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
