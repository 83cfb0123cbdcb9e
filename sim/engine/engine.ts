/**
 * The state of one run and how it is built from a plan and a workload. `run.ts` moves it.
 */
import { assert, fail } from '../../policies/base/assert.ts';
import { MS_PER_HOUR } from '../../policies/base/units.ts';
import type { TypicalPods } from '../../policies/packing/gpu/fragmentation.ts';
import {
  createDecisions,
  type Decisions,
  type Policy,
  type PolicyConfig,
  type PolicyState,
} from '../../policies/ports.ts';
import type { BatchSource, OnlineServices, TaskDetails } from '../../traces/format.ts';
import { type ChangeSink, type Cluster, submit } from '../cluster/apply.ts';
import { TIER } from '../cluster/hosts.ts';
import { createTaskTable, TASK_KIND } from '../cluster/tasks.ts';
import { latencyClassTable, pressureClassTable } from '../host/contention.ts';
import { ISOLATION_NAMES, type IsolationLevel, isolationModel } from '../host/isolation.ts';
import { type Parameters, parametersWith } from '../host/parameters.ts';
import { fanCurve, type PowerCurve } from '../host/power.ts';
import type { EventCalendar } from '../kernel/calendar.ts';
import { createDigest } from '../kernel/digest.ts';
import { FpqCalendar } from '../kernel/fpq-calendar.ts';
import { HeapCalendar } from '../kernel/heap-calendar.ts';
import { saltOf } from '../kernel/random.ts';
import { canonicalText, type Plan } from '../plan.ts';
import type { ControlPlane } from '../planes/control-plane.ts';
import type { PlacementView } from '../planes/kubernetes/placement.ts';
import { type AgentGaps, createAgentGaps } from './agent-gaps.ts';
import { type AnsweringPods, createAnsweringPods } from './answering-pods.ts';
import { cpuRequestsOf, type RunCpuRequests } from './cpus-from-plan.ts';
import { createPlane, type PlacementTables } from './create-plane.ts';
import { createDependencies, type Dependencies } from './dependencies.ts';
import { type CarbonSteps, createEventPhysics, type EventPhysics } from './event-physics.ts';
import { createExecution, type Execution } from './execution.ts';
import { createGpuRecord, type GpuRecord } from './gpu-record.ts';
import { type RunGpuRequests, requestsOf, typicalOf } from './gpus-from-plan.ts';
import { createHealthChecks, type HealthChecks } from './health-checks.ts';
import { createHostIo, type HostIo } from './host-io.ts';
import { createHostWindow, type HostModel, type HostWindow } from './host-sweep.ts';
import { hostsFromPlan } from './hosts-from-plan.ts';
import { createIntake, type Intake } from './intake.ts';
import { createJobTable, type JobTable } from './jobs.ts';
import { createLatencyModel, type LatencyModel, type SurfaceStore, shareLatencyModel } from './latency-model.ts';
import { createLatencySums, type LatencySums } from './lateness.ts';
import { quirksOf } from './load-aware-setup.ts';
import { createMemoryRamp, type MemoryRamp } from './memory-ramp.ts';
import { createMemoryState, type MemoryState } from './memory-sweep.ts';
import { createOnlineState, type OnlineState } from './online.ts';
import { classCountOf, setOwnCpus } from './own-cpus.ts';
import { createPodMemory, type PodMemory } from './pod-memory.ts';
import { type PodOverhead, podOverheadOf, usedByPod } from './pod-overhead.ts';
import { createDemandAhead, createPodSamples, type DemandAhead, type PodSamples } from './pod-samples.ts';
import { createRackFlaps, type RackFlaps } from './rack-flaps.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { createClientRetries } from './retries.ts';
import type { Desire } from './scaling.ts';
import { SUPPRESS_LOOP_MS } from './suppress-loop.ts';
import { createTelemetry, type Telemetry } from './telemetry.ts';
import { createThrottling, type Throttling } from './throttling-state.ts';
import {
  costRequests,
  createReleases,
  mostReplicas,
  type ReleaseState,
  rowsPerReplica,
  shareTraffic,
} from './versions.ts';
import { createVerticalScaling, renewRequest, type VerticalScaling } from './vertical-scaling.ts';

