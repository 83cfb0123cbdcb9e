/**
 * How much each queue should hold, and how much it must give up for it: guarantees first, then demand, round by round.
 *
 *   ideal starts at min(used, guaranteed) + what may not be taken ; what is left goes to the queues furthest below their
 *   guarantee, in proportion to guarantees, up to maximum and demand ; queues without a guarantee come last, in equal parts
 *   toPreempt = floor((used - killable - keep) x scale) ; keep = max(ideal, min(used + pending, guaranteed))
 *
 * One tree describes one partition. Ties are served in the order of the configuration.
 * Source: Hadoop, PreemptableResourceCalculator, AbstractPreemptableResourceCalculator, TempQueuePerPartition.
 */
import type { Resource, ResourceCalculator } from './resource-calculator.ts';
import { addResources, atLeastNone, multiplyDown, noneLike, subtractResources } from './resource-calculator.ts';

/** A queue of one partition: what is known of it. */
export interface QueueDemand {
  readonly path: string;
  readonly priority: number;
  readonly guaranteed: Resource;
  readonly max: Resource;
  readonly used: Resource;
  /** Of leaves; a parent's is the sum below it. */
  readonly pending: Resource;
  readonly killable: Resource;
  readonly preemptionDisabled: boolean;
  readonly children: readonly QueueDemand[];
}

export interface PreemptionConfig {
  /** Share of the cluster that one round may preempt. */
  readonly totalPerRound: number;
  /** Share of what is wanted that a round asks for: the rest ends by itself. */
  readonly naturalTermination: number;
  /** Over-use up to this share of the guarantee is left alone. */
  readonly maxIgnoredOverCapacity: number;
}

/** A queue and what the computation found. */
export interface QueueIdeal {
  readonly queue: QueueDemand;
  readonly children: readonly QueueIdeal[];
  readonly pending: Resource;
  /** Use above the guarantee that may be taken, and that may not. */
  readonly preemptableExtra: Resource;
  readonly untouchableExtra: Resource;
  ideal: Resource;
  /** What the leaf gives up in this round. */
  obtain: Resource;
}

export function idealAllocation(
  root: QueueDemand,
  cluster: Resource,
  config: PreemptionConfig,
  calculator: ResourceCalculator,
): QueueIdeal {
  const tree = withExtras(root, calculator);
  tree.ideal = root.guaranteed;
  distribute(tree, multiplyDown(cluster, config.totalPerRound), config, calculator);
  return tree;
}

/** Leaves in the order of the configuration. */
export function leavesOf(node: QueueIdeal): QueueIdeal[] {
  return node.children.length === 0 ? [node] : node.children.flatMap(leavesOf);
}

function withExtras(queue: QueueDemand, calculator: ResourceCalculator): QueueIdeal {
  const none = noneLike(queue.used);
  const children = queue.children.map((child) => withExtras(child, calculator));
  const over = subtractResources(queue.used, queue.guaranteed);
  const extra = calculator.compare(over, none, queue.used) < 0 ? none : over;
  const below = children.reduce((sum, child) => addResources(sum, child.preemptableExtra), none);
  const isLeaf = children.length === 0;
  const takable = isLeaf ? (queue.preemptionDisabled ? none : extra) : below;
  const covers = calculator.compare(takable, extra, queue.used) >= 0;
  return {
    queue,
    children,
    pending: isLeaf ? queue.pending : children.reduce((sum, child) => addResources(sum, child.pending), none),
    preemptableExtra: covers ? extra : takable,
    untouchableExtra: covers ? none : subtractResources(extra, takable),
    ideal: none,
    obtain: none,
  };
}

function distribute(
  parent: QueueIdeal,
  allowed: Resource,
  config: PreemptionConfig,
  calculator: ResourceCalculator,
): void {
  if (parent.children.length === 0) return;
  const total = parent.ideal;
  const none = noneLike(total);
  const more = (a: Resource, b: Resource): boolean => calculator.compare(a, b, total) > 0;
  const withGuarantee = parent.children.filter(({ queue }) => more(queue.guaranteed, none));
  const without = parent.children.filter(({ queue }) => !more(queue.guaranteed, none));
  const left = fixpoint(withGuarantee, total, total, false, calculator);
  if (more(left, none)) fixpoint(without, left, total, true, calculator);
  assignPreemption(parent.children, total, allowed, config, calculator);
  for (const child of parent.children) distribute(child, allowed, config, calculator);
}

