/**
 * One leaf queue on the heartbeat of a node: at most one container, for the first application in order that may have one.
 *
 * Applications are served first in, first out, users up to their limit, the queue up to its maximum. A container that does
 * not fit the node reserves it: the whole container counts as used until it starts there. A node holds one reservation and
 * serves nothing else meanwhile. Memory in MB, asks without locality.
 * Source: Hadoop, AbstractLeafQueue.assignContainers, RegularContainerAllocator; reservations do not look at other nodes.
 */
import { fail } from '../base/assert.ts';
import { type QueueSettings, queueMaxMb, type UserUse, userLimitMb } from './queue-limits.ts';

/** A node as far as this queue knows it. */
export interface LeafNode {
  readonly totalMb: number;
  freeMb: number;
  reserved: { readonly application: LeafApplication; readonly mb: number } | null;
}

export interface LeafApplication {
  readonly id: string;
  readonly user: string;
  /** Size of the containers asked for, and how many are outstanding, reserved ones included. */
  askMb: number;
  outstanding: number;
  liveMb: number;
  reservedContainers: number;
  reservedMb: number;
  /** Visits to reserved nodes that had no room yet: they let a starved ask reserve once more. */
  reReservations: number;
}

export type Assignment = 'allocated' | 'reserved' | 'unreserved' | 'none';

/** Largest container of the cluster, against which asks count as large. */
const DEFAULT_MAX_ALLOCATION_MB = 8_192;

export class LeafQueue {
  settings: QueueSettings;
  readonly applications: LeafApplication[] = [];
  private readonly weights: ReadonlyMap<string, number>;
  private readonly maxAllocationMb: number;

  constructor(
    settings: QueueSettings,
    weights: ReadonlyMap<string, number>,
    maxAllocationMb = DEFAULT_MAX_ALLOCATION_MB,
  ) {
    this.settings = settings;
    this.weights = weights;
    this.maxAllocationMb = maxAllocationMb;
  }

  /** Everything held, reservations included. */
  get usedMb(): number {
    return this.applications.reduce((sum, { liveMb, reservedMb }) => sum + liveMb + reservedMb, 0);
  }

  submit(id: string, user: string): LeafApplication {
    const application = {
      id,
      user,
      askMb: 0,
      outstanding: 0,
      liveMb: 0,
      reservedContainers: 0,
      reservedMb: 0,
      reReservations: 0,
    };
    this.applications.push(application);
    return application;
  }

  /** A heartbeat: one container started, or reserved, or neither. */
  assign(node: LeafNode): Assignment {
    if (node.reserved !== null) return this.visitReservation(node);
    for (const application of this.applications) {
      if (application.outstanding === 0) continue;
      const limitMb = queueMaxMb(this.settings);
      if (this.usedMb >= limitMb) return 'none';
      if (this.isUserOverLimit(application.user)) continue;
      // Beyond the head-room of the queue nobody later in order is asked.
      if (application.askMb > limitMb - this.usedMb) return 'none';
      if (application.askMb > node.totalMb || !this.mayHaveAnother(application)) continue;
      if (application.askMb <= node.freeMb) return this.start(application, node, application.askMb);
      node.reserved = { application, mb: application.askMb };
      application.reservedContainers++;
      application.reReservations = 0;
      application.reservedMb += application.askMb;
      return 'reserved';
    }
    return 'none';
  }

  /** A container of the application ended on the node. */
  complete(application: LeafApplication, node: LeafNode, mb: number): void {
    application.liveMb -= mb;
    node.freeMb += mb;
  }

  private visitReservation(node: LeafNode): Assignment {
    const { application, mb } = node.reserved ?? fail('the node holds a reservation');
    if (application.outstanding > 0 && mb > node.freeMb) {
      application.reReservations++;
      return 'reserved';
    }
    node.reserved = null;
    application.reservedContainers--;
    application.reservedMb -= mb;
    if (application.outstanding === 0) return 'unreserved';
    return this.start(application, node, mb);
  }

  private start(application: LeafApplication, node: LeafNode, mb: number): Assignment {
    application.outstanding--;
    application.liveMb += mb;
    node.freeMb -= mb;
    return 'allocated';
  }

  /** More containers than are reserved are wanted, or the reserved ones have been waited for long enough. */
  private mayHaveAnother(application: LeafApplication): boolean {
    const { askMb, outstanding, reservedContainers, reReservations } = application;
    if (reservedContainers === 0) return true;
    const largest = this.maxAllocationMb;
    const size = Math.min(askMb / largest, (largest - this.settings.minAllocationMb) / largest);
    const starvation = Math.trunc((reReservations / reservedContainers) * (1 - size));
    return starvation + outstanding - reservedContainers > 0;
  }

  private isUserOverLimit(user: string): boolean {
    const users = this.users();
    const own = users.get(user) ?? fail(`user ${user} has an application`);
    // Strictly more: the new container is not counted, a user may pass its limit by one.
    return own.usedMb > userLimitMb(this.settings, [...users.values()], own.weight);
  }

  private users(): Map<string, UserUse> {
    const users = new Map<string, UserUse>();
    for (const { user, liveMb, reservedMb, outstanding } of this.applications) {
      const before = users.get(user);
      users.set(user, {
        usedMb: (before?.usedMb ?? 0) + liveMb + reservedMb,
        weight: this.weights.get(user) ?? 1,
        active: before?.active === true || outstanding > 0,
      });
    }
    return users;
  }
}
