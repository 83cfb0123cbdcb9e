/** The part of a scenario that asks for work: online services and best effort. */
import { z } from 'zod';
import type { BatchPopulationPlan, ServicePlan } from '../sim/plan/workload.ts';
import {
  AUTOSCALE_DEFAULTS,
  BEST_EFFORT_DEFAULTS,
  EXECUTION_DEFAULTS,
  IO_DEFAULTS,
  ONLINE_DEFAULTS,
  POPULATION_DEFAULTS,
  SERVICE_DEFAULTS,
  VERSION_DEFAULTS,
} from './defaults.ts';
import { count, cpu, duration, flag, labels, limited, memory, named, percent, ratio, share } from './fields.ts';
import { LIMITS } from './limits.ts';
import { gpuRequestSchema } from './schema-gpu.ts';
import { healthCheckSchema } from './schema-health.ts';
import { gangSchema, loadEstimateSchema } from './schema-koordinator.ts';
import { releaseSchema, rolloutSchema, versionSchema, weightOf } from './schema-versions.ts';
import { verticalSchema } from './schema-vertical.ts';

/** The plan's classes, each named by itself: the compiler refuses the list when one is missing. */
const LATENCY_CLASSES = {
  'static-web': 'static-web',
  rpc: 'rpc',
  'kv-cache': 'kv-cache',
  search: 'search',
} as const satisfies { [K in ServicePlan['latencyClass']]: K };

const PRESSURE_CLASSES = {
  transcode: 'transcode',
  spark: 'spark',
  'ml-training': 'ml-training',
  spin: 'spin',
} as const satisfies { [K in BatchPopulationPlan['pressureClass']]: K };

const autoscaleSchema = z
  .strictObject({
    minReplicas: limited('Fewest replicas.', LIMITS.pods, 1).prefault(AUTOSCALE_DEFAULTS.minReplicas),
    maxReplicas: limited('Most replicas.', LIMITS.pods, 1),
    targetCpuPercent: percent('Mean CPU use over request that is aimed at.', 1, 1000).prefault(
      AUTOSCALE_DEFAULTS.targetCpuPercent,
    ),
    tolerance: ratio('Relative deviation from the target that is ignored.', 0, 1).prefault(
      AUTOSCALE_DEFAULTS.tolerance,
    ),
    scaleDownStabilisation: duration('`hpa`: time over which the highest recommendation counts.').prefault(
      AUTOSCALE_DEFAULTS.scaleDownStabilisation,
    ),
    rules: z
      .enum(['hpa', 'qae'])
      .describe(
        '`hpa`: Kubernetes autoscaling/v2. `qae`: a platform on Marathon, with a step and a pause for each direction.',
      )
      .prefault(AUTOSCALE_DEFAULTS.rules),
    maxStep: count('`qae`: most replicas of one change.', 1, LIMITS.pods.max).prefault(AUTOSCALE_DEFAULTS.maxStep),
    growCooldown: duration('`qae`: time after a change before it grows.').prefault(AUTOSCALE_DEFAULTS.growCooldown),
    shrinkCooldown: duration('`qae`: time after a change before it shrinks.').prefault(
      AUTOSCALE_DEFAULTS.shrinkCooldown,
    ),
  })
  .describe('Horizontal autoscaler of the service.');

const ioOf = () => ({
  diskIopsPerCore: ratio('Disk requests a second for each core in use; 0 = none.', 0, 1e6).prefault(
    IO_DEFAULTS.diskIopsPerCore,
  ),
  networkMbPerCore: ratio('MB a second over the network for each core in use; 0 = none.', 0, 1e5).prefault(
    IO_DEFAULTS.networkMbPerCore,
  ),
});

