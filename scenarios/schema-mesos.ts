/** Mesos as control plane: master, roles, frameworks, oversubscription, launch pipeline and what goes wrong. */
import { z } from 'zod';
import {
  MESOS_ALLOCATOR_COST_DEFAULTS as C,
  MESOS_DEFAULTS as D,
  MESOS_FRAMEWORK_DEFAULTS as F,
  MESOS_INCIDENT_DEFAULTS as I,
  CHRONOS_JOB_DEFAULTS as J,
  MESOS_REMOVAL_RATE_DEFAULTS as L,
  MESOS_OVERSUBSCRIPTION_DEFAULTS as O,
  MESOS_ROLE_DEFAULTS as R,
  MESOS_RESERVATION_DEFAULTS as V,
} from './defaults-mesos.ts';
import { count, cpu, duration, flag, memory, named, ratio, share, text } from './fields.ts';
import { launchSchema } from './schema-launch.ts';
import { operationSchema, quotaFields, weightField } from './schema-mesos-operations.ts';

const roleSchema = z
  .strictObject({
    weight: weightField().prefault(R.weight),
    ...quotaFields,
  })
  .describe('A role of the allocator.');

const reservationSchema = z
  .strictObject({
    role: text('Role that is offered it, with the roles below.'),
    kind: z
      .enum(['static', 'dynamic'])
      .describe('`static`: agents start with it. `dynamic`: an operator reserves it while they run.')
      .prefault(V.kind),
    refines: text('Reservation whose resources it passes on to a role below; empty = unreserved resources.').prefault(
      V.refines,
    ),
    hosts: z.array(z.string()).describe('Shapes of `cluster.hosts`; none = every agent.').prefault([]),
    cpu: cpu('CPU of each agent.').prefault(V.cpu),
    memory: memory('Memory of each agent.').prefault(V.memory),
    disk: memory('Disk of each agent.').prefault(V.disk),
    at: duration('`dynamic`: when it is reserved.').prefault(V.at),
    until: duration('`dynamic`: when it is given back; 0 = never.').prefault(V.until),
  })
  .describe('Part of every agent kept for a role.');

const jobSchema = z
  .strictObject({
    schedule: text(
      'ISO 8601 repeating interval, such as R/2014-03-08T20:00:00Z/PT2H: how often, from when, each. Empty = a dependent job.',
    ).prefault(J.schedule),
    timeZone: text('Takes the place of the zone in the schedule and keeps its clock; empty = none.').prefault(
      J.timeZone,
    ),
    parents: z.array(z.string()).describe('Jobs whose success sets this one off.').prefault([]),
    duration: duration('One run on an idle host.', 1),
    cpu: cpu('CPU that a run asks for.', 1).prefault(J.cpu),
    memory: memory('Memory that a run asks for.', 1).prefault(J.memory),
    disk: memory('Disk that a run asks for.').prefault(J.disk),
    usageOverRequest: share('CPU used over requested.').prefault(J.usageOverRequest),
    pressureClass: z
      .enum(['transcode', 'spark', 'ml-training', 'spin'])
      .describe('How a run presses on its neighbours.')
      .prefault(J.pressureClass),
    epsilon: duration('A run later than this is missed.').prefault(J.epsilon),
    retries: count('Tries after the first; none after one final failure until a run succeeds.', 0, 1000).prefault(
      J.retries,
    ),
    softError: flag('A final failure sets dependent jobs off, as a success does.').prefault(J.softError),
    concurrent: flag('A run may start beside one that still runs; otherwise it is dropped.').prefault(J.concurrent),
    lane: count('Lane of the queue, 0 the most urgent; null = the last.', 0, 1000).nullable().prefault(J.lane),
    constraints: z
      .array(z.string())
      .describe('Rules of placement, each `attribute:OPERATOR:value` with EQUALS, LIKE or UNLIKE.')
      .prefault([]),
  })
  .describe('A job of Chronos.');

const unreachableSchema = z.union([
  z.literal('disabled').describe('It is waited for, and nothing replaces it.'),
  z
    .strictObject({
      inactiveAfter: duration(
        'It is replaced after this; looked at when its loss is heard, then with each reconciliation.',
      ),
      expungeAfter: duration('It is forgotten after this, and killed if it comes back.'),
    })
    .describe('When it is replaced and forgotten.'),
]);