/** A policy of the run with its configuration and state. */
export interface ActivePolicy {
  readonly policy: Policy;
  readonly config: PolicyConfig;
  state: PolicyState;
}

/** What drives a run beside its plan. */
export interface Workload {
  readonly services: OnlineServices;
  readonly batch: BatchSource;
  /** Requests that stand for all pods, where the plan's own populations do not say it. */
  readonly typicalPods?: TypicalPods;
  /** What a trace knows of single tasks. */
  readonly details?: TaskDetails;
  /** Carbon intensity over the run, where physics runs at events. */
  readonly carbon?: CarbonSteps;
  /** What the generators solved for and approximated; goes into the report. */
  readonly notes: readonly string[];
}

export interface EngineOptions {
  readonly policies: readonly { readonly policy: Policy; readonly config: PolicyConfig }[];
  readonly calendar?: 'heap' | 'fastpriorityqueue';
  /** Place by full scan instead of the index: the oracle, for tests. */
  readonly placementByScan?: boolean;
  readonly sink?: ChangeSink;
  /** Coefficients in place of the plan's: lets a caller watch which of them a run reads. */
  readonly parameters?: Parameters;
  /** Only the terms of the first version: neither throttling, memory pressure nor late suppression. For measurements of cost. */
  readonly lean?: boolean;
  /** Latency surfaces of earlier runs of the caller, to be found or added to. */
  readonly surfaces?: SurfaceStore;
  /** Rows that the task table has from the start, at least those of pods; it grows by itself. */
  readonly taskRows?: number;
  /** A run with the same workload and physics, whose latency tables are shared instead of built again. */
  readonly like?: Engine;
}

export interface Engine {
  readonly plan: Plan;
  readonly cluster: Cluster;
  readonly calendar: EventCalendar;
  readonly online: OnlineState;
  readonly jobs: JobTable;
  readonly intake: Intake;
  readonly gpuRequests: RunGpuRequests;
  readonly cpuRequests: RunCpuRequests;
  /** Hosts metered at every change; null where physics runs by windows. */
  readonly exact: EventPhysics | null;
  /** null where no task waits for others. */
  readonly dependencies: Dependencies | null;
  /** What happens to tasks between start and end; null where no population says anything. */
  readonly execution: Execution | null;
  /** null without GPUs. */
  readonly gpuRecord: GpuRecord | null;
  readonly plane: ControlPlane;
  /** What placement by filter and score sees; null under a plane that keeps its own books. */
  readonly placement: PlacementTables | null;
  readonly telemetry: Telemetry;
  /** Samples of single pods and their future; null when no policy asks for them. */
  readonly podSamples: PodSamples | null;
  readonly demandAhead: DemandAhead | null;
  /** Agents that restart; null where none does. */
  readonly agentGaps: AgentGaps | null;
  /** What CPU limits do to pods; null when no service has one. */
  readonly throttling: Throttling | null;
  readonly recorder: Recorder;
  readonly hostModel: HostModel;
  readonly podOverhead: PodOverhead;
  readonly hostWindow: HostWindow;
  readonly latency: LatencyModel;
  readonly latencySums: LatencySums;
  /** Workspace of the lateness pass. */
  readonly answering: AnsweringPods;
  readonly memory: MemoryState;
  /** Racks whose switch loses packets; null where none does. */
  readonly rackFlaps: RackFlaps | null;
  /** How often clients of each service try again; null where none does. */
  readonly clientRetries: Float64Array | null;
  /** null where nothing asks for disk or network. */
  readonly io: HostIo | null;
  /** null where tasks hold all their memory from the start. */
  readonly memoryRamp: MemoryRamp | null;
  /** Pods whose memory grows or has a limit; null without any. */
  readonly podMemory: PodMemory | null;
  /** See EngineOptions.lean. */
  readonly isLean: boolean;
  /** Whether windows hide the suppress loop, so that late cuts are charged. */
  readonly withCuts: boolean;
  readonly policies: readonly ActivePolicy[];
  readonly decisions: Decisions;
  readonly powerCurve: PowerCurve;
  readonly hostWatts: { readonly idle: Float64Array; readonly max: Float64Array };
  readonly hours: number;
  readonly failureSalt: number;
  readonly failureProbability: number;
  readonly maxRetries: number;
  /** K5: what pods that ended used stays in the averages of reports. */
  readonly endedPodsDangle: boolean;
  /** Scratch lists. */
  readonly released: number[];
  readonly rows: Int32Array;
  readonly beLossMilliCpu: Float64Array;
  /** null where no service is checked. */
  readonly healthChecks: HealthChecks | null;
  /** null where no service scales vertically; then nothing renews requests either. */
  readonly vertical: VerticalScaling | null;
  readonly renewRequest?: (row: number, nowMs: number) => void;
  /** Per service: when the restart under way began, Infinity = none. */
  readonly restartSinceMs: Float64Array;
  /** Per service: replicas when the restart under way began. */
  readonly restartOf: Int32Array;
  /** Versions of services that take the place of others. */
  readonly releases: ReleaseState[];
  /** Per service: when QAE's autoscaler changed it last, -1 = never. */
  readonly scaledAtMs: Float64Array;
  /** Per service: what its autoscaler wanted within the stabilisation window, oldest first. */
  readonly desires: readonly Desire[][];
  nowMs: number;
  nextTickMs: number;
  /** When the last task was over, where the plan ends there; -1 = not yet. */
  endedAtMs: number;
  events: number;
  /** Earliest wake asked for and not yet delivered; Infinity = none. */
  wakeMs: number;
  batchShape(requestMilliCpu: number, requestMemBytes: number, tier: number, lane: number, gpuRequest: number): number;
  countReplica(row: number, host: number, by: 1 | -1): void;
}

