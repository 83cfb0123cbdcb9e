/** Runs plans on worker threads and keeps every result: a search asks for many, some of them twice, and may be killed between. */
import { planHash } from '../scenarios/resolve.ts';
import type { RunIdentity } from '../sim/engine/results.ts';
import type { Plan } from '../sim/plan.ts';
import type { RunResults } from '../sim/results/schema.ts';
import type { OnlineServices } from '../traces/format.ts';
import { type CellResult, readCell, sweepLeftovers, writeCell } from './cache.ts';
import { createPool } from './pool.ts';
import { errorOf, RUN_WORKER_URL, runWorkerData } from './replications.ts';
import { runCost } from './run-cost.ts';
import type { CodeIdentity } from './sweep-plan.ts';
import type { RunAnswer, RunJob } from './worker.ts';

export interface CellRunnerOptions extends CodeIdentity {
  /** Folder of the stored results. */
  readonly dir: string;
  readonly workers: number;
  readonly identity: Omit<RunIdentity, 'planHash'>;
  readonly signal: AbortSignal;
  readonly replayed?: OnlineServices;
  readonly onNote?: (text: string) => void;
}

export interface NamedPlan {
  readonly name: string;
  readonly plan: Plan;
}

export interface CellRunner {
  /** Results in the order of the plans; null when the signal stopped it. Throws the error of a run that failed, the run named. */
  run(plans: readonly NamedPlan[], onProgress?: (done0to1: number) => void): Promise<readonly CellResult[] | null>;
  /** One run with its tables, never from disk. */
  runWhole(plan: NamedPlan): Promise<RunResults | null>;
  /** Runs made and results taken from disk so far. */
  counts(): { readonly ran: number; readonly reused: number };
}

/** A runner with threads that stay for the next runs until it is ended. */
export interface ThreadedCellRunner extends CellRunner {
  end(): Promise<void>;
}

/** A runner that stores under `options.dir`; whoever makes it ends it. */
export function createCellRunner(options: CellRunnerOptions): ThreadedCellRunner {
  const { dir, codeVersion, replayVersion } = options;
  sweepLeftovers(dir);
  let ran = 0;
  let reused = 0;
  const pool = createPool<RunJob, RunAnswer>({
    workers: options.workers,
    workerUrl: RUN_WORKER_URL,
    // A search comes back with more runs, however few it asks for at first.
    workerData: runWorkerData(Number.POSITIVE_INFINITY, options.workers, options.replayed),
    signal: options.signal,
  });
  const jobOf = (plan: Plan, hash: string, tables: boolean): RunJob => ({
    plan,
    identity: { ...options.identity, planHash: hash },
    notes: [],
    tables,
  });
  return {
    counts: () => ({ ran, reused }),
    end: () => pool.end(),
    async run(plans, onProgress) {
      const results = new Array<CellResult | undefined>(plans.length);
      const open: { readonly at: number; readonly hash: string }[] = [];
      for (const [at, { plan }] of plans.entries()) {
        const hash = planHash(plan);
        const found = readCell(dir, { codeVersion, replayVersion, planHash: hash });
        if (found.kind === 'found') results[at] = found.result;
        else open.push({ at, hash });
        if (found.kind === 'damaged') options.onNote?.(`${found.path}: ${found.reason}; the run is made again`);
      }
      reused += plans.length - open.length;
      const jobs = open.map(({ at, hash }) => {
        const { name, plan } = plans[at];
        return { name, cost: runCost(plan), payload: jobOf(plan, hash, false) };
      });
      const shares = new Float64Array(open.length);
      const outcomes = await pool.run(jobs, {
        onOutcome: (job, outcome) => {
          if (!outcome.ok) return;
          const { manifest, summary, hours } = outcome.value;
          const result = { seed: manifest.seed, digest: manifest.digest, events: manifest.events, summary, hours };
          writeCell(dir, { codeVersion, replayVersion, planHash: open[job].hash }, result);
          results[open[job].at] = result;
          ran++;
        },
        onProgress: (job, share) => {
          shares[job] = share;
          onProgress?.(shares.reduce((sum, value) => sum + value, 0) / shares.length);
        },
      });
      if (outcomes === null) return null;
      for (const outcome of outcomes) if (!outcome.ok) throw errorOf(outcome.failure, outcome.name);
      return results as CellResult[];
    },
    async runWhole({ name, plan }) {
      const hash = planHash(plan);
      const outcomes = await pool.run([{ name, cost: 1, payload: jobOf(plan, hash, true) }], {});
      if (outcomes === null) return null;
      const [outcome] = outcomes;
      if (!outcome.ok) throw errorOf(outcome.failure, outcome.name);
      return outcome.value.results;
    },
  };
}
