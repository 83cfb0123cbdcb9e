/** The scenario file: what a person may write. Values come out in the units of the plan; defaults are those of defaults.ts. */
import { z } from 'zod';
import type { BatchPopulationPlan, ServicePlan } from '../sim/plan.ts';
import {
  AUTOSCALE_DEFAULTS,
  BEST_EFFORT_DEFAULTS,
  CLUSTER_DEFAULTS,
  COST_DEFAULTS,
  FAILURE_DEFAULTS,
  HOST_DEFAULTS,
  ONLINE_DEFAULTS,
  PHYSICS_DEFAULTS,
  POPULATION_DEFAULTS,
  RECORD_DEFAULTS,
  RUN_DEFAULTS,
  SERVICE_DEFAULTS,
  SLO_DEFAULTS,
} from './defaults.ts';
import {
  bandwidth,
  count,
  cpu,
  duration,
  flag,
  labels,
  limited,
  memory,
  name,
  named,
  percent,
  ratio,
  share,
  text,
  watts,
} from './fields.ts';
import { LIMITS, MIN_WINDOW_MS } from './limits.ts';
import { controlPlaneSchema, koordinatorSchema } from './schema-control.ts';

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

const hostSchema = z
  .strictObject({
    count: limited('Hosts of this shape; 0 leaves the shape out.', LIMITS.hosts),
    cpu: cpu('Logical CPUs (hardware threads) of one host.', 1000, LIMITS.hostCores.max * 1000, LIMITS.hostCores.why),
    memory: memory('Memory of one host.', 1, LIMITS.hostMemGib.max * 1024, LIMITS.hostMemGib.why),
    threadsPerCore: count('Threads per physical core; 2 with SMT.', 1, 8).prefault(HOST_DEFAULTS.threadsPerCore),
    gpus: count('GPUs of one host.', 0, 64).prefault(HOST_DEFAULTS.gpus),
    labels: labels('Node labels.').prefault({}),
    taints: z
      .array(z.string().regex(/^[^=:\s]+=[^=:\s]*:(NoSchedule|PreferNoSchedule|NoExecute)$/, { error: 'taint' }))
      .describe('Node taints, `key=value:NoSchedule`.')
      .prefault([]),
    idlePower: watts('Power of an idle host.').prefault(HOST_DEFAULTS.idlePower),
    maxPower: watts('Power of a fully used host.').prefault(HOST_DEFAULTS.maxPower),
    memBandwidth: bandwidth('Memory bandwidth of the whole host.').prefault(HOST_DEFAULTS.memBandwidth),
  })
  .describe('A group of like hosts.');

const clusterSchema = z
  .strictObject({
    hosts: named(hostSchema, 'Host shapes by name, in this order.'),
    hostsPerRack: count('Hosts that fail together when a rack fails.', 1, LIMITS.hosts.max).prefault(
      CLUSTER_DEFAULTS.hostsPerRack,
    ),
    systemCpuPercent: percent('CPU used by kernel and daemons, share of the host.').prefault(
      CLUSTER_DEFAULTS.systemCpuPercent,
    ),
    systemMemPercent: percent('Memory used by kernel and daemons.').prefault(CLUSTER_DEFAULTS.systemMemPercent),
    reservedCpuPercent: percent('CPU kept from pods (kubelet reservation).').prefault(
      CLUSTER_DEFAULTS.reservedCpuPercent,
    ),
    reservedMemPercent: percent('Memory kept from pods (kubelet reservation).').prefault(
      CLUSTER_DEFAULTS.reservedMemPercent,
    ),
  })
  .describe('The machines.');

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
    scaleDownStabilisation: duration('Time over which the highest recommendation counts.').prefault(
      AUTOSCALE_DEFAULTS.scaleDownStabilisation,
    ),
  })
  .describe('Horizontal autoscaler of the service (Kubernetes autoscaling/v2 rules).');

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
    rollingRestartAt: z
      .array(duration('Time after the start of the run.'))
      .describe('Times at which a rolling restart begins.')
      .prefault([]),
  })
  .describe('A service written out by hand.');

