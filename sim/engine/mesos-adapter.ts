/** Wires the Mesos plane to a run: agents, who takes which work, and what each host sells. */
import { ConfigError } from '../../policies/base/assert.ts';
import type { PlacementConstraint } from '../../policies/framework.ts';
import type { OnlineServices } from '../../traces/format.ts';
import { TIER } from '../cluster/hosts.ts';
import { saltOf } from '../kernel/random.ts';
import { jobPopulation, type MesosPlan } from '../plan/mesos.ts';
import type { ServicePlan } from '../plan/workload.ts';
import { withStorageDriver } from '../planes/launch-pipeline.ts';
import { agentDirectory, memMibOf } from '../planes/mesos/agents.ts';
import { MesosPlane } from '../planes/mesos/mesos-plane.ts';
import type { ServiceWork } from '../planes/mesos/mesos-run.ts';
import { reservingSteps } from '../planes/mesos/reservations.ts';
import type { Engine } from './engine.ts';
import { EngineContext } from './plane-context.ts';

/** Builds the plane into `engine`. Throws ConfigError when work has no framework. */
export function createMesos(engine: Engine, services: OnlineServices, mesos: MesosPlan): void {
  const { plan, cluster } = engine;
  const { hosts } = cluster;
  const explicit = new Map(plan.online.explicit.map((service) => [service.name, service]));
  const populations = engine.intake.source.populations;
  const context = new EngineContext(engine);
  const driverOfService = driversOfServices(services, mesos);
  const driverOfPopulation = Int32Array.from(populations, ({ name }) => {
    const driver = mesos.frameworks.findIndex(
      (framework) =>
        framework.populations.includes(name) ||
        framework.jobs?.some((job) => jobPopulation(framework.name, job.name) === name) === true,
    );
    if (driver < 0) throw new ConfigError(`controlPlane.frameworks: none runs the population "${name}"`);
    return driver;
  });
  const { oversubscription } = mesos;
  for (let host = 0; host < hosts.count; host++) {
    const at = TIER.native * hosts.count + host;
    if (oversubscription.kind === 'static') {
      const milliCpu = Math.floor(hosts.soldMilliCpu[at] * oversubscription.cpuRatio);
      const memBytes = Math.floor(hosts.soldMemBytes[at] * oversubscription.memRatio);
      context.publish(host, TIER.native, milliCpu, memBytes, 0);
    }
  }
  const writable = engine as { -readonly [K in keyof Engine]: Engine[K] };
  writable.placement = null;
  writable.countReplica = () => {};
  writable.batchShape = () => 0;
  writable.plane = new MesosPlane({
    context,
    plan: { ...mesos, launch: withStorageDriver(mesos.launch, engine.hostModel.parameters) },
    agents: agentDirectory(hosts, plan.cluster),
    gpus: Int32Array.from(hosts.shape, (shape) => plan.cluster.shapes[shape].gpus),
    services: services.names.map((name, s) => ({
      name,
      milliCpu: Math.ceil(services.requestMilliCpu[s]),
      memMib: memMibOf(services.requestMemBytes[s]),
      gpus: engine.gpuRequests.table.cards[engine.gpuRequests.ofService[s]],
      constraints: [...constraintsOf(explicit.get(name)), ...rulesOf(mesos, explicit.get(name)?.traffic?.of ?? name)],
      ...strategyOf(mesos, explicit.get(name)?.traffic?.of ?? name),
    })),
    driverOfPopulation,
    populations: populations.map(({ name }) => name),
    driverOfService,
    clusterOfHost: Int32Array.from(hosts.shape, (shape) => clusterOf(mesos, plan.cluster.shapes[shape].name)),
    clusterOfDriver: Int32Array.from(mesos.frameworks, ({ cluster: name }) =>
      Math.max(
        0,
        mesos.clusters.findIndex((other) => other.name === name),
      ),
    ),
    shapeOfHost: Array.from(hosts.shape, (shape) => plan.cluster.shapes[shape].name),
    reserving: reservingSteps(mesos),
    maintenance: mesos.incidents.filter(({ kind }) => kind === 'maintenance'),
    salt: saltOf(plan.seed, 'mesos/allocator'),
  });
}

/** Root frameworks run the services they list; Marathons take the others in turn, so that each cluster has its part. */
function driversOfServices(services: OnlineServices, mesos: MesosPlan): Int32Array {
  const marathons: number[] = [];
  mesos.frameworks.forEach(({ kind }, index) => {
    if (kind === 'marathon') marathons.push(index);
  });
  let turn = 0;
  return Int32Array.from(services.names, (name) => {
    const root = mesos.frameworks.findIndex((framework) => framework.services.includes(name));
    if (root >= 0) return root;
    if (marathons.length === 0)
      throw new ConfigError('controlPlane.frameworks: services run on Marathon, and no framework is of kind marathon');
    return marathons[turn++ % marathons.length];
  });
}

function clusterOf(mesos: MesosPlan, shape: string): number {
  return Math.max(
    0,
    mesos.clusters.findIndex(({ shapes }) => shapes.includes(shape)),
  );
}

function rulesOf(mesos: MesosPlan, name: string): readonly PlacementConstraint[] {
  return mesos.frameworks.flatMap(({ constraints }) =>
    constraints.flatMap(({ service, rules }) => (service === name ? rules : [])),
  );
}

/** What Marathon does about replicas of a service that it cannot reach, where the plan says so; versions do as their service. */
function strategyOf({ frameworks }: MesosPlan, name: string): Pick<ServiceWork, 'unreachable'> {
  const own = frameworks.flatMap(({ unreachable }) => unreachable ?? []).find(({ service }) => service === name);
  return own === undefined ? {} : { unreachable: own.strategy };
}

/** Node selectors become LIKE on the attribute, a bound per host MAX_PER on the host name. */
function constraintsOf(service: ServicePlan | undefined): PlacementConstraint[] {
  if (service === undefined) return [];
  const constraints: PlacementConstraint[] = Object.entries(service.nodeSelector).map(([field, value]) => ({
    field,
    operator: 'LIKE',
    value: value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
  }));
  if (service.maxPerHost > 0)
    constraints.push({ field: 'hostname', operator: 'MAX_PER', value: String(service.maxPerHost) });
  return constraints;
}
