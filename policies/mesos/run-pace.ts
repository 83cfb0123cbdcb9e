/**
 * How long the allocator is at work: a run takes time, its offers leave at its end, and what comes meanwhile waits for the next run.
 *
 *   run time = agents looked at x (perAgentUs + frameworks x perAgentFrameworkUs), rounded up to ms
 *   period of batches = allocation interval + run time
 *
 * Upstream's allocator is one actor, so events queue behind a run. Published for a full round over 10,000 agents after 2018-09: 1.06 s with
 * 1,000 frameworks, 2.47 s with 3,000, which is 35 us an agent and 0.07 us an agent and framework; before, 3.2 to 3.4 s with 1,000. Machines
 * differ by a factor of 3. Source: Mesos commits 6ef0df93f, 6abe32f08 and c3f32c5a4, HierarchicalAllocations benchmarks.
 */
import type { Grant, RunCost } from './allocator-state.ts';

export class RunPace {
  /** End of the run under way, or of the last one. */
  busyUntilMs = 0;
  /** Time of the longest run so far. */
  longestMs = 0;
  private readonly cost: RunCost;
  /** Grants of runs that are not over, in order of their ends. */
  private held: { readonly endMs: number; readonly grants: Grant[][] }[] = [];

  constructor(cost: RunCost) {
    this.cost = cost;
  }

  isBusy(nowMs: number): boolean {
    return nowMs < this.busyUntilMs;
  }

  /** Books a run over `agents` that begins now, or when those before it have ended, with what it grants; returns its end. */
  book(agents: number, frameworks: number, grants: Grant[][], nowMs: number): number {
    const { perAgentUs, perAgentFrameworkUs } = this.cost;
    const tookMs = Math.ceil((agents * (perAgentUs + frameworks * perAgentFrameworkUs)) / 1_000);
    this.longestMs = Math.max(this.longestMs, tookMs);
    this.busyUntilMs = Math.max(this.busyUntilMs, nowMs) + tookMs;
    if (grants.length > 0) this.held.push({ endMs: this.busyUntilMs, grants });
    return this.busyUntilMs;
  }

  /** Forgets grants of runs under way that name an agent or a framework which is gone. */
  forget(gone: 'agent' | 'framework', id: string): void {
    for (const { grants } of this.held)
      grants.forEach((run, at) => {
        grants[at] = run.filter((grant) => grant[gone] !== id);
      });
  }

  /** Grants of the runs that are over by now. */
  takeGrantRuns(nowMs: number): Grant[][] {
    const over = this.held.filter(({ endMs }) => endMs <= nowMs);
    if (over.length > 0) this.held = this.held.filter(({ endMs }) => endMs > nowMs);
    return over.flatMap(({ grants }) => grants);
  }
}
