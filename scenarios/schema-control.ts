/** The part of a scenario that decides: control plane and Koordinator, in upstream's words. */
import { z } from 'zod';
import type { GpuPolicyName } from '../sim/plan/kubernetes.ts';
import { KOORDINATOR_DEFAULTS as K, KUBERNETES_DEFAULTS, QUOTA_DEFAULTS } from './defaults.ts';
import { count, cpu, duration, flag, memory, named, ratio, wholePercent } from './fields.ts';
import { batchSchema } from './schema-batch.ts';
import { loadAwareSchema, quirksSchema, quotaPluginSchema, reservationSchema } from './schema-koordinator.ts';
import { launchSchema } from './schema-launch.ts';
import { mesosSchema } from './schema-mesos.ts';

const GPU_POLICY_NAMES = {
  'device-share': 'device-share',
  random: 'random',
  dotprod: 'dotprod',
  'gpu-clustering': 'gpu-clustering',
  'gpu-packing': 'gpu-packing',
  'best-fit': 'best-fit',
  fgd: 'fgd',
} as const satisfies { [K in GpuPolicyName]: K };

const fit = z.enum(['least-allocated', 'most-allocated']);
/** Whole as upstream's int32: the placement index packs score and host into one number. */
const weight = (description: string) => count(description, 0, 100);

const quotaSchema = z
  .strictObject({
    parent: z
      .string()
      .nullable()
      .describe('Quota that this one shares with its siblings; null = the whole.')
      .prefault(null),
    populations: z.array(z.string()).describe('Best-effort populations whose pods count in it.').prefault([]),
    minCpu: cpu('Batch CPU that is there when it is asked for.').prefault(QUOTA_DEFAULTS.minCpu),
    minMemory: memory('Batch memory that is there when it is asked for.').prefault(QUOTA_DEFAULTS.minMemory),
    maxCpu: cpu('Most batch CPU; null = no bound.').nullable().prefault(null),
    maxMemory: memory('Most batch memory; null = no bound.').nullable().prefault(null),
    allowLent: flag('Others may use what of the minimum is idle.').prefault(QUOTA_DEFAULTS.allowLent),
    mayScaleMin: flag('The minimum shrinks when the minima of the siblings exceed what there is.').prefault(true),
    sharedCpu: cpu('Weight by which CPU that is left is shared; null = maxCpu.').nullable().prefault(null),
    sharedMemory: memory('Weight by which memory that is left is shared; null = maxMemory.').nullable().prefault(null),
  })
  .describe('A share of the batch resources (Koordinator elastic quota).');

export const kubernetesSchema = z
  .strictObject({
    kind: z.literal('kubernetes').optional().describe('Orchestrator; kubernetes when left out.'),
    onlineFit: fit
      .describe('Placing services: `least-allocated` spreads, `most-allocated` packs.')
      .prefault(KUBERNETES_DEFAULTS.onlineFit),
    bestEffortFit: fit.describe('Placing best effort.').prefault(KUBERNETES_DEFAULTS.bestEffortFit),
    fitWeight: weight('Weight of the fit score.').prefault(KUBERNETES_DEFAULTS.fitWeight),
    loadAwareWeight: weight('Weight of the load-aware score.').prefault(KUBERNETES_DEFAULTS.loadAwareWeight),
    spreadWeight: weight('Weight of the spread score.').prefault(KUBERNETES_DEFAULTS.spreadWeight),
    bindLatency: duration('From decision to binding.').prefault(KUBERNETES_DEFAULTS.bindLatency),
    podStart: duration('From binding to running.').prefault(KUBERNETES_DEFAULTS.podStart),
    launch: launchSchema
      .nullable()
      .describe('Image pull and container creation instead of one `podStart`; null = off.')
      .prefault(null),
    podsPerSecond: ratio('Pods the scheduler decides per simulated second.', 0.001, 1e6).prefault(
      KUBERNETES_DEFAULTS.podsPerSecond,
    ),
    initialBackoff: duration('First wait of a pod that did not fit.', 1).prefault(KUBERNETES_DEFAULTS.initialBackoff),
    maxBackoff: duration('Longest such wait.', 1).prefault(KUBERNETES_DEFAULTS.maxBackoff),
    preemption: flag(
      'Pods of higher priority may push others out: services any below them, best effort those of its own elastic quota.',
    ).prefault(KUBERNETES_DEFAULTS.preemption),
    gpuPolicy: z
      .enum(GPU_POLICY_NAMES)
      .describe(
        'How pods with GPUs get host and cards: `device-share` as Koordinator, beside the other scores; the others of the ATC 2023 comparison alone.',
      )
      .prefault(KUBERNETES_DEFAULTS.gpuPolicy),
    gpuFit: fit
      .describe('`device-share`: spread over cards, or fill one after another.')
      .prefault(KUBERNETES_DEFAULTS.gpuFit),
    gpuWeight: weight('Weight of the `device-share` score.').prefault(KUBERNETES_DEFAULTS.gpuWeight),
    quotas: named(quotaSchema, 'Elastic quotas of best effort, by name.').prefault({}),
    quotaPlugin: quotaPluginSchema.prefault({}),
    reservations: named(reservationSchema, 'Capacity held for pods still to come, by name.').prefault({}),
    reservationWeight: count('Weight of the reservation score; upstream 5000.', 0, 5_000).prefault(5_000),
    revokeOverusedQuotas: flag('Quotas above their share for two minutes give pods back.').prefault(
      QUOTA_DEFAULTS.revokeOverused,
    ),
  })
  .describe('Kubernetes: one scheduler places pods by filter and score.');