const serviceSchema = z
  .strictObject({
    latencyClass: z
      .enum(LATENCY_CLASSES)
      .describe('How latency reacts to load.')
      .prefault(SERVICE_DEFAULTS.latencyClass),
    replicas: limited('Pods at the start.', LIMITS.pods),
    cpuRequest: cpu('CPU request of one pod.', 1, LIMITS.hostCores.max * 1000),
    cpuLimit: cpu('CPU limit of one pod; 0 = none.').prefault(SERVICE_DEFAULTS.cpuLimit),
    memRequest: memory('Memory request of one pod.', 1, LIMITS.hostMemGib.max * 1024),
    memUsagePercent: percent('Memory that a pod uses from its start on, over its request.', 0, 1000).prefault(
      SERVICE_DEFAULTS.memUsagePercent,
    ),
    memLimit: memory('Memory limit of one pod, at which the kernel kills it; 0 = none.').prefault(
      SERVICE_DEFAULTS.memLimit,
    ),
    memGrowthPerDay: memory('What a running pod uses more every day, as a leak does.').prefault(
      SERVICE_DEFAULTS.memGrowthPerDay,
    ),
    ...ioOf(),
    gpu: gpuRequestSchema.optional(),
    qos: z
      .enum(['LS', 'LSR', 'LSE'])
      .describe(
        'Koordinator QoS class: LSR and LSE pods own their CPUs (best effort may run on those of LSR pods), LS pods share them.',
      )
      .prefault(SERVICE_DEFAULTS.qos),
    cpuBindPolicy: z
      .enum(['default', 'full-pcpus', 'spread-by-pcpus'])
      .describe('Which CPUs an LSR or LSE pod gets: whole cores (the default) or one thread a core first.')
      .prefault(SERVICE_DEFAULTS.cpuBindPolicy),
    cpuExclusivePolicy: z
      .enum(['none', 'pcpu-level', 'numa-node-level'])
      .describe(
        'LSR and LSE pods keep off cores, or NUMA nodes, of pods with the same policy as long as a NUMA node has room.',
      )
      .prefault(SERVICE_DEFAULTS.cpuExclusivePolicy),
    clientRetries: count('How often clients send a request again that missed its latency target.', 0, 10).prefault(
      SERVICE_DEFAULTS.clientRetries,
    ),
    meanUsagePercent: percent('Mean CPU use over request.', 0, 1000).prefault(SERVICE_DEFAULTS.meanUsagePercent),
    peakToTrough: ratio('Largest over smallest hour of the mean day.', 1, 100).prefault(SERVICE_DEFAULTS.peakToTrough),
    nodeSelector: labels('Labels a host must carry.').prefault({}),
    tolerations: z.array(z.string()).describe('Taints the pods bear, `key=value:Effect`.').prefault([]),
    maxPerHost: count('Most pods of the service on one host; 0 = no bound.', 0, LIMITS.pods.max).prefault(
      SERVICE_DEFAULTS.maxPerHost,
    ),
    priority: count('Pod priority.', 9000, 9999, 'the koord-prod band is 9000 to 9999').prefault(
      SERVICE_DEFAULTS.priority,
    ),
    autoscale: autoscaleSchema.nullable().prefault(null),
    verticalAutoscale: verticalSchema.nullable().prefault(null),
    rollingRestartAt: z
      .array(duration('Time after the start of the run.'))
      .describe('Times at which a rolling restart begins.')
      .prefault([]),
    loadEstimate: loadEstimateSchema.nullable().prefault(null),
    healthCheck: healthCheckSchema.nullable().prefault(null),
    rollout: rolloutSchema.nullable().prefault(null),
    weight: weightOf('Share of the first version beside `versions`.').prefault(VERSION_DEFAULTS.firstWeight),
    versions: named(
      versionSchema,
      'A/B test: further versions that share its load and its replicas by weight.',
    ).prefault({}),
    release: releaseSchema.nullable().prefault(null),
  })
  .describe('A service written out by hand.');

const traceFolder = (description: string) =>
  z.string().min(1).describe(`${description} Relative to the scenario file that names it.`).optional();

export const onlineSchema = z
  .strictObject({
    source: z
      .enum(['fit', 'replay', 'none'])
      .describe('`fit`: generated from fits to public traces; `replay`: the measured series; `none`: only `explicit`.')
      .prefault(ONLINE_DEFAULTS.source),
    trace: traceFolder(
      'Folder of an imported trace whose services are replayed as they are (source: replay); they then say services, pods and requests.',
    ),
    services: limited('Generated services.', LIMITS.services).prefault(ONLINE_DEFAULTS.services),
    pods: limited('Replicas of all generated services together.', LIMITS.pods).prefault(ONLINE_DEFAULTS.pods),
    cpuRequestPercent: percent('CPU requested by the generated services over cluster capacity.').prefault(
      ONLINE_DEFAULTS.cpuRequestPercent,
    ),
    memRequestPercent: percent('Memory requested over cluster capacity.').prefault(ONLINE_DEFAULTS.memRequestPercent),
    limitOverRequest: ratio('CPU limit over CPU request; 0 = no limit.', 0, 100).prefault(
      ONLINE_DEFAULTS.limitOverRequest,
    ),
    startDay: count(
      'Day of the week the run starts on, 0 = Monday; with a trace, days left off its front.',
      0,
      365,
    ).prefault(ONLINE_DEFAULTS.startDay),
    loadFactor: ratio('Multiplies the mean usage of every generated service; 1 = as measured.', 0.001, 20).prefault(
      ONLINE_DEFAULTS.loadFactor,
    ),
    explicit: named(serviceSchema, 'Services written out by hand, by name.').prefault({}),
  })
  .describe('Latency-sensitive services.');

