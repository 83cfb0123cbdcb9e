/** CPUs that services own: the table of everything they may ask for, and the topology of the hosts. */
import {
  CPU_EXCLUSIVE,
  CPU_QOS,
  type CpuRequests,
  type CpuTable,
  cpuRequests,
  createCpuTable,
  NUMA_POLICY,
  noCpusets,
} from '../cluster/cpusets.ts';
import type { ClusterPlan } from '../plan/cluster.ts';
import type { Plan } from '../plan.ts';
import type { Workload } from './engine.ts';

export interface RunCpuRequests {
  readonly table: CpuRequests;
  /** Row of the request of a service, 0 = shares CPUs with others. */
  readonly ofService: Uint16Array;
  /** Row of the request of a reservation, 0 = holds no CPU by its number. */
  readonly ofReservation: Uint16Array;
}

/** Requests of the LSR and LSE services of a plan, and of reservations for them. */
export function cpuRequestsOf(plan: Plan, workload: Workload): RunCpuRequests {
  const explicit = new Map(plan.online.explicit.map((service) => [service.name, service]));
  const rows: Parameters<typeof cpuRequests>[0][number][] = [];
  const ofService = Uint16Array.from(workload.services.names, (name) => {
    const service = explicit.get(name);
    if (service?.qos === undefined) return 0;
    return rows.push({
      cpus: service.requestMilliCpu / 1000,
      qos: CPU_QOS[service.qos],
      spread: service.cpuBindPolicy === 'spread-by-pcpus',
      exclusive: CPU_EXCLUSIVE[service.cpuExclusivePolicy ?? 'none'],
    });
  });
  const { controlPlane } = plan;
  const reservations = controlPlane.kind === 'kubernetes' ? (controlPlane.reservations ?? []) : [];
  const ofReservation = Uint16Array.from(reservations, ({ milliCpu, cpuset }) =>
    cpuset === undefined ? 0 : rows.push({ cpus: milliCpu / 1000, qos: CPU_QOS[cpuset.qos], spread: cpuset.spread }),
  );
  return { table: cpuRequests(rows), ofService, ofReservation };
}

/** The CPUs of a cluster; without a row where no service owns any. */
export function cpusFromPlan(cluster: ClusterPlan, requests: CpuRequests): CpuTable {
  const each = (of: (shape: ClusterPlan['shapes'][number]) => number) =>
    cluster.shapes.flatMap((shape) => new Array<number>(shape.count).fill(of(shape)));
  const cpus = each((shape) => shape.cpuCores);
  if (requests.count === 1) return noCpusets(cpus.length);
  const hosts = {
    cpus,
    threadsPerCore: each((shape) => shape.threadsPerCore),
    numaNodes: each((shape) => shape.numaNodes ?? 1),
    numaPolicy: Uint8Array.from(each((shape) => NUMA_POLICY[shape.numaTopologyPolicy ?? 'none'])),
  };
  return createCpuTable(hosts, requests);
}
