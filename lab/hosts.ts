/** How few hosts carry the load, and when a growing load outgrows the hosts there are: the safe search over host counts and months. */
import { assert, ConfigError } from '../policies/base/assert.ts';
import { parametersWith } from '../sim/host/parameters.ts';
import type { HostShapePlan } from '../sim/plan/cluster.ts';
import { freezePlan, type Plan } from '../sim/plan.ts';
import type { CellRunner, NamedPlan } from './cell-runner.ts';
import { type PlanSearch, searchPlans, type ViolationRule } from './plan-search.ts';
import { bindingAt, proofRuns, type SearchAnswer } from './water-line.ts';

/** Hosts that may be missing while the load is carried: N + k, with k single hosts and the hosts of so many racks and power domains. */
export interface Spare {
  readonly hosts: number;
  readonly racks: number;
  readonly domains: number;
}

export interface HostsRequest {
  readonly rule: ViolationRule;
  readonly epsilon: number;
  readonly confidence: number;
  readonly spare: Spare;
}

/**
 * Hosts that a spare takes away from a cluster like `plan`: hosts + racks x hostsPerRack + domains x pduHosts, the hosts of a power
 * domain rounded up to whole racks, as failures are drawn.
 */
export function hostsMissing(plan: Plan, spare: Spare): number {
  const { hostsPerRack } = plan.cluster;
  const { pduHosts } = parametersWith(plan.physics.parameters);
  const hostsPerDomain = Math.ceil(pduHosts / hostsPerRack) * hostsPerRack;
  return spare.hosts + spare.racks * hostsPerRack + spare.domains * hostsPerDomain;
}

/** Factor on the cost of `up` hosts for `missing` spare ones, bought at their mean price. */
export function withSpare(up: number, missing: number): number {
  return (up + missing) / up;
}

