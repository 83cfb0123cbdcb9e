/**
 * The workload of a plan: services from the fits (or replayed series handed in) followed by services written out by hand, and the
 * best-effort stream.
 */
import {
  BYTES_PER_GIB,
  BYTES_PER_MIB,
  MILLI_PER_CPU,
  MS_PER_DAY,
  MS_PER_HOUR,
  MS_PER_WEEK,
} from '../../policies/base/units.ts';
import { profileAt, stretchToRatio } from '../../traces/day-shape.ts';
import hourOfDay from '../../traces/fits/hour-of-day.json' with { type: 'json' };
import { type BatchSource, LATENCY_CLASSES, type OnlineServices } from '../../traces/format.ts';
import { createBatchSource, describeBatchSource } from '../../traces/generate-batch.ts';
import { generateOnlineServices, type OnlineConfig } from '../../traces/generate-online.ts';
import { replayTasks } from '../../traces/replay-tasks.ts';
import type { Workload } from '../engine/engine.ts';
import { jobPopulation } from '../plan/mesos.ts';
import type { ServicePlan, TracePlan } from '../plan/workload.ts';
import type { Plan } from '../plan.ts';

/** No generated pod asks for more than this share of the smallest host, or a mixed cluster could not take it. [A] */
const LARGEST_POD_SHARE = 0.5;
const SLOT_MS = 300_000;
const SLOT_COUNT = MS_PER_WEEK / SLOT_MS;
const SLOTS_PER_DAY = 288;

/**
 * Generates the workload of a plan. `replayed` stands in for the fitted services where the plan replays measured series.
 *
 * Deterministic in the plan and its seed; throws ConfigError when the asked totals cannot be met.
 */
export function workloadOf(plan: Plan, replayed?: OnlineServices): Workload {
  const notes: string[] = [];
  const parts: OnlineServices[] = [];
  if (replayed !== undefined) parts.push(replayed);
  else if (plan.online.source === 'fit' && plan.online.services > 0) {
    parts.push(generateOnlineServices(onlineConfigOf(plan), plan.seed));
  }
  if (plan.online.explicit.length > 0) parts.push(explicitServices(plan.online.explicit, plan.online.startDay));
  const batch = plan.bestEffort.trace === undefined ? drawnBatch(plan) : replayedBatch(plan, plan.bestEffort.trace);
  notes.push(...batch.notes);
  return { services: joinServices(parts), batch: withJobs(batch.source, plan), notes };
}

function drawnBatch(plan: Plan): { source: BatchSource; notes: readonly string[] } {
  const batchConfig = {
    tasksPerWeek: plan.bestEffort.tasksPerWeek,
    offeredPercent: plan.bestEffort.offeredPercent,
    clusterCoreHoursPerWeek: totalOf(plan.cluster.shapes, 'cpuCores') * (MS_PER_WEEK / MS_PER_HOUR),
    horizonMs: plan.horizonMs,
    startDay: plan.online.startDay,
    populations: plan.bestEffort.populations,
  };
  return { source: createBatchSource(batchConfig, plan.seed), notes: describeBatchSource(batchConfig) };
}

/** Jobs that the control plane starts by its own clock are populations behind those that arrive. */
function withJobs(source: BatchSource, plan: Plan): BatchSource {
  const { controlPlane } = plan;
  if (controlPlane.kind !== 'mesos') return source;
  const jobs = controlPlane.frameworks.flatMap((framework) =>
    (framework.jobs ?? []).map(({ name, pressureClass }) => ({
      name: jobPopulation(framework.name, name),
      pressureClass,
      priority: JOB_PRIORITY,
      retriedByPlane: true,
    })),
  );
  if (jobs.length === 0) return source;
  const { firstJobOfHour, gpuRequests } = source;
  return {
    populations: [...source.populations, ...jobs],
    firstJobOfHour,
    ...(gpuRequests === undefined ? {} : { gpuRequests }),
    fillHour: (hour, out) => source.fillHour(hour, out),
  };
}

