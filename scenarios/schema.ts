/** The scenario file: what a person may write. Values come out in the units of the plan; defaults are those of defaults.ts. */
import { z } from 'zod';
import {
  CLUSTER_DEFAULTS,
  COST_DEFAULTS,
  FAILURE_DEFAULTS,
  HOST_DEFAULTS,
  PHYSICS_DEFAULTS,
  RECORD_DEFAULTS,
  RUN_DEFAULTS,
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
  text,
  watts,
} from './fields.ts';
import { LIMITS, MIN_WINDOW_MS } from './limits.ts';
import { POWER_MODELS } from './schema-batch.ts';
import { controlPlaneSchema, koordinatorSchema } from './schema-control.ts';
import { MOST_CARDS } from './schema-gpu.ts';
import { hostThresholdsSchema } from './schema-koordinator.ts';
import { labSchema } from './schema-lab.ts';
import { bestEffortSchema, onlineSchema } from './schema-load.ts';

const NUMA_POLICIES = ['none', 'best-effort', 'restricted', 'single-numa-node'] as const;

const hostSchema = z
  .strictObject({
    count: limited('Hosts of this shape; 0 leaves the shape out.', LIMITS.hosts),
    cpu: cpu('Logical CPUs (hardware threads) of one host.', 1000, LIMITS.hostCores.max * 1000, LIMITS.hostCores.why),
    memory: memory('Memory of one host.', 1, LIMITS.hostMemGib.max * 1024, LIMITS.hostMemGib.why),
    threadsPerCore: count('Threads per physical core; 2 with SMT.', 1, 8).prefault(HOST_DEFAULTS.threadsPerCore),
    gpus: count('GPUs of one host.', 0, MOST_CARDS, 'they are kept as a bit mask').prefault(HOST_DEFAULTS.gpus),
    numaNodes: count(
      'NUMA nodes of one host, equal in size; they matter to LSR and LSE services, and with a policy to best effort.',
      1,
      16,
    ).prefault(HOST_DEFAULTS.numaNodes),
    numaTopologyPolicy: z
      .enum(NUMA_POLICIES)
      .describe('Over how many NUMA nodes the CPUs of an LSR or LSE pod may lie.')
      .prefault(HOST_DEFAULTS.numaTopologyPolicy),
    powerModel: z
      .enum(POWER_MODELS)
      .nullable()
      .describe('Power over utilisation, under `physics.accounting: event`; null = linear.')
      .prefault(null),
    coreSpeed: ratio('Speed of a core over that in which CPU use is counted, under `event`.', 0.01, 100).prefault(
      HOST_DEFAULTS.coreSpeed,
    ),
    gpuModel: z.string().describe('Model of its GPUs, as pods name it; empty = none.').prefault(HOST_DEFAULTS.gpuModel),
    gpuMemory: memory('Memory of one GPU.', 1, 1024 * 1024).prefault(HOST_DEFAULTS.gpuMemory),
    labels: labels('Node labels.').prefault({}),
    taints: z
      .array(z.string().regex(/^[^=:\s]+=[^=:\s]*:(NoSchedule|PreferNoSchedule|NoExecute)$/, { error: 'taint' }))
      .describe('Node taints, `key=value:NoSchedule`.')
      .prefault([]),
    idlePower: watts('Power of an idle host.').prefault(HOST_DEFAULTS.idlePower),
    maxPower: watts('Power of a fully used host.').prefault(HOST_DEFAULTS.maxPower),
    capex: ratio('Price of one host of this shape; null = `cost.capexPerHost`.', 0, 1e9).nullable().prefault(null),
    memBandwidth: bandwidth('Memory bandwidth of the whole host.').prefault(HOST_DEFAULTS.memBandwidth),
    disk: z
      .enum(['none', 'hdd', 'ssd', 'nvme'])
      .describe('Device that pods share; what it does is in the parameter table. `none`: disks are not modelled.')
      .prefault(HOST_DEFAULTS.disk),
    network: bandwidth('Network of the whole host; null = not modelled.').nullable().prefault(null),
    cpuNormalizationRatio: ratio(
      'Work of one CPU over that of the basic model (Koordinator cpu normalization).',
      1,
      5,
    ).prefault(HOST_DEFAULTS.cpuNormalizationRatio),
    cpuAmplificationRatio: ratio(
      'Factor on the CPU that services may request (resource amplification).',
      1,
      5,
    ).prefault(HOST_DEFAULTS.cpuAmplificationRatio),
    loadAwareThresholds: hostThresholdsSchema.nullable().prefault(null),
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
    evictionHardMemory: memory(
      'Under Kubernetes the kubelet evicts pods where less memory than this is available; 0 = never.',
    ).prefault(CLUSTER_DEFAULTS.evictionHardMemory),
    evictionSoftMemory: memory(
      'The kubelet also evicts where less than this has been available for `evictionSoftGracePeriod`; 0 = no such threshold, as it is shipped.',
    ).prefault(CLUSTER_DEFAULTS.evictionSoftMemory),
    evictionSoftGracePeriod: duration(
      'How long memory must have been short of it; the kubelet has no default.',
    ).prefault(CLUSTER_DEFAULTS.evictionSoftGracePeriod),
  })
  .describe('The machines.');