/** Rounds until nothing is left or nobody wants more; what is left over. */
function fixpoint(
  nodes: readonly QueueIdeal[],
  available: Resource,
  total: Resource,
  ignoreGuarantee: boolean,
  calculator: ResourceCalculator,
): Resource {
  const none = noneLike(total);
  const more = (a: Resource, b: Resource): boolean => calculator.compare(a, b, total) > 0;
  let unassigned = available;
  const hungry: QueueIdeal[] = [];
  for (const node of nodes) {
    const { used, guaranteed } = node.queue;
    const held = guaranteed.map((part, i) => Math.min(part, used[i]));
    node.ideal = more(used, guaranteed) ? addResources(held, node.untouchableExtra) : used;
    unassigned = subtractResources(unassigned, node.ideal);
    if (more(addResources(used, node.pending), node.ideal)) hungry.push(node);
  }
  while (hungry.length > 0 && more(unassigned, none)) {
    const shares = sharesOfGuarantee(hungry, none, ignoreGuarantee);
    const round = unassigned;
    for (const node of mostUnderserved(hungry, total, calculator)) {
      if (!more(unassigned, none)) break;
      hungry.splice(hungry.indexOf(node), 1);
      const offered = calculator.multiplyUp(round, shares.get(node) ?? none);
      const accepted = accept(node, more(offered, unassigned) ? unassigned : offered, total, calculator);
      node.ideal = addResources(node.ideal, accepted);
      unassigned = atLeastNone(subtractResources(unassigned, accepted));
      if (more(accepted, none)) hungry.push(node);
    }
  }
  return unassigned;
}

function sharesOfGuarantee(
  nodes: readonly QueueIdeal[],
  none: Resource,
  ignoreGuarantee: boolean,
): ReadonlyMap<QueueIdeal, Resource> {
  if (ignoreGuarantee) return new Map(nodes.map((node) => [node, none.map(() => 1 / nodes.length)]));
  const sum = nodes.reduce((all, { queue }) => addResources(all, queue.guaranteed), none);
  return new Map(
    nodes.map((node) => [node, node.queue.guaranteed.map((part, i) => (sum[i] === 0 ? 0 : part / sum[i]))]),
  );
}

/** All queues with the smallest key: below the guarantee before the others, higher priority, lower share of the guarantee. */
function mostUnderserved(nodes: readonly QueueIdeal[], total: Resource, calculator: ResourceCalculator): QueueIdeal[] {
  const keyOf = ({ queue, ideal }: QueueIdeal): readonly [number, number, number] => {
    const hasGuarantee = calculator.compare(queue.guaranteed, noneLike(total), total) > 0;
    const share = hasGuarantee ? calculator.ratio(ideal, queue.guaranteed, total) : Number.POSITIVE_INFINITY;
    return [share >= 1 ? 1 : 0, -queue.priority, share];
  };
  const keyed = nodes.map((node) => ({ node, key: keyOf(node) }));
  const [first] = [...keyed].sort((a, b) => compareKeys(a.key, b.key));
  return keyed.filter(({ key }) => compareKeys(key, first.key) === 0).map(({ node }) => node);
}

function compareKeys(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  return 0;
}

/** Part of an offer that a queue takes: up to its maximum and its demand; a leaf also not beyond what it holds or is guaranteed. */
function accept(node: QueueIdeal, offered: Resource, total: Resource, calculator: ResourceCalculator): Resource {
  const smaller = (a: Resource, b: Resource): Resource => (calculator.compare(a, b, total) <= 0 ? a : b);
  const { max, used, guaranteed } = node.queue;
  const wanted = subtractResources(addResources(used, node.pending), node.ideal);
  let accepted = smaller(atLeastNone(subtractResources(max, node.ideal)), smaller(offered, wanted));
  if (node.children.length === 0) {
    const ownCap = calculator.compare(used, guaranteed, total) > 0 ? used : guaranteed;
    accepted = smaller(accepted, atLeastNone(subtractResources(ownCap, node.ideal)));
  }
  const none = noneLike(total);
  if (calculator.compare(accepted, none, total) < 0) return none;
  return smaller(accepted, offered);
}

function assignPreemption(
  children: readonly QueueIdeal[],
  total: Resource,
  allowed: Resource,
  config: PreemptionConfig,
  calculator: ResourceCalculator,
): void {
  const none = noneLike(total);
  const more = (a: Resource, b: Resource): boolean => calculator.compare(a, b, total) > 0;
  const smaller = (a: Resource, b: Resource): Resource => (more(a, b) ? b : a);
  const needed = children
    .filter(({ queue, ideal }) => more(queue.used, ideal))
    .reduce((sum, { queue, ideal }) => addResources(sum, subtractResources(queue.used, ideal)), none);
  const scale = more(needed, allowed) ? calculator.ratio(allowed, needed, total) : 1;
  for (const node of children) {
    const { used, guaranteed, killable, preemptionDisabled } = node.queue;
    const held = subtractResources(used, killable);
    const claimed = smaller(addResources(used, node.pending), guaranteed);
    const keep = more(claimed, node.ideal) ? claimed : node.ideal;
    const toPreempt = more(held, keep) ? multiplyDown(subtractResources(held, keep), scale) : none;
    const isIgnored = !more(used, multiplyDown(guaranteed, 1 + config.maxIgnoredOverCapacity));
    if (node.children.length > 0 || preemptionDisabled || isIgnored || !more(toPreempt, none)) continue;
    const naturally = none.map(() => config.naturalTermination);
    node.obtain = calculator.multiplyUp(toPreempt, naturally);
  }
}