/** The middle of the batch band. */
const JOB_PRIORITY = 5500;

/** The tasks of an imported trace; containers are at most half of the smallest host, as generated ones are. */
function replayedBatch(plan: Plan, trace: TracePlan): { source: BatchSource; notes: readonly string[] } {
  const [{ name, pressureClass, priority, memGibPerCore, usageOverRequest, deadlineMs }] = plan.bestEffort.populations;
  const { maxRequestMilliCpu, maxRequestMemBytes } = largestPod(plan);
  return replayTasks(trace.folder, {
    population: { name, pressureClass, priority },
    horizonMs: plan.horizonMs,
    skipMs: plan.online.startDay * MS_PER_DAY,
    maxRequestMilliCpu,
    maxRequestMemBytes,
    memMibPerCore: memGibPerCore * MIB_PER_GIB,
    usageOverRequest,
    deadlineMs,
  });
}

const MIB_PER_GIB = 1024;

function largestPod(plan: Plan): { maxRequestMilliCpu: number; maxRequestMemBytes: number } {
  const smallest = (what: 'cpuCores' | 'memGib') => Math.min(...plan.cluster.shapes.map((shape) => shape[what]));
  return {
    maxRequestMilliCpu: Math.floor(smallest('cpuCores') * MILLI_PER_CPU * LARGEST_POD_SHARE),
    maxRequestMemBytes: Math.floor(smallest('memGib') * BYTES_PER_GIB * LARGEST_POD_SHARE),
  };
}

/** What the generators of online services need of a plan. */
export function onlineConfigOf(plan: Plan): OnlineConfig {
  const { online } = plan;
  const { shapes } = plan.cluster;
  return {
    services: online.services,
    pods: online.pods,
    clusterMilliCpu: totalOf(shapes, 'cpuCores') * MILLI_PER_CPU,
    clusterMemBytes: totalOf(shapes, 'memGib') * BYTES_PER_GIB,
    cpuRequestPercent: online.cpuRequestPercent,
    memRequestPercent: online.memRequestPercent,
    ...largestPod(plan),
    limitOverRequest: online.limitOverRequest,
    startDay: online.startDay,
    loadFactor: online.loadFactor,
  };
}

function totalOf(shapes: Plan['cluster']['shapes'], what: 'cpuCores' | 'memGib'): number {
  return shapes.reduce((sum, shape) => sum + shape.count * shape[what], 0);
}

/** Columns of several sets of services one after the other, in five-minute slots; a streamed set comes first and stays streamed. */
function joinServices(parts: readonly OnlineServices[]): OnlineServices {
  if (parts.length === 1) return parts[0];
  const stream = parts[0]?.stream;
  if (stream !== undefined) {
    const rest = joinServices(parts.slice(1));
    const { slotCount } = parts[0];
    const joined = joinServices([
      { ...withoutStream(parts[0]), slotCount: 1, baseRatio: new Float32Array(parts[0].count) },
      rest,
    ]);
    return { ...joined, slotCount, baseRatio: rest.baseRatio, stream: { ...stream, restSlots: rest.slotCount } };
  }
  const slotCount = parts[0]?.slotCount ?? SLOT_COUNT;
  const slotMs = parts[0]?.slotMs ?? SLOT_MS;
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const baseRatio = new Float32Array(count * slotCount);
  let row = 0;
  for (const part of parts) {
    for (let s = 0; s < part.count; s++, row++)
      for (let slot = 0; slot < slotCount; slot++) {
        const at = Math.floor((slot * slotMs) / part.slotMs) % part.slotCount;
        baseRatio[row * slotCount + slot] = part.baseRatio[s * part.slotCount + at];
      }
  }
  type NumberColumn = {
    [K in keyof OnlineServices]-?: OnlineServices[K] extends Float64Array ? K : never;
  }[keyof OnlineServices];
  const column = (name: NumberColumn) => Float64Array.from(parts.flatMap((part) => Array.from(part[name])));
  return {
    count,
    names: parts.flatMap((part) => part.names),
    latencyClass: Uint8Array.from(parts.flatMap((part) => Array.from(part.latencyClass))),
    replicas: Int32Array.from(parts.flatMap((part) => Array.from(part.replicas))),
    requestMilliCpu: column('requestMilliCpu'),
    limitMilliCpu: column('limitMilliCpu'),
    requestMemBytes: column('requestMemBytes'),
    memUsageRatio: column('memUsageRatio'),
    slotMs,
    slotCount,
    baseRatio,
    commonCv: column('commonCv'),
    commonArShare: column('commonArShare'),
    commonTauMs: column('commonTauMs'),
    ownCv: column('ownCv'),
    ownArShare: column('ownArShare'),
    ownTauMs: column('ownTauMs'),
    peakOverMean: column('peakOverMean'),
  };
}