const physicsSchema = z
  .strictObject({
    accounting: z
      .enum(['window', 'event'])
      .describe(
        '`window`: every host once a window, with contention; `event`: shared again at every change and metered exactly, without contention, for batch systems.',
      )
      .prefault(PHYSICS_DEFAULTS.accounting),
    progress: z
      .enum(['work', 'no-delay'])
      .describe('Under `event`: a task lasts until its work is done, or as long as recorded whatever CPU it gets.')
      .prefault(PHYSICS_DEFAULTS.progress),
    isolation: z
      .enum(['equal', 'shares', 'noise-clean', 'group-identity', 'core-scheduling', 'kata'])
      .describe(
        'What keeps best effort from disturbing services on shared cores. `kata`: every pod in a virtual machine of its own, under shares.',
      )
      .prefault(PHYSICS_DEFAULTS.isolation),
    corePlacement: z
      .enum(['blind', 'core-aware'])
      .describe('Whether the kernel avoids busy SMT siblings.')
      .prefault(PHYSICS_DEFAULTS.corePlacement),
    memoryQos: flag('Memory QoS: memory.min and memory.low protect services from reclaim.').prefault(
      PHYSICS_DEFAULTS.memoryQos,
    ),
    memoryRamp: flag(
      'Memory of best-effort tasks grows over `memoryRampSeconds` after a start; without it they hold all of it at once.',
    ).prefault(PHYSICS_DEFAULTS.memoryRamp),
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
    domains: flag(
      'Draw failures by the model of the host physics: reboots, hardware repairs, racks and power domains.',
    ).prefault(FAILURE_DEFAULTS.domains),
    kernelUpgrades: flag('Drain hosts for kernel upgrades, all of them once in `upgradePassDays`.').prefault(
      FAILURE_DEFAULTS.kernelUpgrades,
    ),
    agentRestarts: flag(
      'Agents of the nodes restart, each once in `agentRestartDays`: no report and no turn of the node’s own loops for 10 to 60 s.',
    ).prefault(FAILURE_DEFAULTS.agentRestarts),
    rackFlaps: flag(
      'Draw top-of-rack switches that lose packets for 10 to 30 min (`torFlapsPerYear`): answers of their hosts wait for retransmissions.',
    ).prefault(FAILURE_DEFAULTS.rackFlaps),
    flaps: z
      .array(
        z.strictObject({
          rack: count('Number of the rack.', 0, LIMITS.hosts.max),
          at: duration('Begin.'),
          duration: duration('How long it loses packets.', 1),
        }),
      )
      .max(10_000)
      .describe('Racks whose switch loses packets at set times, beside what is drawn.')
      .prefault([]),
    outages: z
      .array(
        z.strictObject({
          host: count('Number of the host, in the order of the shapes.', 0, LIMITS.hosts.max),
          at: duration('Begin.'),
          duration: duration('How long it is down.', 1),
        }),
      )
      .max(10_000)
      .describe('Hosts that are down at set times, beside what is drawn.')
      .prefault([]),
    blackHoles: z
      .array(
        z.strictObject({
          host: count('Number of the host, in the order of the shapes.', 0, LIMITS.hosts.max),
          from: duration('Begin.').prefault('0s'),
          to: duration('End.').prefault('3650d'),
          failAfter: duration('Work done before each failure.', 1).prefault('1s'),
          services: flag('Replicas of services that start there fail as well.').prefault(false),
        }),
      )
      .max(1000)
      .describe('Hosts that look healthy and fail every task soon after its start.')
      .prefault([]),
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
    endWhenDone: flag('End with the last task instead of at the horizon.').prefault(RUN_DEFAULTS.endWhenDone),
    ticksPerMs: count('Ticks of the clock in a millisecond; 1000 counts microseconds.', 1, 1000).prefault(
      RUN_DEFAULTS.ticksPerMs,
    ),
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
    lab: labSchema.prefault({}),
  })
  .describe('A Tidemark scenario.');

/** A scenario with units resolved and defaults filled in. */
export type Scenario = z.output<typeof scenarioSchema>;
