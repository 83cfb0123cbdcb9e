/**
 * Mesos for a drawn scenario: frameworks, roles, quotas, reservations, revocable CPU, and what goes wrong or is asked by an operator.
 *
 * Draws come from a stream of their own, so a scenario without Mesos is the one it was before. Rules that scenarios are checked for hold
 * here too: amounts fit the smallest agent, only frameworks that can take revocable CPU are given any, what is taken back was taken out.
 */
import { MS_PER_MINUTE, MS_PER_SECOND } from '../policies/base/units.ts';
import type {
  MesosFrameworkPlan,
  MesosIncidentPlan,
  MesosOperationPlan,
  MesosOversubscriptionPlan,
  MesosPlan,
  MesosReservationPlan,
  MesosRolePlan,
} from '../sim/plan/mesos.ts';
import type { Plan, PolicyPlan } from '../sim/plan.ts';
import type { Draw } from './draw.ts';

const ROLES = ['*', 'video', 'data'] as const;
const SELLERS = ['fixed-estimator', 'slack-estimator', 'serenity'] as const;

/** Masters allocate every few seconds: longer runs take more time than they tell. */
const LONGEST_MS = 20 * MS_PER_MINUTE;

/** As much work in less time. */
function shortened(plan: Plan): Plan {
  const horizonMs = Math.min(plan.horizonMs, plan.windowMs * Math.floor(LONGEST_MS / plan.windowMs));
  const { bestEffort, online } = plan;
  const tasksPerWeek = Math.round((bestEffort.tasksPerWeek * plan.horizonMs) / horizonMs);
  return {
    ...plan,
    horizonMs,
    warmUpMs: Math.min(plan.warmUpMs, Math.floor(horizonMs / 4)),
    bestEffort: { ...bestEffort, tasksPerWeek },
    online: {
      ...online,
      explicit: online.explicit.map((service) => ({
        ...service,
        rollingRestartAtMs: service.rollingRestartAtMs.map((atMs) => Math.floor((atMs * horizonMs) / plan.horizonMs)),
      })),
    },
  };
}

/** The plan under a Mesos control plane; Kubernetes' rules of placement and Koordinator's policies are left out. */
export function withDrawnMesos(drawn: Plan, draw: Draw): Plan {
  const plan = shortened(drawn);
  const variant = draw.of(['modern', 'modern', '0.2x'] as const);
  const oversubscription = drawOversubscription(draw, variant);
  const isRevocable = oversubscription.kind === 'revocable';
  const mesos = drawMesos(draw, plan, variant, oversubscription);
  return {
    ...plan,
    controlPlane: mesos,
    koordinator: { ...plan.koordinator, enabled: false },
    policies: isRevocable ? drawPolicies(draw) : [],
  };
}

function drawOversubscription(draw: Draw, variant: MesosPlan['variant']): MesosOversubscriptionPlan {
  const kind = draw.of(['none', 'static', 'revocable'] as const);
  if (kind === 'static') return { kind, cpuRatio: draw.of([0.8, 1.5, 3]), memRatio: draw.of([1, 1.5]) };
  return { kind: variant === '0.2x' ? 'none' : kind };
}

function drawPolicies(draw: Draw): PolicyPlan[] {
  const seller = draw.of(SELLERS);
  const config = seller === 'fixed-estimator' ? { cpus: draw.of([1, 4]) } : {};
  const sold: PolicyPlan = { name: seller, config };
  const kills: PolicyPlan = { name: 'load-qos', config: { load5ThresholdPercent: draw.int(10, 90) } };
  return seller !== 'serenity' && draw.chance(0.5) ? [sold, kills] : [sold];
}

