/** Load-aware scheduling in full, and the quirks of production, in upstream's words. */
import { z } from 'zod';
import { type KoordinatorQuirks, QUIRK_IDS } from '../policies/koordinator/quirks.ts';
import { count, cpu, duration, flag, memory, ratio, wholePercent } from './fields.ts';
import { gpuRequestSchema } from './schema-gpu.ts';

const USAGE_TYPES = ['avg', 'p50', 'p90', 'p95', 'p99'] as const;
const maybePercent = (description: string) =>
  wholePercent(`${description} null = not named.`).nullable().prefault(null);
const usageType = (description: string) => z.enum(USAGE_TYPES).describe(description).nullable().prefault(null);

const aggregated = {
  aggregatedCpuPercent: maybePercent('Host refused above this aggregated CPU use;'),
  aggregatedMemoryPercent: maybePercent('Host refused above this aggregated memory use;'),
  aggregatedType: usageType('Which aggregate of node use the thresholds look at; null = none.'),
  aggregatedDuration: duration('Time it aggregates over; 0s = the longest that reports carry.').prefault('0s'),
};
const prod = {
  prodCpuPercent: maybePercent('Prod pods are refused above this CPU use of prod pods;'),
  prodMemoryPercent: maybePercent('Prod pods are refused above this memory use of prod pods;'),
};

/** Thresholds on a group of hosts (upstream: annotation usage-thresholds). */
export const hostThresholdsSchema = z
  .strictObject({
    cpuPercent: maybePercent('Host refused above this CPU use;'),
    memoryPercent: maybePercent('Host refused above this memory use;'),
    ...prod,
    ...aggregated,
  })
  .describe("Load-aware thresholds of these hosts; a group that names a resource takes the place of the scheduler's.");

/** A pod's own estimate (upstream: annotations load-estimated-scaling-factors and -seconds-after-pod-scheduled). */
export const loadEstimateSchema = z
  .strictObject({
    cpuFactor: wholePercent('Expected CPU use over request; null = as configured.', 1, 100).nullable().prefault(null),
    memoryFactor: wholePercent('Expected memory use over request; null = as configured.', 1, 100)
      .nullable()
      .prefault(null),
    afterScheduled: duration('The estimate counts for this long after binding; null = as configured.')
      .nullable()
      .prefault(null),
  })
  .describe(
    'What load-aware scheduling expects these pods to use; needs koordinator.loadAware.allowCustomizeEstimation.',
  );

/** Pods of a population that start together (upstream: coscheduling, label pod-group min-available). */
export const gangSchema = z
  .strictObject({
    size: count('Pods of a gang in order of submission; 0 = the tasks of a stage of a job.', 0, 100_000).prefault(0),
    minMember: count('Pods that must be placed before any starts; 0 = all.', 0, 100_000).prefault(0),
    group: z
      .string()
      .min(1)
      .nullable()
      .describe('Populations that name one group start together: the n-th gang of each; null = each gang for itself.')
      .prefault(null),
    mode: z
      .enum(['strict', 'non-strict'])
      .describe(
        '`strict`: one pod without a host sends all waiting ones back; `non-strict`: they keep their places until the wait is over.',
      )
      .prefault('strict'),
    matchPolicy: z
      .enum(['only-waiting', 'waiting-and-running', 'once-satisfied'])
      .describe('Which pods count towards minMember; `once-satisfied`: none once the gang has stood together.')
      .prefault('once-satisfied'),
    waitTime: duration('How long placed pods wait for the others.', 1000).prefault('600s'),
  })
  .describe('Pods that start together or not at all.');

/** Arguments of the elastic quota plugin, as upstream names them. */
export const quotaPluginSchema = z
  .strictObject({
    enableRuntimeQuota: flag('Admission compares with the share of the moment; false: with the maximum.').prefault(
      true,
    ),
    enableMinQuotaScale: flag('Minima shrink in proportion when there is less than their sum.').prefault(true),
    enableCheckParentQuota: flag('Admission asks every parent as well.').prefault(false),
    delayEvictTime: duration('A quota may stay above its share for this long before it gives pods back.').prefault(
      '120s',
    ),
  })
  .describe('How elastic quotas work.');

