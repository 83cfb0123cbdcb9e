/** The Mesos part of a scenario in the units of the plan. */

import { parseInstantMs } from '../policies/chronos/iso8601.ts';
import type { PlacementConstraint } from '../policies/framework.ts';
import type { ChronosJobPlan, LeadersPlan, MesosPlan } from '../sim/plan/mesos.ts';
import { quotaAmounts, resolveOperations } from './resolve-mesos-operations.ts';
import type { Scenario } from './schema.ts';
import { resolveLaunch } from './schema-launch.ts';

export type MesosSection = Extract<Scenario['controlPlane'], { kind: 'mesos' }>;

/** `field:OPERATOR:value` as Marathon writes it in an app; the value may hold colons. */
export function constraintOf(text: string): PlacementConstraint {
  const [field, operator = '', ...value] = text.split(':');
  return { field, operator, value: value.join(':') };
}

function leadersOf({ believed, balancer }: MesosSection['incidents'][number]): LeadersPlan {
  const { hop: hopMs, timeout: timeoutMs, tries } = balancer;
  return { believed: [...believed], balancer: { hopMs, timeoutMs, tries } };
}

/** Everything written out; incidents in order of time. */
export function resolveMesos(section: MesosSection): MesosPlan {
  const { oversubscription, launch, allocatorCost, agentRemovalRate } = section;
  return {
    kind: 'mesos',
    variant: section.variant,
    allocationIntervalMs: section.allocationInterval,
    offerTimeoutMs: section.offerTimeout,
    roleSorter: section.roleSorter,
    frameworkSorter: section.frameworkSorter,
    filterGpuResources: section.filterGpuResources,
    ...(allocatorCost.perAgentUs + allocatorCost.perAgentFrameworkUs > 0
      ? { allocatorCost: { ...allocatorCost } }
      : {}),
    roles: Object.entries(section.roles).map(([name, role]) => ({
      name,
      weight: role.weight,
      ...quotaAmounts(role),
    })),
    ...(Object.keys(section.reservations).length === 0
      ? {}
      : {
          reservations: Object.entries(section.reservations).map(([name, reservation]) => ({
            name,
            role: reservation.role,
            kind: reservation.kind,
            refines: reservation.refines,
            shapes: [...reservation.hosts],
            milliCpu: reservation.cpu,
            memMib: reservation.memory,
            diskMib: reservation.disk,
            atMs: reservation.at,
            untilMs: reservation.until,
          })),
        }),
    frameworks: Object.entries(section.frameworks).map(([name, framework]) => ({
      name,
      kind: framework.kind,
      role: framework.role,
      populations: [...framework.populations],
      ...(Object.keys(framework.jobs).length === 0 ? {} : { jobs: resolveJobs(framework) }),
      services: [...framework.services],
      constraints: Object.entries(framework.constraints).map(([service, rules]) => ({
        service,
        rules: rules.map(constraintOf),
      })),
      ...(Object.keys(framework.unreachable).length === 0
        ? {}
        : {
            unreachable: Object.entries(framework.unreachable).map(([service, strategy]) => ({
              service,
              strategy:
                strategy === 'disabled'
                  ? null
                  : { inactiveAfterMs: strategy.inactiveAfter, expungeAfterMs: strategy.expungeAfter },
            })),
          }),
      cluster: framework.cluster,
      scheduler: framework.scheduler,
      taskDiskMib: framework.taskDisk,
      spillAtQueue: framework.spillAtQueue,
      spillTo: [...framework.spillTo],
      ...(framework.reservationRefinement ? {} : { reservationRefinement: false }),
      gpuCapable: framework.gpuCapable,
      ...(framework.partitionAware ? { partitionAware: true } : {}),
      ...(framework.killGracePeriod > 0 ? { killGraceMs: framework.killGracePeriod } : {}),
      failoverTimeoutMs: framework.failoverTimeout,
      settings: structuredClone(framework.settings),
    })),
    clusters: Object.entries(section.clusters).map(([name, { hosts }]) => ({ name, shapes: [...hosts] })),
    oversubscription:
      oversubscription.kind === 'static'
        ? { kind: 'static', cpuRatio: oversubscription.cpuRatio, memRatio: oversubscription.memRatio }
        : { kind: oversubscription.kind },
    launch: resolveLaunch(launch),
    agentPingTimeoutMs: section.agentPingTimeout,
    agentMaxPingTimeouts: section.agentMaxPingTimeouts,
    agentReregisterTimeoutMs: section.agentReregisterTimeout,
    ...(agentRemovalRate.agents > 0
      ? { agentRemovalRate: { agents: agentRemovalRate.agents, perMs: agentRemovalRate.per } }
      : {}),
    agentBackoffMs: section.agentBackoff,
    zooKeeperSessionMs: section.zooKeeperSession,
    diskGibPerAgent: section.diskPerAgent / 1024,
    ...(hasSchedules(section) ? { startsAtMs: startsAtMsOf(section) } : {}),
    incidents: section.incidents
      .map((incident) => ({
        atMs: incident.at,
        kind: incident.kind,
        framework: incident.framework,
        cluster: incident.cluster,
        hosts: [...incident.hosts],
        lastsMs: incident.lasts,
        noticeMs: incident.notice,
        ...(incident.kind === 'leaders-disagree' ? { leaders: leadersOf(incident) } : {}),
      }))
      .sort((a, b) => a.atMs - b.atMs),
    ...(section.operations.length === 0 ? {} : { operations: resolveOperations(section) }),
  };
}

/** What calendars show at time 0. Throws ConfigError for text that is no date and time. */
export function startsAtMsOf({ startsAt }: Pick<MesosSection, 'startsAt'>): number {
  return parseInstantMs(startsAt);
}

function hasSchedules({ frameworks }: MesosSection): boolean {
  return Object.values(frameworks).some(({ jobs }) => Object.keys(jobs).length > 0);
}

function resolveJobs(framework: MesosSection['frameworks'][string]): ChronosJobPlan[] {
  return Object.entries(framework.jobs).map(([name, job]) => ({
    name,
    schedule: job.schedule,
    timeZone: job.timeZone,
    parents: [...job.parents],
    durationMs: job.duration,
    milliCpu: job.cpu,
    memMib: job.memory,
    diskMib: job.disk,
    usageOverRequest: job.usageOverRequest,
    pressureClass: job.pressureClass,
    epsilonMs: job.epsilon,
    retries: job.retries,
    softError: job.softError,
    concurrent: job.concurrent,
    lane: job.lane ?? laneCount(framework) - 1,
    constraints: job.constraints.map(constraintOf),
  }));
}

/** Priority lanes of a Chronos; what its settings say is checked elsewhere. */
export function laneCount({ settings }: Pick<MesosSection['frameworks'][string], 'settings'>): number {
  return typeof settings.lanes === 'number' ? settings.lanes : 2;
}