export const controlPlaneSchema = z
  .discriminatedUnion('kind', [kubernetesSchema, mesosSchema, batchSchema])
  .describe('Who places pods and tasks.');

/** Ranges are upstream's: reclaim percentages have no upper bound, thresholds of the node agent end at 100. */
export const koordinatorSchema = z
  .strictObject({
    enabled: flag('Sell reclaimed resources and run the protection loops.').prefault(K.enabled),
    cpuReclaimThresholdPercent: wholePercent(
      'Water-line 1: batch CPU sold up to this share of the host.',
      0,
      1000,
    ).prefault(K.cpuReclaimThresholdPercent),
    memoryReclaimThresholdPercent: wholePercent('Water-line 1: batch memory sold.', 0, 1000).prefault(
      K.memoryReclaimThresholdPercent,
    ),
    cpuCalculatePolicy: z
      .enum(['usage', 'maxUsageRequest'])
      .describe('What of a service counts against the batch CPU sold.')
      .prefault(K.cpuCalculatePolicy),
    memoryCalculatePolicy: z
      .enum(['usage', 'request', 'maxUsageRequest'])
      .describe('What of a service counts against the batch memory sold.')
      .prefault(K.memoryCalculatePolicy),
    cpuSuppressThresholdPercent: wholePercent('Water-line 2: best effort squeezed above this CPU use.').prefault(
      K.cpuSuppressThresholdPercent,
    ),
    cpuSuppressMinPercent: wholePercent('Least CPU left to best effort; null = none.')
      .nullable()
      .prefault(K.cpuSuppressMinPercent),
    cpuSuppressPolicy: z
      .enum(['cfsQuota', 'cpuset'])
      .describe('Squeeze by quota or by the set of CPUs.')
      .prefault(K.cpuSuppressPolicy),
    memoryEvictThresholdPercent: wholePercent('Water-line 3: best effort killed above this memory use.').prefault(
      K.memoryEvictThresholdPercent,
    ),
    memoryEvictLowerPercent: wholePercent('Memory use evicted down to; null = the threshold minus 2.')
      .nullable()
      .prefault(K.memoryEvictLowerPercent),
    memoryEvictCooling: duration('Pause after an eviction for memory.').prefault(K.memoryEvictCooling),
    cpuEvictSatisfactionLowerPercent: wholePercent(
      'Evict when best effort gets less of its request; null = off.',
      1,
      60,
    )
      .nullable()
      .prefault(K.cpuEvictSatisfactionLowerPercent),
    cpuEvictSatisfactionUpperPercent: wholePercent('Evict until best effort gets this much.', 1, 99)
      .nullable()
      .prefault(K.cpuEvictSatisfactionUpperPercent),
    cpuEvictUsageThresholdPercent: wholePercent('Only when best effort uses this much of what it gets.').prefault(
      K.cpuEvictUsageThresholdPercent,
    ),
    cpuEvictPolicy: z
      .enum(['evictByRealLimit', 'evictByAllocatable'])
      .describe(
        'Satisfaction is measured against what best effort may use now, or against what the host sells to it (upstream counts nothing sold as one milli-CPU).',
      )
      .prefault('evictByRealLimit'),
    cpuEvictWindow: duration('Satisfaction and use are averaged over this time.', 1000).prefault(K.cpuEvictWindow),
    cpuEvictCooling: duration('Pause after an eviction for CPU.').prefault(K.cpuEvictCooling),
    loadAwareCpuThresholdPercent: wholePercent(
      'Water-line 4: node refused above this CPU use; 0 = not looked at.',
    ).prefault(K.loadAwareCpuThresholdPercent),
    loadAwareMemoryThresholdPercent: wholePercent(
      'Water-line 4: node refused above this memory use; 0 = not looked at.',
    ).prefault(K.loadAwareMemoryThresholdPercent),
    loadAwareCpuEstimateFactor: wholePercent('Expected CPU use of a new pod over its request.', 1, 100).prefault(
      K.loadAwareCpuEstimateFactor,
    ),
    loadAwareMemoryEstimateFactor: wholePercent('Expected memory use of a new pod over its request.', 1, 100).prefault(
      K.loadAwareMemoryEstimateFactor,
    ),
    report: duration('Period of node reports.', 30_000).prefault(K.report),
    aggregate: duration('Node reports average over this time.', 60_000).prefault(K.aggregate),
    updateTimeThreshold: duration('Sold resources are written at least this often.', 1000).prefault(
      K.updateTimeThreshold,
    ),
    resourceDiffThreshold: ratio('Relative change that is written at once.', 1e-9, 1).prefault(K.resourceDiffThreshold),
    degrade: duration('Without a report for this time nothing is sold.', 60_000).prefault(K.degrade),
    loadAware: loadAwareSchema.nullable().prefault(null),
    numaBatch: flag(
      'Hosts with a NUMA topology policy (cluster.hosts.<name>.numaTopologyPolicy) sell batch resources by NUMA node, and best effort is placed by them.',
    ).prefault(true),
    quirks: quirksSchema.prefault({}),
  })
  .describe("Koordinator, with upstream's names. The four water-lines are four parameters.");