/** While it is built: parts that look at the engine itself come last. */
type WritableEngine = { -readonly [K in keyof Engine]: Engine[K] };

/** Builds a run at time 0: hosts empty, services submitted but not placed. */
export function createEngine(plan: Plan, workload: Workload, options: EngineOptions): Engine {
  const { services } = workload;
  const parameters = options.parameters ?? parametersWith(plan.physics.parameters);
  const gpuRequests = requestsOf(plan, workload);
  const cpuRequests = cpuRequestsOf(plan, workload);
  const { koordinator } = plan;
  const byZone = plan.controlPlane.kind === 'kubernetes' && koordinator.enabled && koordinator.numaBatch !== false;
  const planned = hostsFromPlan(plan.cluster, gpuRequests.table, cpuRequests.table, byZone);
  const { hosts, watts, threadsPerCore, bandwidth } = planned;
  const most = new Map(plan.online.explicit.map((service) => [service.name, mostReplicas(service)]));
  const perReplica = rowsPerReplica(plan);
  const rowsOf = (s: number) => perReplica * Math.max(services.replicas[s], most.get(services.names[s]) ?? 0);
  const online = createOnlineState(services, rowsOf, plan.seed);
  shareTraffic(online, plan);
  const pods = online.firstPod[services.count];
  const tasks = createTaskTable(options.taskRows ?? Math.max(1024, pods * 2), pods);
  const cluster: Cluster = {
    hosts,
    tasks,
    digest: createDigest(plan.horizonMs, plan.ticksPerMs),
    sink: options.sink ?? null,
  };
  setOwnCpus(online, cpuRequests);
  const classCount = classCountOf(cpuRequests);
  const level = ISOLATION_NAMES.indexOf(plan.physics.isolation) as IsolationLevel;
  const hostModel: HostModel = {
    parameters,
    isolation: isolationModel(parameters, level, plan.physics.corePlacement === 'core-aware'),
    latency: latencyClassTable(parameters),
    pressure: pressureClassTable(parameters),
    threadsPerCore,
    bandwidthGbPerSecond: bandwidth,
    classCount,
    capacityMilliCpu: hosts.capacityMilliCpu,
  };
  const { designLoadPercent, targetOverBaseline } = plan.slo;
  // A caller that watches which coefficients are read must see them read.
  const store = options.parameters === undefined ? options.surfaces : undefined;
  const windowCount = Math.ceil(plan.horizonMs / plan.windowMs);
  const recorder = createRecorder(
    windowCount,
    plan.horizonMs,
    plan.warmUpMs,
    hosts.count,
    services.count,
    Math.max(1, workload.batch.populations.length),
  );
  const { aggregateMs, cpuEvictWindowMs } = plan.koordinator;
  const quirks = quirksOf(plan.koordinator);
  // K9: upstream judges satisfaction on one sample of a second where no window is configured.
  const evictWindowMs = quirks.satisfactionWindowOneSecond ? cpuEvictWindowMs : Math.max(60_000, cpuEvictWindowMs);
  const containers = options.policies.some(({ policy }) => policy.containers?.includes('free') === true);
  const telemetry = createTelemetry(cluster, aggregateMs, plan.windowMs, evictWindowMs, containers ? TIER.free : -1);
  const engine = {
    plan,
    cluster,
    calendar:
      options.calendar === 'fastpriorityqueue'
        ? new FpqCalendar(plan.ticksPerMs)
        : new HeapCalendar(4096, plan.ticksPerMs),
    online,
    jobs: createJobTable(1024),
    intake: createIntake(workload.batch, pods, plan.ticksPerMs),
    gpuRequests,
    cpuRequests,
    exact: createEventPhysics(plan, hosts, watts, workload.details, workload.carbon),
    dependencies: createDependencies(workload.details?.parents),
    execution: createExecution(plan, workload.batch.populations, parameters, hosts.count),
    gpuRecord: createGpuRecord(cluster, gpuRequests.table.count > 1 ? typicalOf(plan, workload) : null),
    telemetry,
    recorder,
    hostModel,
    podOverhead: podOverheadOf(plan, hostModel.isolation.kata, parameters),
    hostWindow: createHostWindow(hosts.count, classCount),
    latency:
      options.like === undefined
        ? createLatencyModel(
            online,
            hostModel,
            designLoadPercent / 100,
            targetOverBaseline,
            store,
            canonicalText(plan.physics),
          )
        : shareLatencyModel(latencyLike(plan, services, options.like)),
    latencySums: createLatencySums(),
    answering: createAnsweringPods(online),
    memory: createMemoryState(hosts.count),
    rackFlaps: createRackFlaps(plan, parameters, hosts.rack),
    clientRetries: createClientRetries(plan, services.names),
    io: createHostIo(plan, services.names, workload.batch.populations, parameters, hosts.shape),
    memoryRamp: createMemoryRamp(plan, parameters, options.policies, hosts),
    agentGaps: createAgentGaps(plan, parameters, hosts.count),
    isLean: options.lean ?? false,
    withCuts: !(options.lean ?? false) && plan.windowMs > SUPPRESS_LOOP_MS,
    policies: options.policies.map(({ policy, config }) => ({
      policy,
      config,
      state: policy.createState(hosts.count, config),
    })),
    decisions: createDecisions(hosts.count),
    powerCurve: fanCurve(parameters.powerExponent),
    hostWatts: watts,
    hours: Math.ceil(plan.horizonMs / MS_PER_HOUR),
    failureSalt: saltOf(plan.seed, 'best-effort/failure'),
    failureProbability: plan.bestEffort.failureProbability,
    maxRetries: plan.bestEffort.maxRetries,
    endedPodsDangle: quirks.terminatedPodsDangle,
    released: [],
    rows: new Int32Array(4096),
    beLossMilliCpu: new Float64Array(hosts.count),
    healthChecks: null,
    vertical: null,
    restartSinceMs: new Float64Array(services.count).fill(Number.POSITIVE_INFINITY),
    restartOf: new Int32Array(services.count),
    releases: createReleases(plan, services.names),
    scaledAtMs: new Float64Array(services.count).fill(-1),
    desires: Array.from(services.replicas, (replicas) => [{ atMs: 0, replicas }]),
    nowMs: 0,
    nextTickMs: 0,
    endedAtMs: -1,
    events: 0,
    wakeMs: Number.POSITIVE_INFINITY,
  } as unknown as Engine;
  if (options.like === undefined) costRequests(engine.latency, online, plan);
  createPlane(engine, workload, options.placementByScan ?? false);
  fillPods(engine, services, plan);
  const writable = engine as WritableEngine;
  writable.podMemory = createPodMemory(plan, online, tasks.usedMemBytes);
  writable.healthChecks = createHealthChecks(engine);
  scaleRequests(engine);
  samplePods(engine, options.lean ?? false);
  return engine;
}

