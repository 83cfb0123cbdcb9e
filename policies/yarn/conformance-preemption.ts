/** Runs the preemption cases: queue trees of one or several partitions, kill timing, container order. Translation only. */
import { firstDifference } from '../conformance.ts';
import type { Fields } from './conformance-fields.ts';
import { fieldsAt, fieldsOf, flagAt, listAt, numberAt, numberOr, recordsAt, textAt } from './conformance-fields.ts';
import type { PreemptableApplication, PreemptableContainer } from './preemption-candidates.ts';
import { amAllowance, PreemptionTimer, preemptionOrder, selectCandidates } from './preemption-candidates.ts';
import type { PreemptionConfig, QueueDemand, QueueIdeal } from './preemption-ideal.ts';
import { idealAllocation, leavesOf } from './preemption-ideal.ts';
import type { Resource, ResourceCalculator } from './resource-calculator.ts';
import { addResources, DOMINANT, MEMORY_ONLY, multiplyDown, noneLike } from './resource-calculator.ts';

interface Settings extends PreemptionConfig {
  readonly calculator: ResourceCalculator;
  readonly amShare: number;
  readonly observeOnly: boolean;
}

interface NamedApplication extends PreemptableApplication {
  readonly id: string;
  readonly queue: string;
}

/** A case of one tree: what each application gives up, and the extras of queues where they are told. */
export function checkTree(entry: Fields): string {
  const settings = settingsOf(fieldsAt(entry, 'config'));
  const root = treeOf(recordsAt(entry, 'queues'), settings);
  const ideals = idealAllocation(root, root.guaranteed, settings, settings.calculator);
  const got = preempted(new Map([['', ideals]]), applicationsOf(entry), root.guaranteed, settings);
  const expect = fieldsAt(entry, 'expect');
  return checkExpectations(expect, countsOf(got, expect), ideals);
}

/** A case of several partitions, each computed on its own. */
export function checkPartitions(entry: Fields): string {
  const settings = settingsOf(fieldsAt(entry, 'config'));
  const kinds = fieldsAt(entry, 'partitions');
  const sizes = fieldsAt(entry, 'partition_size');
  const cluster = [Object.keys(sizes).reduce((sum, name) => sum + numberAt(sizes, name), 0)];
  const ideals = new Map(
    Object.keys(kinds).map((partition) => {
      const root = partitionTree(entry, partition, numberAt(sizes, partition), textAt(kinds, partition));
      return [partition, idealAllocation(root, cluster, settings, settings.calculator)];
    }),
  );
  const got = preempted(ideals, partitionApplicationsOf(entry), cluster, settings);
  const expect = fieldsAt(entry, 'expect');
  return checkExpectations(expect, countsOf(got, expect), null);
}

/** The state of an upstream test that timing cases refer to by name: testExpireKill takes testDeadzone's successor P04. */
const KNOWN_STATES: Readonly<
  Record<string, { readonly used: readonly number[]; readonly pending: readonly number[] }>
> = { P04: { used: [0, 60, 40], pending: [10, 0, 0] } };
const KNOWN_GUARANTEES = [40, 40, 20];

export function checkKillTiming(entry: Fields): string {
  const input = fieldsAt(entry, 'input');
  const state = KNOWN_STATES[textAt(input, 'same_state_as')];
  if (state === undefined) return `unknown state "${String(input.same_state_as)}"`;
  const leaves = KNOWN_GUARANTEES.map((guaranteed, i) =>
    leafOf('ABC'[i], [guaranteed], [100], [state.used[i]], [state.pending[i]]),
  );
  const settings: Settings = {
    totalPerRound: 1,
    naturalTermination: 1,
    maxIgnoredOverCapacity: 0.1,
    calculator: MEMORY_ONLY,
    amShare: 0,
    observeOnly: false,
  };
  const root = { ...leafOf('root', [100], [100], [100], [10]), children: leaves };
  const ideals = idealAllocation(root, [100], settings, MEMORY_ONLY);
  const applications = leaves.map(({ path, used }, i) => ({
    id: path,
    queue: path,
    containers: containersOf(i * 1_000, used[0], { size: [1], partition: '', firstIsAm: false }),
  }));
  const timer = new PreemptionTimer(numberAt(input, 'max_wait_before_kill_ms'));
  let events = 0;
  const cumulative = listAt(input, 'edit_schedule_at_ms').map((atMs) => {
    const selected = preempted(new Map([['', ideals]]), applications, [100], settings).get('C') ?? [];
    events += timer.round(
      Number(atMs),
      selected.map(({ id }) => id),
    ).length;
    return events;
  });
  return firstDifference(fieldsAt(entry, 'expect').preempt_events_for_C_cumulative, cumulative);
}

