/**
 * Who is next: the port that orders clients (roles, or frameworks of one role) for the allocator.
 *
 * A client is a path ("a/b/c"); `add` gives it a small integer by which the hot calls name it. Allocations to inactive
 * clients keep counting. begin() settles the order and next() walks it; allocations made during a walk take effect at the
 * next begin().
 */
import type { ResourceBag } from './resource-bag.ts';
import type { Quantities } from './resource-quantities.ts';

export interface Sorter {
  /** Adds an inactive client and returns its number. Throws InvariantError when the path is a client already. */
  add(path: string): number;
  /** Removes a client with all it holds. */
  remove(client: number): void;
  activate(client: number): void;
  deactivate(client: number): void;
  /** Sets the weight of a path, client or not. Weight > 0. */
  updateWeight(path: string, weight: number): void;
  /** Whether a client is listed in a walk. */
  isActive(client: number): boolean;
  /** Books a bag on an agent and counts `grants` grants, 1 unless told. */
  allocated(client: number, agent: number, bag: ResourceBag, grants?: number): void;
  /** Takes back what was booked. */
  unallocated(client: number, agent: number, bag: ResourceBag): void;
  /** Replaces what was booked by a conversion of it; not a new grant. */
  updateAllocation(client: number, agent: number, before: ResourceBag, after: ResourceBag): void;
  /** Settles the order and goes before its first client. */
  begin(): void;
  /** Next active client of the walk, or -1. */
  next(): number;
  /** Number of a client, or -1. */
  clientOf(path: string): number;
  pathOf(client: number): string;
  /** How many clients, active or not. */
  count(): number;
  /** Weighted dominant share of a client; for a role that is also a parent, of its own part. */
  share(client: number): number;
  /** Scalars held by a client, or by all when `client` is -1; milli-units per name. */
  allocatedQuantities(client: number): Quantities;
}

/** Active clients in order, as paths. */
export function sortedPaths(sorter: Sorter): string[] {
  const paths: string[] = [];
  sorter.begin();
  for (let client = sorter.next(); client >= 0; client = sorter.next()) paths.push(sorter.pathOf(client));
  return paths;
}