function withoutStream({ stream: _, ...services }: OnlineServices): OnlineServices {
  return services;
}

/** Noise and memory of a service written out by hand: medians of the fits (traces/online-parameters.ts). */
const EXPLICIT = {
  memUsageRatio: 0.65,
  commonCv: 0.09,
  commonArShare: 0.74,
  commonTauMs: 40 * 60_000,
  ownCv: 0.36,
  ownArShare: 0.21,
  ownTauMs: 97 * 60_000,
  peakOverMean: 1.8,
};

/** Services written out by hand, with the day shape of measured online containers stretched to their peak over trough. */
function explicitServices(services: readonly ServicePlan[], startDay: number): OnlineServices {
  const count = services.length;
  const fill = (value: number) => new Float64Array(count).fill(value);
  const baseRatio = new Float32Array(count * SLOT_COUNT);
  const slotsPerHour = 3_600_000 / SLOT_MS;
  const firstSlot = Math.round((startDay % 1) * SLOTS_PER_DAY);
  services.forEach((service, s) => {
    const measured = hourOfDay.profiles.alibaba2018_online_containers_mean_of_6;
    const day = stretchToRatio(
      Float64Array.from({ length: SLOTS_PER_DAY }, (_, slot) => profileAt(measured, slot / slotsPerHour)),
      service.peakToTrough,
    );
    const mean = (service.meanUsagePercent / 100) * (service.traffic?.cpuCost ?? 1);
    for (let slot = 0; slot < SLOT_COUNT; slot++)
      baseRatio[s * SLOT_COUNT + slot] = mean * day[(slot + firstSlot) % SLOTS_PER_DAY];
  });
  return {
    count,
    names: services.map((service) => service.name),
    latencyClass: Uint8Array.from(services, (service) => LATENCY_CLASSES.indexOf(service.latencyClass)),
    replicas: Int32Array.from(services, (service) => service.replicas),
    requestMilliCpu: Float64Array.from(services, (service) => service.requestMilliCpu),
    limitMilliCpu: Float64Array.from(services, (service) => service.limitMilliCpu),
    requestMemBytes: Float64Array.from(services, (service) => service.requestMemMib * BYTES_PER_MIB),
    memUsageRatio: Float64Array.from(services, ({ memUsagePercent }) =>
      memUsagePercent === undefined ? EXPLICIT.memUsageRatio : memUsagePercent / 100,
    ),
    slotMs: SLOT_MS,
    slotCount: SLOT_COUNT,
    baseRatio,
    commonCv: fill(EXPLICIT.commonCv),
    commonArShare: fill(EXPLICIT.commonArShare),
    commonTauMs: fill(EXPLICIT.commonTauMs),
    ownCv: fill(EXPLICIT.ownCv),
    ownArShare: fill(EXPLICIT.ownArShare),
    ownTauMs: fill(EXPLICIT.ownTauMs),
    peakOverMean: fill(EXPLICIT.peakOverMean),
  };
}