const frameworkSchema = z
  .strictObject({
    kind: z
      .enum(['marathon', 'chronos', 'sisyphus', 'spark-like', 'storm-like', 'root-framework'])
      .describe(
        '`marathon` runs the services, `root-framework` those it lists; the others run the populations they list.',
      ),
    role: text('Role it registers with.').prefault(F.role),
    populations: z
      .array(z.string())
      .describe('Populations of best effort it runs; with none it declines every offer.')
      .prefault([]),
    jobs: named(jobSchema, '`chronos`: jobs that it runs by their schedules and graph.').prefault({}),
    services: z
      .array(z.string())
      .describe('`root-framework`: services it runs, of one replica each: the schedulers of nested frameworks.')
      .prefault([]),
    constraints: z
      .record(z.string(), z.array(z.string()))
      .describe(
        "`marathon`: rules of placement by service, each `field:OPERATOR` or `field:OPERATOR:value` in Marathon's words, beside those of `nodeSelector` and `maxPerHost`.",
      )
      .prefault({}),
    unreachable: z
      .record(z.string(), unreachableSchema)
      .describe(
        '`marathon`: by service, what becomes of a replica whose agent is not heard, instead of `settings.unreachable`. Needs `partitionAware`.',
      )
      .prefault({}),
    cluster: text('Cluster it registers with; empty = the only one.').prefault(F.cluster),
    scheduler: text(
      'Service whose one replica is its scheduler: while that does not run it is lost, when it runs again it subscribes anew. Empty = a process outside the cluster.',
    ).prefault(F.scheduler),
    taskDisk: memory('Disk that each of its tasks asks for.').prefault(F.taskDisk),
    spillAtQueue: count(
      'New tasks go to the first of `spillTo` with a shorter queue when as many wait here; 0 = never.',
      0,
      1e9,
    ).prefault(F.spillAtQueue),
    spillTo: z
      .array(z.string())
      .describe('Frameworks that take over new tasks, in order of preference: the queues of other data centres.')
      .prefault([]),
    reservationRefinement: flag('Is offered resources whose reservation was refined.').prefault(
      F.reservationRefinement,
    ),
    gpuCapable: flag('Sees agents with GPUs.').prefault(F.gpuCapable),
    partitionAware: flag(
      'Its tasks on an agent that the master gave up are unreachable instead of lost: it waits for them, and they come back with their agent (Mesos 1.1 and later).',
    ).prefault(F.partitionAware),
    killGracePeriod: duration('Its tasks run on so long when they are killed, then they are stopped.').prefault(
      F.killGracePeriod,
    ),
    failoverTimeout: duration('How long its tasks outlive a lost scheduler.').prefault(F.failoverTimeout),
    settings: z
      .record(z.string(), z.unknown())
      .describe("Settings of the framework that differ from its defaults, in the framework's own words (times in ms).")
      .prefault({}),
  })
  .describe('A framework that registers with the master.');

const oversubscriptionSchema = z
  .strictObject({
    kind: z
      .enum(['none', 'static', 'revocable'])
      .describe(
        '`static`: agents offer a multiple of what they have. `revocable`: policies sell slack and take it back.',
      )
      .prefault(O.kind),
    cpuRatio: ratio('`static`: CPU offered over CPU there is.', 0.1, 100).prefault(O.cpuRatio),
    memRatio: ratio('`static`: memory offered over memory there is.', 0.1, 100).prefault(O.memRatio),
  })
  .describe('What is sold beyond what an agent has.');

const incidentSchema = z
  .strictObject({
    at: duration('Time from the start of the run.'),
    kind: z
      .enum([
        'store-fails',
        'store-mended',
        'scheduler-lost',
        'resubscribe',
        'master-lost',
        'partition',
        'maintenance',
        'leaders-disagree',
      ])
      .describe(
        'What happens. `partition`: the master does not hear the hosts. `maintenance`: they are emptied and out of use.',
      ),
    framework: text('Whom it happens to; empty for the master and for hosts.').prefault(''),
    cluster: text('`master-lost`: whose master; empty = the only one.').prefault(I.cluster),
    hosts: z
      .array(z.int().min(0))
      .describe('`partition`, `maintenance`: rows of the hosts, in the order of the shapes.')
      .prefault([]),
    lasts: duration('`partition`, `maintenance`, `leaders-disagree`: how long.').prefault(I.lasts),
    believed: z
      .array(z.int().min(0))
      .describe('`leaders-disagree`: the leader that each node of the scheduler believes in, nodes counted from 0.')
      .prefault([]),
    balancer: z
      .strictObject({
        hop: duration('One redirect.', 1).prefault(I.hop),
        timeout: duration('It waits so long for an answer.', 1).prefault(I.timeout),
        tries: count('Then it tries the next node, so many times in all.', 1, 1000).prefault(I.tries),
      })
      .describe('`leaders-disagree`: the balancer in front of the nodes; its client asks again when it gives up.')
      .prefault({}),
    notice: duration(
      '`maintenance`: inverse offers ask frameworks to leave from so long before; 0 = nobody is asked.',
    ).prefault(I.notice),
  })
  .describe('Something that goes wrong, or is set right.');

