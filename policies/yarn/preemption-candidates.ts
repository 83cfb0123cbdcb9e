/**
 * Which containers a queue gives up: first those that borrowed a partition, then the newest applications', masters last.
 *
 * Reserved containers of an application go before its live ones, live ones by priority number and id, both descending.
 * Masters that were set aside follow only while together they hold more than the queue grants to masters.
 * Source: Hadoop, FifoCandidatesSelector, CapacitySchedulerPreemptionUtils.
 */
import type { Resource, ResourceCalculator } from './resource-calculator.ts';
import { addResources, atLeastNone, multiplyDown, noneLike, subtractResources } from './resource-calculator.ts';

export interface PreemptableContainer {
  /** A later container has a higher id. */
  readonly id: number;
  readonly priority: number;
  readonly partition: string;
  readonly size: Resource;
  readonly isAm: boolean;
  readonly isReserved: boolean;
  /** Runs in a partition that its ask did not name. */
  readonly ignoredExclusivity: boolean;
}

export interface PreemptableApplication {
  readonly containers: readonly PreemptableContainer[];
}

/** What one round may still take; shared by all queues. */
export interface RoundBudget {
  left: Resource;
}

/** The order in which live containers of one application go: larger priority number first, newer first. */
export function preemptionOrder<Container extends Pick<PreemptableContainer, 'id' | 'priority'>>(
  containers: readonly Container[],
): Container[] {
  return [...containers].sort((a, b) => b.priority - a.priority || b.id - a.id);
}

/**
 * Containers to preempt of one queue.
 *
 * `applications` stand in the order in which they are served; `obtain` is what to take by partition and is used up.
 */
export function selectCandidates(
  applications: readonly PreemptableApplication[],
  obtain: Map<string, Resource>,
  cluster: Resource,
  amAllowance: Resource,
  budget: RoundBudget,
  calculator: ResourceCalculator,
): PreemptableContainer[] {
  const chosen = new Set<PreemptableContainer>();
  const take = (container: PreemptableContainer): boolean => {
    const wanted = obtain.get(container.partition);
    if (wanted === undefined || !takes(container, wanted, cluster, budget, calculator)) return false;
    chosen.add(container);
    budget.left = subtractResources(budget.left, container.size);
    const after = subtractResources(wanted, container.size);
    if (calculator.compare(after, noneLike(after), cluster) > 0) obtain.set(container.partition, after);
    else obtain.delete(container.partition);
    return true;
  };
  takeBorrowers(applications, [...obtain.keys()], take);
  const masters: PreemptableContainer[] = [];
  for (const { containers } of [...applications].reverse()) {
    if (obtain.size === 0) break;
    const live = preemptionOrder(containers.filter(({ isReserved }) => !isReserved));
    for (const container of [...containers.filter(({ isReserved }) => isReserved), ...live]) {
      if (obtain.size === 0) break;
      if (chosen.has(container)) continue;
      if (container.isAm) masters.push(container);
      else take(container);
    }
  }
  let setAside = masters.reduce((sum, { size }) => addResources(sum, size), noneLike(cluster));
  for (const master of masters) {
    if (obtain.size === 0 || calculator.compare(setAside, amAllowance, cluster) <= 0) break;
    if (take(master)) setAside = subtractResources(setAside, master.size);
  }
  return [...chosen];
}

/** Containers of labelled partitions that asked for none, newest first, until one is not needed. */
function takeBorrowers(
  applications: readonly PreemptableApplication[],
  partitions: readonly string[],
  take: (container: PreemptableContainer) => boolean,
): void {
  const borrowers = applications.flatMap(({ containers }) => containers.filter((one) => one.ignoredExclusivity));
  borrowers.sort((a, b) => b.id - a.id);
  for (const partition of partitions)
    for (const container of borrowers) if (container.partition === partition && !take(container)) break;
}

/** Whether taking the container fits what the round may still take and brings the queue nearer to what it must give up. */
function takes(
  container: PreemptableContainer,
  wanted: Resource,
  cluster: Resource,
  budget: RoundBudget,
  calculator: ResourceCalculator,
): boolean {
  if (!calculator.fits(container.size, budget.left)) return false;
  const after = atLeastNone(subtractResources(wanted, container.size));
  return calculator.compare(after, atLeastNone(wanted), cluster) < 0;
}

/** What masters of a queue may hold: their share of the guarantee. */
export function amAllowance(cluster: Resource, absoluteCapacity: number, amShare: number): Resource {
  return multiplyDown(multiplyDown(cluster, absoluteCapacity), amShare);
}

/** What the application master hears of a selected container. */
export type PreemptionEvent = 'mark' | 'kill';

/**
 * Marks containers when first selected, kills those still selected after the grace period, and forgets those that are not
 * selected for twice that long.
 */
export class PreemptionTimer {
  private readonly maxWaitMs: number;
  private readonly firstMs = new Map<number, number>();

  constructor(maxWaitMs: number) {
    this.maxWaitMs = maxWaitMs;
  }

  /** The events of a round that selected these containers. */
  round(nowMs: number, selected: readonly number[]): { readonly id: number; readonly event: PreemptionEvent }[] {
    const events: { readonly id: number; readonly event: PreemptionEvent }[] = [];
    for (const id of selected) {
      const first = this.firstMs.get(id);
      if (first === undefined) {
        this.firstMs.set(id, nowMs);
        events.push({ id, event: 'mark' });
      } else if (nowMs >= first + this.maxWaitMs) {
        this.firstMs.delete(id);
        events.push({ id, event: 'kill' });
      }
    }
    for (const [id, first] of [...this.firstMs]) if (first + 2 * this.maxWaitMs < nowMs) this.firstMs.delete(id);
    return events;
  }
}