function drawMesos(
  draw: Draw,
  plan: Plan,
  variant: MesosPlan['variant'],
  oversubscription: MesosOversubscriptionPlan,
): MesosPlan {
  const isModern = variant === 'modern';
  const hosts = plan.cluster.shapes.reduce((sum, shape) => sum + shape.count, 0);
  const frameworks = drawFrameworks(draw, plan, isModern, oversubscription.kind === 'revocable');
  const reservations = draw.chance(0.3) ? drawReservations(draw, isModern, plan.horizonMs) : [];
  const operations = isModern && draw.chance(0.5) ? drawOperations(draw, hosts, plan.horizonMs) : [];
  const named = isModern && !draw.chance(0.4) ? [] : ROLES.filter((role) => role !== '*');
  return {
    kind: 'mesos',
    variant,
    allocationIntervalMs: draw.of([1_000, 1_000, 5_000]),
    offerTimeoutMs: draw.of([0, 0, 7_000]),
    roleSorter: draw.of(['drf', 'drf', 'random'] as const),
    frameworkSorter: draw.of(['drf', 'drf', 'random'] as const),
    filterGpuResources: true,
    ...(draw.chance(0.2) ? { allocatorCost: { perAgentUs: draw.of([1e4, 2e5]), perAgentFrameworkUs: 0 } } : {}),
    roles: named.map((name) => drawRole(draw, name, isModern)),
    ...(reservations.length > 0 ? { reservations } : {}),
    frameworks,
    clusters: [],
    oversubscription,
    launch: {
      lanes: draw.int(1, 4),
      createMs: draw.of([0, 570]),
      startMs: draw.of([0, 1_000]),
      imageMb: draw.of([0, 500]),
      nicMbPerSecond: 300,
      registryMbPerSecond: 1_000,
    },
    agentPingTimeoutMs: draw.of([1_000, 15_000]),
    agentMaxPingTimeouts: draw.int(1, 5),
    agentReregisterTimeoutMs: 600_000,
    ...(draw.chance(0.3) ? { agentRemovalRate: { agents: draw.int(1, 3), perMs: MS_PER_MINUTE } } : {}),
    agentBackoffMs: draw.of([0, 1_000, 30_000]),
    zooKeeperSessionMs: draw.of([0, 10_000]),
    diskGibPerAgent: 100,
    incidents: drawIncidents(draw, hosts, plan, frameworks),
    ...(operations.length > 0 ? { operations } : {}),
  };
}

function drawRole(draw: Draw, name: string, withQuota: boolean): MesosRolePlan {
  const guaranteeMilliCpu = withQuota ? draw.of([0, 4_000]) : 0;
  const limitMilliCpu = withQuota && draw.chance(0.3) ? draw.of([8_000, 40_000]) : 0;
  return { name, weight: draw.of([0.5, 1, 3]), guaranteeMilliCpu, guaranteeMemMib: 0, limitMilliCpu, limitMemMib: 0 };
}

/** Marathon for the services, and a framework for each population. */
function drawFrameworks(draw: Draw, plan: Plan, isModern: boolean, isRevocable: boolean): MesosFrameworkPlan[] {
  const kinds = isRevocable
    ? (['sisyphus', 'spark-like', 'storm-like'] as const)
    : (['chronos', 'sisyphus', 'spark-like', 'storm-like'] as const);
  const populations = plan.bestEffort.populations.map(({ name }) => name);
  const one = (name: string, kind: MesosFrameworkPlan['kind'], own: readonly string[]): MesosFrameworkPlan => ({
    name,
    kind,
    role: draw.of(ROLES),
    populations: own,
    services: [],
    constraints: [],
    cluster: '',
    scheduler: '',
    taskDiskMib: draw.of([0, 100]),
    spillAtQueue: 0,
    spillTo: [],
    ...(isModern && draw.chance(0.3) ? { partitionAware: true } : {}),
    gpuCapable: true,
    ...(draw.chance(0.3) ? { killGraceMs: draw.of([1_000, 60_000]) } : {}),
    failoverTimeoutMs: draw.of([30_000, 604_800_000]),
    settings: kind === 'spark-like' ? (isRevocable ? { mode: 'fine' } : { executorCores: 8 }) : {},
  });
  const idle = draw.chance(0.2) ? [one('idle', 'chronos', [])] : [];
  return [
    one('marathon', 'marathon', []),
    ...populations.map((population) => one(`runs-${population}`, draw.of(kinds), [population])),
    ...idle,
  ];
}