/** The latency model of a run that must be alike in everything the model is made from. */
function latencyLike(plan: Plan, services: OnlineServices, like: Engine): LatencyModel {
  const made = (of: Plan, from: OnlineServices) =>
    canonicalText([of.physics, of.slo, [...from.latencyClass], [...from.limitMilliCpu], [...from.peakOverMean]]);
  assert(made(plan, services) === made(like.plan, like.online.services), 'runs that share tables have equal services');
  return like.latency;
}

/** Writes the rows of online pods and submits the replicas that are wanted from the start. */
function fillPods(engine: Engine, services: OnlineServices, plan: Plan): void {
  const { online, cluster, podOverhead: overhead } = engine;
  const { tasks } = cluster;
  const priorities = new Map(plan.online.explicit.map((s) => [s.name, s.priority]));
  for (let s = 0; s < services.count; s++) {
    const priority = priorities.get(services.names[s]) ?? DEFAULT_PROD_PRIORITY;
    for (let row = online.firstPod[s]; row < online.firstPod[s + 1]; row++) {
      tasks.kind[row] = TASK_KIND.online;
      tasks.tier[row] = TIER.native;
      tasks.group[row] = s;
      tasks.id[row] = row;
      tasks.priority[row] = priority;
      tasks.requestMilliCpu[row] = services.requestMilliCpu[s] + overhead.requestMilliCpu;
      tasks.requestMemBytes[row] = services.requestMemBytes[s] + overhead.requestMemBytes;
      const usedMemBytes = Math.floor(services.requestMemBytes[s] * services.memUsageRatio[s]);
      tasks.usedMemBytes[row] = usedByPod(overhead, usedMemBytes, services.requestMemBytes[s]);
      tasks.podShape[row] = s;
      tasks.gpuRequest[row] = engine.gpuRequests.ofService[s];
      tasks.cpuRequest[row] = engine.cpuRequests.ofService[s];
      if (row - online.firstPod[s] < online.wanted[s]) submit(cluster, row, 0, false);
    }
  }
}