const onlineSchema = z
  .strictObject({
    source: z
      .enum(['fit', 'replay', 'none'])
      .describe('`fit`: generated from fits to public traces; `replay`: the measured series; `none`: only `explicit`.')
      .prefault(ONLINE_DEFAULTS.source),
    services: limited('Generated services.', LIMITS.services).prefault(ONLINE_DEFAULTS.services),
    pods: limited('Replicas of all generated services together.', LIMITS.pods).prefault(ONLINE_DEFAULTS.pods),
    cpuRequestPercent: percent('CPU requested by the generated services over cluster capacity.').prefault(
      ONLINE_DEFAULTS.cpuRequestPercent,
    ),
    memRequestPercent: percent('Memory requested over cluster capacity.').prefault(ONLINE_DEFAULTS.memRequestPercent),
    limitOverRequest: ratio('CPU limit over CPU request; 0 = no limit.', 0, 100).prefault(
      ONLINE_DEFAULTS.limitOverRequest,
    ),
    startDay: count('Day of the week the run starts on, 0 = Monday.', 0, 6).prefault(ONLINE_DEFAULTS.startDay),
    loadFactor: ratio('Multiplies the mean usage of every generated service; 1 = as measured.', 0.001, 20).prefault(
      ONLINE_DEFAULTS.loadFactor,
    ),
    explicit: named(serviceSchema, 'Services written out by hand, by name.').prefault({}),
  })
  .describe('Latency-sensitive services.');

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
    priority: count('Pod priority.', 5000, 5999, 'the koord-batch band is 5000 to 5999').prefault(
      POPULATION_DEFAULTS.priority,
    ),
    lifeLogMean: ratio('Mean of ln(life in seconds); only `transcode` uses it.', -10, 20).prefault(
      POPULATION_DEFAULTS.lifeLogMean,
    ),
    lifeLogSigma: ratio('Standard deviation of ln(life in seconds).', 0, 5).prefault(POPULATION_DEFAULTS.lifeLogSigma),
    sizes: z
      .array(
        z.strictObject({
          cores: ratio('Requested cores.', 0.001, LIMITS.hostCores.max),
          weight: ratio('Relative weight of this size.', 0, 1e9),
        }),
      )
      .min(1)
      .max(64)
      .describe('Container sizes; defaults depend on the kind.')
      .optional(),
    memPerCore: memory('Memory requested for each requested core.', 1, 1024 * 1024).prefault(
      POPULATION_DEFAULTS.memPerCore,
    ),
    usageOverRequest: share('CPU used when nobody is in the way, over request.').prefault(
      POPULATION_DEFAULTS.usageOverRequest,
    ),
    arrivals: z
      .union([z.string(), z.array(z.number().min(0).max(24))], {
        error: 'expected a named curve (flat, night) or 24 weights with mean 1',
      })
      .describe('Arrivals over the hours of the day: `flat`, `night` (1.9 from 0 to 8 h, 0.55 else) or 24 weights.')
      .prefault(POPULATION_DEFAULTS.arrivals),
    deadline: duration('Latest useful end after submission; 0 = none.').prefault(POPULATION_DEFAULTS.deadline),
  })
  .describe('One kind of best-effort work.');

