/** Records of the master: schedulers, what its timers wait for, and what it has said. */
import type { FrameworkInfo } from './allocator-records.ts';
import { capabilityBits } from './capabilities.ts';
import type { MasterMessage, Offer, TaskStatus } from './master-messages.ts';
import type { Timer } from './timer-queue.ts';
import { TimerQueue } from './timer-queue.ts';

/** A scheduler as the master sees it. */
export interface FrameworkState {
  info: FrameworkInfo;
  failoverTimeoutMs: number;
  connected: boolean;
  active: boolean;
  /** Changes with every subscription, so that an old failover timer finds nothing. */
  session: number;
}

/** Capabilities of a framework as bits; none for one that is not known. */
export function capabilitiesOf(frameworks: ReadonlyMap<string, FrameworkState>, framework: string): number {
  return capabilityBits(frameworks.get(framework)?.info.capabilities ?? []);
}

/** What a timer ends: an offer that nobody answered, or the wait for the scheduler of an old session. Plain data. */
export type Deadline = { readonly offer: Offer } | { readonly framework: string; readonly session: number };

/** The master's timers, in order of time and creation. */
export class MasterTimers {
  private readonly queue = new TimerQueue<Timer & { readonly deadline: Deadline }>();

  start(timeMs: number, deadline: Deadline): void {
    this.queue.push({ timeMs, rank: 0, sequence: this.queue.nextSequence(), live: true, deadline });
  }

  /** When the next is due; Infinity when none runs. */
  nextMs(): number {
    return this.queue.peek()?.timeMs ?? Number.POSITIVE_INFINITY;
  }

  /** What the next one that is due at `nowMs` ends; undefined when none is. */
  takeDue(nowMs: number): Deadline | undefined {
    return this.queue.popDue(nowMs)?.deadline;
  }
}

/** Messages in the order in which they were said. */
export class Outbox {
  private messages: MasterMessage[] = [];

  push(message: MasterMessage): void {
    this.messages.push(message);
  }

  /** Tells a framework the state of a task. */
  tell(framework: string, status: TaskStatus): void {
    this.push({ type: 'status', framework, status });
  }

  /** Messages since the last call. */
  take(): MasterMessage[] {
    const messages = this.messages;
    if (messages.length > 0) this.messages = [];
    return messages;
  }
}