/** Sets vertical autoscalers on the services that ask for one. */
function scaleRequests(engine: Engine): void {
  const vertical = createVerticalScaling(engine);
  if (vertical === null) return;
  const writable = engine as WritableEngine;
  writable.vertical = vertical;
  writable.renewRequest = (row, nowMs) => renewRequest(engine, vertical, row, nowMs);
}

/** Gives policies the samples of single pods that they ask for. */
function samplePods(engine: Engine, isLean: boolean): void {
  const { plan, online, cluster, telemetry } = engine;
  const needs = engine.policies.flatMap(({ policy }) => policy.needs ?? []);
  const writable = engine as WritableEngine;
  writable.demandAhead = needs.includes('pod-future') ? createDemandAhead(online, plan) : null;
  const isAsked = needs.includes('throttling');
  writable.throttling =
    isAsked || (!isLean && online.services.limitMilliCpu.some((limit) => limit > 0))
      ? createThrottling(online, engine.latency, engine.hostModel.parameters, isAsked)
      : null;
  const { count } = cluster.hosts;
  if (needs.includes('ipc')) telemetry.signals.hpRelativeIpc = new Float64Array(count).fill(1);
  if (needs.includes('node-average')) telemetry.signals.averageNodeMilliCpu = new Float64Array(count);
  const podNeeds = needs.filter((need) => need !== 'ipc' && need !== 'node-average');
  writable.podSamples = createPodSamples(
    online,
    cluster.tasks,
    plan.windowMs,
    podNeeds,
    writable.demandAhead,
    cluster.hosts.cpus.requests,
  );
  const { podSamples, throttling } = writable;
  if (podSamples === null) return;
  telemetry.signals.pods = podSamples.signals;
  if (throttling !== null && isAsked) podSamples.signals.throttling = throttling.signals;
}

/** Koordinator's default value for the prod class. */
const DEFAULT_PROD_PRIORITY = 9500;

/** The view placement has of the cluster; exported for tests that hold the index against the scan. */
export function placementView(engine: Engine): PlacementView {
  return engine.placement?.view ?? fail('this control plane places without filter and score');
}