/** `2 hosts, 1 rack and 1 power domain`; empty when nothing is spare. */
export function spareWords(spare: Spare): string {
  const parts = [
    [spare.hosts, 'host'],
    [spare.racks, 'rack'],
    [spare.domains, 'power domain'],
  ] as const;
  const words = parts.filter(([n]) => n > 0).map(([n, what]) => `${n} ${what}${n === 1 ? '' : 's'}`);
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/**
 * `total` hosts in the shape mix of the plan: share of every shape rounded down, the rest to the largest remainders, first shape first.
 */
export function scaledShapes(shapes: readonly HostShapePlan[], total: number): HostShapePlan[] {
  const whole = shapes.reduce((sum, shape) => sum + shape.count, 0);
  const exact = shapes.map((shape) => (shape.count * total) / whole);
  const counts = exact.map(Math.floor);
  const order = shapes.map((_, at) => at).sort((a, b) => exact[b] - counts[b] - (exact[a] - counts[a]) || a - b);
  const rest = total - counts.reduce((sum, count) => sum + count, 0);
  for (const at of order.slice(0, rest)) counts[at]++;
  return shapes.map((shape, at) => ({ ...shape, count: counts[at] })).filter((shape) => shape.count > 0);
}

/**
 * The same load on other hosts. Requests and best-effort offer are shares of capacity in a plan, so they are scaled back:
 *
 *   share' = share x load x capacity / capacity'
 *
 * `load` multiplies pods, replicas written out by hand (rounded up) and best-effort tasks.
 */
export function planOnHosts(base: Plan, shapes: readonly HostShapePlan[], load: number): Plan {
  assert(shapes.length > 0 && load > 0, 'a plan has hosts and a load');
  const cpu = (own: readonly HostShapePlan[]) => own.reduce((sum, shape) => sum + shape.count * shape.cpuCores, 0);
  const mem = (own: readonly HostShapePlan[]) => own.reduce((sum, shape) => sum + shape.count * shape.memGib, 0);
  const cpuFactor = (load * cpu(base.cluster.shapes)) / cpu(shapes);
  const memFactor = (load * mem(base.cluster.shapes)) / mem(shapes);
  const { online, bestEffort } = base;
  if (load !== 1 && (online.trace !== undefined || bestEffort.trace !== undefined))
    throw new ConfigError(
      `load ${load} cannot be put on an imported trace, which is replayed as it is; use "tidemark trace generate" to scale it`,
    );
  const generated = online.source !== 'none';
  return freezePlan<Plan>({
    ...base,
    cluster: { ...base.cluster, shapes },
    online: {
      ...online,
      pods: Math.round(online.pods * load),
      cpuRequestPercent: online.cpuRequestPercent * (generated ? cpuFactor : 1),
      memRequestPercent: online.memRequestPercent * (generated ? memFactor : 1),
      explicit: online.explicit.map((service) => ({ ...service, replicas: Math.ceil(service.replicas * load) })),
    },
    bestEffort: {
      ...bestEffort,
      tasksPerWeek: Math.round(bestEffort.tasksPerWeek * load),
      offeredPercent: bestEffort.offeredPercent * cpuFactor,
    },
  });
}

/** Candidates of a host count search, most hosts first: risk rises as hosts go. Throws ConfigError for an empty range. */
export function hostCandidates(
  base: Plan,
  range: { readonly from: number; readonly to: number; readonly step: number },
  spare: Spare,
): { readonly counts: readonly number[]; readonly candidates: readonly NamedPlan[] } {
  const { from, to, step } = range;
  if (
    !(Number.isInteger(from) && Number.isInteger(to) && Number.isInteger(step) && from >= 1 && step >= 1 && to >= from)
  )
    throw new ConfigError(
      `hosts ${from}..${to}/${step} is an empty range; give --from below --to and --step of 1 or more`,
    );
  const counts: number[] = [];
  for (let count = to; count >= from; count -= step) counts.push(count);
  const candidates = counts.map((count) => {
    const up = count - hostsMissing(base, spare);
    if (up < 1) throw new ConfigError(`${count} hosts less ${spareWords(spare)} leave none; raise --from`);
    return { name: `${count} hosts`, plan: planOnHosts(base, scaledShapes(base.cluster.shapes, up), 1) };
  });
  return { counts, candidates };
}

/** Candidates of a growth search: months 0..months at a monthly growth of `growthPercent`, on the hosts of the plan. */
export function growthCandidates(base: Plan, growthPercent: number, months: number, spare: Spare): NamedPlan[] {
  if (!(growthPercent > 0)) throw new ConfigError(`--growth is ${growthPercent}; give percent a month above 0`);
  if (!(Number.isInteger(months) && months >= 1)) throw new ConfigError(`--months is ${months}; give 1 or more`);
  const count = base.cluster.shapes.reduce((sum, shape) => sum + shape.count, 0);
  const up = count - hostsMissing(base, spare);
  if (up < 1) throw new ConfigError(`${count} hosts less ${spareWords(spare)} leave none`);
  const shapes = scaledShapes(base.cluster.shapes, up);
  const candidates: NamedPlan[] = [];
  let load = 1;
  for (let month = 0; month <= months; month++) {
    candidates.push({
      name: `month ${month} (load x ${Number(load.toPrecision(3))})`,
      plan: planOnHosts(base, shapes, load),
    });
    load *= 1 + growthPercent / 100;
  }
  return candidates;
}

/**
 * The overrides that turn the scenario of `base` into `plan`, a plan of planOnHosts with the shapes of `base` or fewer. Requests beyond
 * the capacity of all hosts cannot be written in a scenario: such a candidate is refused there.
 */
export function overridesOf(base: Plan, plan: Plan): string[] {
  const counts = new Map(plan.cluster.shapes.map((shape) => [shape.name, shape.count]));
  const { online, bestEffort } = plan;
  const generated =
    base.online.source === 'none'
      ? []
      : [
          `online.pods=${online.pods}`,
          `online.cpuRequestPercent=${online.cpuRequestPercent}`,
          `online.memRequestPercent=${online.memRequestPercent}`,
        ];
  return [
    ...base.cluster.shapes.map(({ name }) => `cluster.hosts.${name}.count=${counts.get(name) ?? 0}`),
    ...generated,
    ...online.explicit.map((service) => `online.explicit.${service.name}.replicas=${service.replicas}`),
    `bestEffort.tasksPerWeek=${bestEffort.tasksPerWeek}`,
    `bestEffort.offeredPercent=${bestEffort.offeredPercent}`,
  ];
}

/** Searches candidates of either kind; null when the runner was stopped. */
export async function searchHosts(
  title: string,
  base: Plan,
  commandHead: string,
  candidates: readonly NamedPlan[],
  request: HostsRequest,
  runner: CellRunner,
  onProgress: (done0to1: number, detail: string) => void,
): Promise<SearchAnswer | null> {
  const { rule, epsilon, confidence } = request;
  const search = await searchPlans(candidates, rule, { epsilon, confidence }, runner, onProgress);
  return search === null ? null : hostsAnswer(title, base, commandHead, candidates, search, runner);
}

/** The answer of a search over plans of planOnHosts: proof and cause; null when the runner was stopped. */
export async function hostsAnswer(
  title: string,
  base: Plan,
  commandHead: string,
  candidates: readonly NamedPlan[],
  search: PlanSearch,
  runner: CellRunner,
): Promise<SearchAnswer | null> {
  const binding = await bindingAt(search, candidates, runner);
  if (binding === undefined) return null;
  const command = (candidate: number, seed: string): string =>
    [commandHead, ...overridesOf(base, candidates[candidate].plan).map((set) => `--set ${set}`), `--seed ${seed}`].join(
      ' ',
    );
  return {
    title,
    search,
    ...proofRuns(search, candidates, command),
    binding,
    gain: null,
    epistemic: null,
    runs: runner.counts(),
  };
}
