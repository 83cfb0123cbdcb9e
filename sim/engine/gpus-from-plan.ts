/** GPUs of a run: bits of card models, and the table of everything that services and tasks may ask for. */
import { fail } from '../../policies/base/assert.ts';
import { type TypicalPods, typicalPods } from '../../policies/packing/gpu/fragmentation.ts';
import type { GpuRequest } from '../../traces/format.ts';
import { type GpuRequests, gpuRequests } from '../cluster/gpus.ts';
import type { ClusterPlan } from '../plan/cluster.ts';
import type { Plan } from '../plan.ts';
import type { Workload } from './engine.ts';

const MOST_MODELS = 31;

/** One bit a model, in order of the shapes; hosts without a named model share the bit of ''. InvariantError past 31 models. */
export function gpuModelBits(cluster: ClusterPlan): ReadonlyMap<string, number> {
  const bits = new Map<string, number>();
  for (const shape of cluster.shapes) {
    const model = shape.gpuModel ?? '';
    if (shape.gpus === 0 || bits.has(model)) continue;
    if (bits.size === MOST_MODELS) fail(`more than ${MOST_MODELS} GPU models`);
    bits.set(model, 1 << bits.size);
  }
  return bits;
}

/** Requests of a run, and where those of the batch source begin in the table. */
export interface RunGpuRequests {
  readonly table: GpuRequests;
  /** Row of each service, 0 = none. */
  readonly ofService: Uint16Array;
  /** Row of each reservation of the plan, 0 = holds no card. */
  readonly ofReservation: Uint16Array;
  /** A chunk's entry n >= 1 is row batchOffset + n. */
  readonly batchOffset: number;
}

/**
 * The requests of services written out by hand and of reservations, then those of the batch source. A model that no host has gets no bit; a task that accepts only such
 * models asks for bit 31, which no host has either.
 */
export function requestsOf(plan: Plan, workload: Workload): RunGpuRequests {
  const bits = gpuModelBits(plan.cluster);
  const explicit = new Map(plan.online.explicit.map((service) => [service.name, service]));
  const rows: Parameters<typeof gpuRequests>[0][number][] = [];
  const add = (request: GpuRequest): number => {
    const known = request.models.reduce((mask, model) => mask | (bits.get(model) ?? 0), 0);
    const models = request.models.length > 0 && known === 0 ? 1 << 31 : known;
    return rows.push({ ...request, models });
  };
  const ofService = Uint16Array.from(workload.services.names, (name) => {
    const gpu = explicit.get(name)?.gpu;
    return gpu === undefined ? 0 : add(gpu);
  });
  const { controlPlane } = plan;
  const reservations = controlPlane.kind === 'kubernetes' ? (controlPlane.reservations ?? []) : [];
  const ofReservation = Uint16Array.from(reservations, ({ gpu }) => (gpu === undefined ? 0 : add(gpu)));
  const batchOffset = rows.length;
  for (const request of workload.batch.gpuRequests ?? []) add(request);
  return { table: gpuRequests(rows), ofService, ofReservation, batchOffset };
}

/**
 * Requests that stand for the pods of a run, for policies that weigh fragmentation: replicas of services, and sizes of populations by their
 * expected number among ten thousand.
 */
export function typicalOf(plan: Plan, workload: Workload): TypicalPods {
  if (workload.typicalPods !== undefined) return workload.typicalPods;
  const bits = gpuModelBits(plan.cluster);
  const cpu: number[] = [];
  const cards: number[] = [];
  const milli: number[] = [];
  const models: number[] = [];
  const texts: string[] = [];
  const add = (times: number, milliCpu: number, gpu: GpuRequest | null) => {
    for (let i = 0; i < times; i++) {
      cpu.push(milliCpu);
      cards.push(gpu?.cards ?? 0);
      milli.push(gpu?.milliPerCard ?? 0);
      models.push(gpu?.models.reduce((mask, model) => mask | (bits.get(model) ?? 0), 0) ?? 0);
      texts.push(gpu?.models.join('|') ?? '');
    }
  };
  const explicit = new Map(plan.online.explicit.map((service) => [service.name, service]));
  workload.services.names.forEach((name, s) => {
    add(workload.services.replicas[s], workload.services.requestMilliCpu[s], explicit.get(name)?.gpu ?? null);
  });
  for (const population of plan.bestEffort.populations) {
    const total = population.coresWeights.reduce((sum, weight) => sum + weight, 0);
    population.coresChoices.forEach((cores, choice) => {
      const share = (population.taskShare * population.coresWeights[choice]) / total;
      add(Math.round(share * SAMPLED_TASKS), Math.round(cores * 1000), population.gpuChoices?.[choice] ?? null);
    });
  }
  return typicalPods(cpu, cards, milli, models, texts);
}

const SAMPLED_TASKS = 10_000;