export function checkContainerOrder(entry: Fields): string {
  const containers = recordsAt(fieldsAt(entry, 'input'), 'containers').map((container) => ({
    id: numberAt(container, 'id'),
    priority: numberAt(container, 'priority'),
  }));
  const order = preemptionOrder(containers).map(({ id }) => id);
  return firstDifference(fieldsAt(entry, 'expect').order, order);
}

function settingsOf(config: Fields): Settings {
  const named = textAt(config, 'calculator');
  if (named !== 'default' && named !== 'dominant') throw new Error(`unknown calculator "${named}"`);
  return {
    totalPerRound: numberAt(config, 'total_preemption_per_round'),
    naturalTermination: numberAt(config, 'natural_termination_factor'),
    maxIgnoredOverCapacity: numberAt(config, 'max_ignored_over_capacity'),
    calculator: named === 'dominant' ? DOMINANT : MEMORY_ONLY,
    amShare: numberAt(config, 'am_percent'),
    observeOnly: flagAt(config, 'observe_only'),
  };
}

function resourceOf(value: unknown, what: string): Resource {
  if (typeof value === 'number') return [value];
  if (Array.isArray(value) && value.every((part) => typeof part === 'number')) return value;
  throw new Error(`${what} is ${JSON.stringify(value)}, not a resource`);
}

function leafOf(path: string, guaranteed: Resource, max: Resource, used: Resource, pending: Resource): QueueDemand {
  const killable = noneLike(used);
  return { path, guaranteed, max, used, pending, killable, priority: 0, preemptionDisabled: false, children: [] };
}

/** The tree of a flat list of queues whose paths tell the parents. */
function treeOf(queues: readonly Fields[], settings: Settings): QueueDemand {
  const build = (entry: Fields): QueueDemand => {
    const path = textAt(entry, 'path');
    const resource = (name: string): Resource => resourceOf(entry[name], `${path}.${name}`);
    const children = queues.filter((other) => parentOf(textAt(other, 'path')) === path).map(build);
    if (flagAt(entry, 'leaf') !== (children.length === 0))
      throw new Error(`${path} is a leaf or has children, not both`);
    return {
      ...leafOf(path, resource('guaranteed'), resource('max'), resource('used'), resource('pending')),
      priority: numberOr(entry, 'priority', 0),
      preemptionDisabled: flagAt(entry, 'preemption_disabled'),
      children,
    };
  };
  const root = queues.find((entry) => parentOf(textAt(entry, 'path')) === null);
  if (root === undefined) throw new Error('no queue is the root');
  const tree = build(root);
  if (settings.calculator === DOMINANT && tree.guaranteed.length < 2) throw new Error('vcores are missing');
  return tree;
}

function parentOf(path: string): string | null {
  const dot = path.lastIndexOf('.');
  return dot < 0 ? null : path.slice(0, dot);
}

/** One partition of queues that name their parents; a parent that is only named holds the sum of its children. */
function partitionTree(entry: Fields, partition: string, size: number, kind: string): QueueDemand {
  const queues = recordsAt(entry, 'queues');
  const named = new Set(queues.map((queue) => textAt(queue, 'path')));
  const parents = queues.map((queue) => queue.parent).filter((name): name is string => typeof name === 'string');
  const implied = [...new Set(parents)].filter((name) => !named.has(name));
  const build = (path: string, own: Fields | undefined): QueueDemand => {
    const children = queues
      .filter((other) => other.parent === path)
      .map((other) => build(textAt(other, 'path'), other));
    const shares = own === undefined ? undefined : fieldsAt(own, 'by_partition')[partition];
    const at = (name: 'guaranteed' | 'max' | 'used' | 'pending'): Resource =>
      shares === undefined
        ? [children.reduce((sum, child) => sum + child[name][0], 0)]
        : [numberAt(fieldsOf(shares, partition), name)];
    // A partition that lends its room is open to the whole of it for everybody.
    const max = kind === 'non-exclusive' || shares === undefined ? [size] : at('max');
    return {
      ...leafOf(path, at('guaranteed'), max, at('used'), at('pending')),
      preemptionDisabled: own !== undefined && flagAt(own, 'preemption_disabled'),
      children,
    };
  };
  const tops = queues.filter((queue) => queue.parent === null).map((queue) => build(textAt(queue, 'path'), queue));
  const children = [...implied.map((path) => build(path, undefined)), ...tops];
  const used = children.reduce<Resource>((sum, child) => addResources(sum, child.used), [0]);
  return { ...leafOf('root', [size], [size], used, [0]), children };
}

interface ContainerKind {
  readonly size: Resource;
  readonly partition: string;
  readonly firstIsAm: boolean;
  readonly reserved?: boolean;
  readonly ignoredExclusivity?: boolean;
}

function containersOf(firstId: number, count: number, kind: ContainerKind): PreemptableContainer[] {
  return Array.from({ length: count }, (_, i) => ({
    id: firstId + i,
    priority: 1,
    partition: kind.partition,
    size: kind.size,
    isAm: kind.firstIsAm && i === 0,
    isReserved: kind.reserved === true,
    ignoredExclusivity: kind.ignoredExclusivity === true,
  }));
}

