/**
 * A node whose size is changed while containers run: who has to go, and when.
 *
 *   timeout < 0   nobody; the node only stops allocating
 *   timeout = 0   containers are killed at once, until the rest fits
 *   timeout > 0   masters are told at once; the first heartbeat from the deadline on kills while the rest does not fit
 *
 * Others go before masters, opportunistic containers before guaranteed ones, the newest first. An update that makes room
 * again lifts the deadline. Hadoop before 3.3 never kills.
 * Source: Hadoop, AbstractYarnScheduler, SchedulerNode (YARN-999).
 */

/** A container on the node. Sizes are in any one unit. */
export interface ResizableContainer {
  readonly id: string;
  readonly size: number;
  readonly isAm: boolean;
  readonly isOpportunistic: boolean;
  /** Rising with time of creation. */
  readonly created: number;
}

/** Containers that are killed by this step, and those whose masters are told that they may go. */
export interface ResizeOutcome {
  readonly killed: readonly string[];
  readonly noticed: readonly string[];
}

const NOTHING: ResizeOutcome = { killed: [], noticed: [] };

export class ResizableNode {
  private total: number;
  private containers: readonly ResizableContainer[];
  private deadlineMs = Number.POSITIVE_INFINITY;

  constructor(total: number, containers: readonly ResizableContainer[]) {
    this.total = total;
    this.containers = containers;
  }

  get used(): number {
    return this.containers.reduce((sum, { size }) => sum + size, 0);
  }

  /** Negative while the node is over-committed. */
  get available(): number {
    return this.total - this.used;
  }

  /** The resource manager is told a new size; the same size again changes nothing. */
  resize(nowMs: number, total: number, timeoutMs: number): ResizeOutcome {
    if (total === this.total) return NOTHING;
    this.total = total;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    if (timeoutMs < 0 || this.available >= 0) return NOTHING;
    if (timeoutMs === 0) return { killed: this.shed(), noticed: [] };
    this.deadlineMs = nowMs + timeoutMs;
    return { killed: [], noticed: this.surplus() };
  }

  heartbeat(nowMs: number): ResizeOutcome {
    if (nowMs < this.deadlineMs) return NOTHING;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    return { killed: this.shed(), noticed: [] };
  }

  /** A container ended by itself. */
  complete(id: string): void {
    this.containers = this.containers.filter((container) => container.id !== id);
  }

  private shed(): readonly string[] {
    const killed = this.surplus();
    this.containers = this.containers.filter(({ id }) => !killed.includes(id));
    return killed;
  }

  /** The containers that go first, just enough of them. */
  private surplus(): readonly string[] {
    const order = [...this.containers].sort(
      (a, b) =>
        Number(a.isAm) - Number(b.isAm) ||
        Number(b.isOpportunistic) - Number(a.isOpportunistic) ||
        b.created - a.created,
    );
    const going: string[] = [];
    let available = this.available;
    for (const { id, size } of order) {
      if (available >= 0) break;
      going.push(id);
      available += size;
    }
    return going;
  }
}