/** Capacity held for pods still to come (upstream: Reservation). */
export const reservationSchema = z
  .strictObject({
    count: count('Reservations of this kind.', 0, 100_000).prefault(1),
    cpu: cpu('CPU that one of them holds.'),
    memory: memory('Memory that one of them holds.').prefault('0GiB'),
    services: z.array(z.string()).describe('Services whose pods own it; it holds native CPU and memory.').prefault([]),
    populations: z
      .array(z.string())
      .describe(
        'Best-effort populations of one priority class whose pods own it, in place of services; it holds what is sold to that class.',
      )
      .prefault([]),
    gpu: gpuRequestSchema.optional(),
    qos: z
      .enum(['LS', 'LSR', 'LSE'])
      .describe('`LSR`, `LSE`: it holds its CPUs by their numbers, for services of these classes.')
      .prefault('LS'),
    cpuBindPolicy: z
      .enum(['default', 'full-pcpus', 'spread-by-pcpus'])
      .describe('Which CPUs those are: whole cores (the default) or one thread a core first.')
      .prefault('default'),
    allocateOnce: flag('The first pod takes all of it; what it does not need is free for everybody.').prefault(true),
    allocatePolicy: z
      .enum(['default', 'aligned', 'restricted'])
      .describe(
        '`default`: owners use it and the host together; `aligned`: one reservation and the host; `restricted`: nothing but the reservation of what it reserves.',
      )
      .prefault('default'),
    order: count('The smallest is taken first; 0 = none.', 0, 1_000_000).prefault(0),
    at: duration('When it is asked for.').prefault('0s'),
    ttl: duration('It ends this long after; 0s = never.').prefault('24h'),
  })
  .describe('Capacity held on a host for pods of some services or populations.');

export const loadAwareSchema = z
  .strictObject({
    ...prod,
    ...aggregated,
    filterExpiredNodeMetrics: flag('Hosts whose report has expired are refused.').prefault(true),
    enableScheduleWhenNodeMetricsExpired: flag('They are taken all the same.').prefault(false),
    nodeMetricExpiration: duration('A report older than this has expired; 0s = never.').prefault('180s'),
    prodUsageIncludeSys: flag('System use counts as prod use.').prefault(false),
    scoreAccordingProdUsage: flag('Prod pods are scored by prod use.').prefault(false),
    scoreAggregatedType: usageType('Which aggregate of node use hosts are scored by; null = the plain use.'),
    scoreAggregatedDuration: duration('Time it aggregates over; 0s = the longest that reports carry.').prefault('0s'),
    cpuWeight: ratio('Weight of CPU in the score.', 0, 100).prefault(1),
    memoryWeight: ratio('Weight of memory in the score.', 0, 100).prefault(1),
    dominantResourceWeight: ratio('Weight of the scarcer of the two.', 0, 100).prefault(0),
    aggregateDurations: z
      .array(duration('A duration.', 1000))
      .describe('Durations that node reports aggregate over.')
      .prefault(['5m', '10m', '30m']),
    allowCustomizeEstimation: flag('Pods may bring their own estimate.').prefault(false),
    estimatedAfterScheduled: duration(
      'A new pod counts by its estimate for this long, where that is more than its use; 0s = until reports have it.',
    ).prefault('0s'),
  })
  .describe('Load-aware scheduling in full: prod thresholds, aggregated usage, estimates pod by pod.');

const quirkNames = Object.keys(QUIRK_IDS) as (keyof KoordinatorQuirks)[];

/** One switch a quirk, true as in production; docs/koordinator.md says where each acts. */
export const quirksSchema = z
  .strictObject(
    Object.fromEntries(
      quirkNames.map((name) => [name, flag(`${QUIRK_IDS[name]}, see docs/koordinator.md.`).prefault(true)]),
    ) as Record<keyof KoordinatorQuirks, z.ZodPrefault<z.ZodBoolean>>,
  )
  .describe('Behaviour that production has although its authors did not mean it; false = as meant.');