function applicationsOf(entry: Fields): NamedApplication[] {
  let nextId = 0;
  const queues = recordsAt(entry, 'queues');
  const applications = recordsAt(entry, 'apps');
  return applications.map((application) => {
    const queue = textAt(application, 'queue');
    const size = resourceOf(application.container_size, 'container_size');
    const live = numberOr(application, 'live_containers', numberOr(application, 'live_units', 0) / size[0]);
    const mates = applications.filter((other) => other.queue === queue).length;
    const reserved = numberOr(queues.find((one) => one.path === queue) ?? {}, 'reserved', 0) / mates / size[0];
    const kind = { size, partition: '' };
    const firstIsAm = flagAt(application, 'first_container_is_am');
    const containers = [
      ...containersOf(nextId, Math.floor(live), { ...kind, firstIsAm }),
      ...containersOf(nextId + live, Math.floor(reserved), { ...kind, firstIsAm: false, reserved: true }),
    ];
    nextId += containers.length;
    return { id: textAt(application, 'id'), queue, containers };
  });
}

function partitionApplicationsOf(entry: Fields): NamedApplication[] {
  let nextId = 0;
  return recordsAt(entry, 'apps').map((application) => {
    const containers: PreemptableContainer[] = [];
    for (const group of recordsAt(application, 'containers')) {
      const firstIsAm = containers.length === 0 && flagAt(application, 'first_container_is_am');
      const kind = {
        size: [1],
        partition: textAt(group, 'partition'),
        firstIsAm,
        ignoredExclusivity: flagAt(group, 'ignore_exclusivity'),
      };
      containers.push(...containersOf(nextId, numberAt(group, 'count'), kind));
      nextId += numberAt(group, 'count');
    }
    return { id: String(application.id), queue: textAt(application, 'queue'), containers };
  });
}

/** Selected containers of every application. */
function preempted(
  ideals: ReadonlyMap<string, QueueIdeal>,
  applications: readonly NamedApplication[],
  cluster: Resource,
  settings: Settings,
): ReadonlyMap<string, readonly PreemptableContainer[]> {
  const { calculator } = settings;
  const budget = { left: multiplyDown(cluster, settings.totalPerRound) };
  const found = new Map<string, PreemptableContainer[]>();
  const [main] = ideals.values();
  for (const { queue } of leavesOf(main)) {
    const obtain = new Map<string, Resource>();
    for (const [partition, root] of ideals) {
      const leaf = leavesOf(root).find((one) => one.queue.path === queue.path);
      if (leaf !== undefined && calculator.compare(leaf.obtain, noneLike(cluster), cluster) > 0)
        obtain.set(partition, leaf.obtain);
    }
    const own = applications.filter((application) => application.queue === queue.path);
    const allowance = amAllowance(cluster, queue.guaranteed[0] / main.queue.guaranteed[0], settings.amShare);
    const chosen = new Set(selectCandidates(own, obtain, cluster, allowance, budget, calculator));
    for (const { id, containers } of own)
      found.set(id, settings.observeOnly ? [] : containers.filter((container) => chosen.has(container)));
  }
  return found;
}

/** Counts of the applications that the case names; those without a container give up none. */
function countsOf(
  found: ReadonlyMap<string, readonly PreemptableContainer[]>,
  expect: Fields,
): Readonly<Record<string, number>> {
  const names = Object.keys(fieldsAt(expect, 'preempted_containers_by_app'));
  return Object.fromEntries(names.map((name) => [name, found.get(name)?.length ?? 0]));
}

function checkExpectations(expect: Fields, counts: Readonly<Record<string, number>>, root: QueueIdeal | null): string {
  for (const [name, wanted] of Object.entries(expect)) {
    let difference = `unknown expectation "${name}"`;
    if (name === 'preempted_containers_by_app') difference = firstDifference(wanted, counts);
    if (name === 'preemptable_extra' && root !== null) difference = checkExtras(wanted, root, 'preemptableExtra');
    if (name === 'untouchable_extra' && root !== null) difference = checkExtras(wanted, root, 'untouchableExtra');
    if (difference !== '') return `${name}: ${difference}`;
  }
  return '';
}

function checkExtras(wanted: unknown, root: QueueIdeal, field: 'preemptableExtra' | 'untouchableExtra'): string {
  const all = (node: QueueIdeal): QueueIdeal[] => [node, ...node.children.flatMap(all)];
  const byPath = new Map(all(root).map((node) => [node.queue.path, node[field]]));
  for (const [path, value] of Object.entries(fieldsAt({ wanted }, 'wanted'))) {
    const difference = firstDifference(resourceOf(value, path), byPath.get(path));
    if (difference !== '') return `${path}: ${difference}`;
  }
  return '';
}