const executionSchema = z
  .strictObject({
    stragglers: flag('Like tasks take unlike times (`stragglerSigma`).').prefault(EXECUTION_DEFAULTS.stragglers),
    speculation: flag(
      'Once `speculationQuantile` of a stage is done, tasks that take longer than `speculationRatio` medians get a copy; whichever ends first counts.',
    ).prefault(EXECUTION_DEFAULTS.speculation),
    heartbeats: flag(
      'Tasks are lost when the best effort of their host gets less than two CPUs and is starved (`starvedShare`) for `executorTimeoutSeconds`, as Spark loses executors.',
    ).prefault(EXECUTION_DEFAULTS.heartbeats),
    shuffle: z
      .enum(['none', 'local', 'remote'])
      .describe(
        'Where the output of a stage lies until the next is done. `local`: on the host of its task, lost and made again with it; `remote`: in a shuffle service, which costs `remoteShuffleCost`; `none`: it is never lost.',
      )
      .prefault(EXECUTION_DEFAULTS.shuffle),
    checkpoints: flag(
      'A lost task goes on from its last checkpoint, written at Young’s interval for `meanHoursToEviction`; one takes `checkpointSeconds`.',
    ).prefault(EXECUTION_DEFAULTS.checkpoints),
  })
  .describe('What happens to its tasks between start and end.');

const populationSchema = z
  .strictObject({
    kind: z
      .enum(['transcode', 'analytics'])
      .describe('`transcode`: single containers of lognormal life; `analytics`: staged jobs as in Alibaba-2018.'),
    taskShare: share('Share of all best-effort tasks; the shares of all populations sum to 1.'),
    pressureClass: z
      .enum(PRESSURE_CLASSES)
      .describe('How the work presses on the host; default transcode for `transcode`, spark for `analytics`.')
      .optional(),
    priority: count(
      'Pod priority; its class decides which of the sold resources the pods ask for.',
      3000,
      7999,
      'koord-free is 3000 to 3999, koord-batch 5000 to 5999, koord-mid 7000 to 7999',
    ).prefault(POPULATION_DEFAULTS.priority),
    lifeLogMean: ratio('Mean of ln(life in seconds); only `transcode` uses it.', -10, 20).prefault(
      POPULATION_DEFAULTS.lifeLogMean,
    ),
    lifeLogSigma: ratio('Standard deviation of ln(life in seconds).', 0, 5).prefault(POPULATION_DEFAULTS.lifeLogSigma),
    sizes: z
      .array(
        z.strictObject({
          cores: ratio('Requested cores.', 0.001, LIMITS.hostCores.max),
          weight: ratio('Relative weight of this size.', 0, 1e9),
          gpu: gpuRequestSchema.optional(),
        }),
      )
      .min(1)
      .max(64)
      .describe('Container sizes; defaults depend on the kind.')
      .optional(),
    memPerCore: memory('Memory requested for each requested core.', 0, 1024 * 1024).prefault(
      POPULATION_DEFAULTS.memPerCore,
    ),
    usageOverRequest: share('CPU used when nobody is in the way, over request.').prefault(
      POPULATION_DEFAULTS.usageOverRequest,
    ),
    arrivals: z
      .union([z.string(), z.array(z.number().min(0).max(24))], {
        error: 'expected a named curve (flat, night, alibaba-2018) or 24 weights with mean 1',
      })
      .describe(
        'Arrivals over the hours of the day: `flat`, `night` (1.9 from 0 to 8 h, 0.55 else), `alibaba-2018` (measured) or 24 weights.',
      )
      .prefault(POPULATION_DEFAULTS.arrivals),
    deadline: duration('Latest useful end after submission; 0 = none.').prefault(POPULATION_DEFAULTS.deadline),
    loadEstimate: loadEstimateSchema.nullable().prefault(null),
    gang: gangSchema.nullable().prefault(null),
    preemptible: flag(
      'Pods of its elastic quota with higher priority, and a quota that gives pods back, may push it out; false: they may not, and what it asks for fits into the minimum of the quota.',
    ).prefault(true),
    ...ioOf(),
    execution: executionSchema.prefault({}),
  })
  .describe('One kind of best-effort work.');

export const bestEffortSchema = z
  .strictObject({
    trace: traceFolder(
      'Folder of an imported trace whose tasks are replayed as they are; they belong to the one population given.',
    ),
    departures: z
      .enum(['end', 'ignored'])
      .describe('`ignored`: what was placed stays to the end, as packing studies have it.')
      .prefault(BEST_EFFORT_DEFAULTS.departures),
    tasksPerWeek: limited('Tasks of all populations in seven days.', LIMITS.tasksPerWeek).prefault(
      BEST_EFFORT_DEFAULTS.tasksPerWeek,
    ),
    offeredPercent: percent(
      'Requested core-hours over the core-hours of the cluster, carried by the durations of `analytics`; 0 = as fitted.',
      0,
      1000,
    ).prefault(BEST_EFFORT_DEFAULTS.offeredPercent),
    populations: named(populationSchema, 'Kinds of work by name, in this order.').prefault({}),
    failureProbability: share('Chance that an attempt fails on its own.').prefault(
      BEST_EFFORT_DEFAULTS.failureProbability,
    ),
    maxRetries: count('Attempts after the first.', 0, 1000).prefault(BEST_EFFORT_DEFAULTS.maxRetries),
  })
  .describe('Best-effort load.');