const bestEffortSchema = z
  .strictObject({
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

const physicsSchema = z
  .strictObject({
    isolation: z
      .enum(['equal', 'shares', 'noise-clean', 'group-identity', 'core-scheduling'])
      .describe('What keeps best effort from disturbing services on shared cores.')
      .prefault(PHYSICS_DEFAULTS.isolation),
    corePlacement: z
      .enum(['blind', 'core-aware'])
      .describe('Whether the kernel avoids busy SMT siblings.')
      .prefault(PHYSICS_DEFAULTS.corePlacement),
    parameters: z
      .record(z.string(), z.number())
      .describe('Coefficients of the parameter table that differ, by name.')
      .prefault({}),
  })
  .describe('What happens on a host.');

const sloSchema = z
  .strictObject({
    objectivePercent: percent('Requests that must be answered in time.').prefault(SLO_DEFAULTS.objectivePercent),
    targetOverBaseline: ratio("Latency target over the service's own p99 at design load.", 1, 1000).prefault(
      SLO_DEFAULTS.targetOverBaseline,
    ),
    designLoadPercent: percent('Design load over the limit.', 1, 99).prefault(SLO_DEFAULTS.designLoadPercent),
  })
  .describe('What counts as a violation.');

const failureSchema = z
  .strictObject({
    enabled: flag('Draw host crashes and rack events.').prefault(FAILURE_DEFAULTS.enabled),
    hostCrashesPerYear: ratio('Crashes of one host in a year.', 0, 1000).prefault(FAILURE_DEFAULTS.hostCrashesPerYear),
    rackEventsPerYear: ratio('Rack failures in a year among 2,000 hosts.', 0, 100_000).prefault(
      FAILURE_DEFAULTS.rackEventsPerYear,
    ),
    repairMedian: duration('Median time until a crashed host is back.', 1).prefault(FAILURE_DEFAULTS.repairMedian),
  })
  .describe('Failures of hosts and racks.');

const costSchema = z
  .strictObject({
    pue: ratio('Power usage effectiveness of the building.', 1, 10).prefault(COST_DEFAULTS.pue),
    pricePerKwh: ratio('Price of one kWh.', 0, 1e6).prefault(COST_DEFAULTS.pricePerKwh),
    capexPerHost: ratio('Price of one host.', 0, 1e9).prefault(COST_DEFAULTS.capexPerHost),
    lifetimeYears: ratio('Years over which a host is written off.', 0.1, 100).prefault(COST_DEFAULTS.lifetimeYears),
    yearlyOverheadPercent: percent('Network, space and people in a year over the price.', 0, 1000).prefault(
      COST_DEFAULTS.yearlyOverheadPercent,
    ),
    currency: text('Currency of all prices.').prefault(COST_DEFAULTS.currency),
  })
  .describe('What it costs.');

const recordSchema = z
  .strictObject({
    tasks: flag('Write one row per task.').prefault(RECORD_DEFAULTS.tasks),
    events: flag('Write the event log.').prefault(RECORD_DEFAULTS.events),
  })
  .describe('What a run keeps besides its tables.');

const policySchema = z.strictObject({
  name: text('Name in the policy registry.'),
  config: z
    .record(z.string(), z.unknown())
    .describe('Configuration of the policy, as the policy names it.')
    .prefault({}),
});

export const scenarioSchema = z
  .strictObject({
    name: name('Name of the scenario; run directories are named after it.'),
    title: text('One line for the head of the report.').prefault(RUN_DEFAULTS.title),
    seed: z
      .union([z.string(), z.number().int()], { error: 'expected text or a whole number' })
      .transform((seed) => String(seed))
      .describe('Seed of every random stream.')
      .prefault(RUN_DEFAULTS.seed),
    horizon: duration('Simulated time.', MIN_WINDOW_MS, LIMITS.horizonMs.max, LIMITS.horizonMs.why).prefault(
      RUN_DEFAULTS.horizon,
    ),
    window: duration(
      'Length of one sweep over all hosts; divides an hour.',
      MIN_WINDOW_MS,
      LIMITS.windowMs.max,
      LIMITS.windowMs.why,
    ).prefault(RUN_DEFAULTS.window),
    warmUp: duration('Time left out of every summary figure.').prefault(RUN_DEFAULTS.warmUp),
    cluster: clusterSchema,
    online: onlineSchema.prefault({}),
    bestEffort: bestEffortSchema.prefault({}),
    controlPlane: controlPlaneSchema.prefault({}),
    koordinator: koordinatorSchema.prefault({}),
    policies: z
      .array(policySchema)
      .max(100)
      .describe('Policies beyond those of the control plane, in the order they run.')
      .prefault([]),
    physics: physicsSchema.prefault({}),
    slo: sloSchema.prefault({}),
    failures: failureSchema.prefault({}),
    cost: costSchema.prefault({}),
    record: recordSchema.prefault({}),
  })
  .describe('A Tidemark scenario.');

/** A scenario with units resolved and defaults filled in. */
export type Scenario = z.output<typeof scenarioSchema>;
