/**
 * Which submitted applications may start their master: in order, as long as the masters of queue and user fit their limits.
 *
 * An application that does not fit is passed over, later ones may still start. While no application of the queue is active
 * both limits are waived, so that a limit below one master cannot block the queue.
 * Source: Hadoop, AbstractLeafQueue.activateApplications.
 */

interface Submitted {
  readonly id: string;
  readonly user: string;
  readonly amMb: number;
}

export class AmActivation {
  private readonly queueLimitMb: () => number;
  private readonly userLimitMb: (user: string) => number;
  private readonly waiting: Submitted[] = [];
  private readonly active = new Map<string, Submitted>();

  constructor(queueLimitMb: () => number, userLimitMb: (user: string) => number) {
    this.queueLimitMb = queueLimitMb;
    this.userLimitMb = userLimitMb;
  }

  get activeCount(): number {
    return this.active.size;
  }

  get pendingCount(): number {
    return this.waiting.length;
  }

  submit(id: string, user: string, amMb: number): void {
    this.waiting.push({ id, user, amMb });
    this.activate();
  }

  /** The application ended, started or not. */
  finish(id: string): void {
    this.active.delete(id);
    const at = this.waiting.findIndex((application) => application.id === id);
    if (at >= 0) this.waiting.splice(at, 1);
    this.activate();
  }

  /** Starts what fits now; also after limits have changed. */
  activate(): void {
    const queueLimit = this.queueLimitMb();
    for (const application of [...this.waiting]) {
      const { id, user, amMb } = application;
      const running = [...this.active.values()];
      const used = running.reduce((sum, other) => sum + other.amMb, 0);
      const usedByUser = running.reduce((sum, other) => sum + (other.user === user ? other.amMb : 0), 0);
      const waived = this.active.size === 0 || used === 0;
      const fits = used + amMb <= queueLimit && usedByUser + amMb <= this.userLimitMb(user);
      if (!fits && !waived) continue;
      this.waiting.splice(this.waiting.indexOf(application), 1);
      this.active.set(id, application);
    }
  }
}