const allocatorCostSchema = z
  .strictObject({
    perAgentUs: ratio('Microseconds for each agent that the run looks at; upstream about 35.', 0, 1e9).prefault(
      C.perAgentUs,
    ),
    perAgentFrameworkUs: ratio(
      'Microseconds for each agent and framework on top; upstream about 0.07.',
      0,
      1e9,
    ).prefault(C.perAgentFrameworkUs),
  })
  .describe(
    'Time of an allocation run: its offers leave at its end, and the next comes an interval later. 0 = no time.',
  );

const sorter = z.enum(['drf', 'random']);

export const mesosSchema = z
  .strictObject({
    kind: z.literal('mesos').describe('Orchestrator.'),
    variant: z
      .enum(['modern', '0.2x'])
      .describe('Allocator: `modern` is 1.9 and later, `0.2x` is 0.19 to 0.22.')
      .prefault(D.variant),
    allocationInterval: duration('Time between allocation runs.', 10).prefault(D.allocationInterval),
    offerTimeout: duration('An unanswered offer is rescinded after this; 0 = never.').prefault(D.offerTimeout),
    roleSorter: sorter.describe('Order of roles.').prefault(D.roleSorter),
    frameworkSorter: sorter.describe('Order of frameworks in a role.').prefault(D.frameworkSorter),
    filterGpuResources: flag('Keep agents with GPUs for frameworks that use them.').prefault(D.filterGpuResources),
    allocatorCost: allocatorCostSchema.prefault({}),
    roles: z
      .record(z.string(), roleSchema)
      .describe('Roles with a weight, a guarantee or a limit; others need no entry.')
      .prefault({}),
    reservations: named(reservationSchema, 'Parts of agents kept for roles, by name.').prefault({}),
    frameworks: named(frameworkSchema, 'Frameworks by name, in order of their registration.'),
    clusters: z
      .record(
        z.string(),
        z
          .strictObject({ hosts: z.array(z.string()).describe('Shapes of `cluster.hosts` that are its agents.') })
          .describe('One cluster with its own master.'),
      )
      .describe('Clusters of a federation by name; each has its own master and frameworks. None = all hosts are one.')
      .prefault({}),
    oversubscription: oversubscriptionSchema.prefault({}),
    launch: launchSchema.prefault({}),
    agentPingTimeout: duration('A ping unanswered for this time is missed.', 1000, 900_000).prefault(
      D.agentPingTimeout,
    ),
    agentMaxPingTimeouts: count('Missed pings after which an agent is lost.', 1, 1000).prefault(D.agentMaxPingTimeouts),
    agentReregisterTimeout: duration(
      'Agents that have not registered with a new master after this are given up.',
      600_000,
      Number.MAX_SAFE_INTEGER,
      'Mesos takes no less than 10 min',
    ).prefault(D.agentReregisterTimeout),
    agentRemovalRate: z
      .strictObject({
        agents: count('Agents; 0 = no limit.', 0, 1e6).prefault(L.agents),
        per: duration('In this time.', 1).prefault(L.per),
      })
      .describe('Silent agents are given up one after another, at most so many in a time (--agent_removal_rate_limit).')
      .prefault({}),
    agentBackoff: duration('Agents wait a uniform part of this before they register.').prefault(D.agentBackoff),
    zooKeeperSession: duration('A dead master is replaced after this.').prefault(D.zooKeeperSession),
    startsAt: text('What calendars show when the run begins, for the schedules of Chronos.').prefault(D.startsAt),
    diskPerAgent: memory('Disk every agent offers.').prefault(D.diskPerAgent),
    incidents: z.array(incidentSchema).max(1000).describe('What goes wrong, in any order.').prefault([]),
    operations: z
      .array(operationSchema)
      .max(1000)
      .describe('What an operator asks of the master, in any order (operator API, Mesos 1.9).')
      .prefault([]),
  })
  .describe('Mesos: who is offered what, and by which frameworks work is placed.');