/** At most two cores and two GiB of an agent, of at least eight and sixteen. */
function drawReservations(draw: Draw, isModern: boolean, horizonMs: number): MesosReservationPlan[] {
  const one = (name: string, kind: MesosReservationPlan['kind']): MesosReservationPlan => {
    const atMs = kind === 'static' ? 0 : draw.int(0, horizonMs - 1);
    return {
      name,
      role: draw.of(['video', 'data']),
      kind,
      refines: '',
      shapes: draw.chance(0.5) ? [] : ['plain'],
      milliCpu: 1_000,
      memMib: 1_024,
      diskMib: 0,
      atMs,
      untilMs: kind === 'dynamic' && draw.chance(0.5) ? draw.int(atMs + 1, horizonMs + 1) : 0,
    };
  };
  return isModern && draw.chance(0.6) ? [one('kept', 'static'), one('more', 'dynamic')] : [one('kept', 'static')];
}

function hostsOf(draw: Draw, hosts: number): number[] {
  const first = draw.int(0, hosts - 1);
  return Array.from({ length: Math.min(hosts - first, draw.int(1, 3)) }, (_, i) => first + i);
}

function drawIncidents(
  draw: Draw,
  hosts: number,
  { horizonMs }: Plan,
  frameworks: readonly MesosFrameworkPlan[],
): MesosIncidentPlan[] {
  const nobody = { framework: '', cluster: '', hosts: [], lastsMs: 0, noticeMs: 0 };
  const incidents: MesosIncidentPlan[] = [];
  for (let i = draw.int(0, 4); i > 0; i--) {
    const atMs = draw.int(1, horizonMs);
    const kind = draw.of(['partition', 'maintenance', 'master-lost', 'scheduler-lost'] as const);
    if (kind === 'master-lost') incidents.push({ ...nobody, atMs, kind });
    else if (kind === 'scheduler-lost') {
      const { name } = draw.of(frameworks);
      incidents.push({ ...nobody, atMs, kind, framework: name });
      incidents.push({ ...nobody, atMs: atMs + draw.of([10_000, 120_000]), kind: 'resubscribe', framework: name });
    } else {
      const lastsMs = draw.of([5 * MS_PER_SECOND, 2 * MS_PER_MINUTE, 20 * MS_PER_MINUTE]);
      const noticeMs = kind === 'maintenance' ? Math.min(atMs, draw.of([0, MS_PER_MINUTE])) : 0;
      incidents.push({ ...nobody, atMs, kind, hosts: hostsOf(draw, hosts), lastsMs, noticeMs });
    }
  }
  return incidents.sort((a, b) => a.atMs - b.atMs);
}

function drawOperations(draw: Draw, hosts: number, horizonMs: number): MesosOperationPlan[] {
  const operations: MesosOperationPlan[] = [];
  const cluster = '';
  for (let i = draw.int(1, 4); i > 0; i--) {
    const atMs = draw.int(0, horizonMs - 1);
    const kind = draw.of(['drain-agents', 'deactivate-agents', 'update-weights', 'update-quota'] as const);
    const own = hostsOf(draw, hosts);
    if (kind === 'update-weights')
      operations.push({ atMs, kind, cluster, weights: [{ role: draw.of(ROLES), weight: draw.of([0.5, 4]) }] });
    else if (kind === 'update-quota') {
      const { weight: _, ...quota } = drawRole(draw, draw.of(['video', 'data']), true);
      operations.push({ atMs, kind, cluster, quotas: [quota], force: draw.chance(0.5) });
    } else {
      const maxGraceMs = draw.of([null, 0, 10_000]);
      if (kind === 'drain-agents')
        operations.push({ atMs, kind, cluster, hosts: own, maxGraceMs, marksGone: draw.chance(0.3) });
      else operations.push({ atMs, kind, cluster, hosts: own });
      const backMs = atMs + draw.of([5_000, 10 * MS_PER_MINUTE]);
      operations.push({ atMs: backMs, kind: 'reactivate-agents', cluster, hosts: own });
    }
  }
  return operations.sort((a, b) => a.atMs - b.atMs);
}
