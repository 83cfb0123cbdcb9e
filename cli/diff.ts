/** `tidemark diff A B`: two run directories, compared by running both again. */
import type { Command } from 'commander';
import type { DiffSide } from '../lab/diff.ts';
import { ConfigError } from '../policies/base/assert.ts';
import { MS_PER_HOUR } from '../policies/base/units.ts';
import type { Plan } from '../sim/plan.ts';
import type { RunResults, RunSummary } from '../sim/results/schema.ts';
import type { OnlineServices } from '../traces/format.ts';
import { whole } from './lab-session.ts';
import { withProgress } from './progress.ts';

interface DiffCommand {
  readonly fromSnapshot?: string;
  readonly tasks: number;
  readonly first: boolean;
  readonly json: boolean;
}

export function register(program: Command): void {
  program
    .command('diff')
    .description('the first decision where two runs part, and what followed: decisions, pods, SLO-minutes')
    .argument('<a>', 'run directory')
    .argument('<b>', 'run directory')
    .option('--from-snapshot <file>', 'the snapshot that both runs went on from')
    .option('--tasks <n>', 'tasks named in the list of blame', whole, 10)
    .option('--first', 'stop at the first decision that differs', false)
    .option('--json', 'print as JSON', false)
    .action(async (a: string, b: string, options: DiffCommand) => {
      process.exitCode = await diff(a, b, options, (text) => process.stdout.write(text));
    });
}

interface Read extends DiffSide {
  readonly results: RunResults;
}

/** Exit code 0 when the runs are equal, 1 when they part. */
async function diff(a: string, b: string, command: DiffCommand, write: (text: string) => void): Promise<number> {
  const left = await readSide(a, command.fromSnapshot);
  const right = await readSide(b, command.fromSnapshot);
  if (left.plan.name !== right.plan.name)
    throw new ConfigError(
      `${a} is a run of "${left.plan.name}", ${b} of "${right.plan.name}"; diff compares runs of one scenario`,
    );
  const [manifestA, manifestB] = [left.results.manifest, right.results.manifest];
  if (manifestA.digest === manifestB.digest && manifestA.planHash === manifestB.planHash) {
    write(command.json ? '{"equal":true}\n' : `no difference: digest ${manifestA.digest} in both\n`);
    return 0;
  }
  const [{ diffRuns }, { blameRuns }, { blameLines }, { forkObstacles }] = await Promise.all([
    import('../lab/diff.ts'),
    import('../lab/blame.ts'),
    import('../lab/blame-text.ts'),
    import('../lab/fork.ts'),
  ]);
  const difference = await withProgress('diff', (progress) =>
    diffRuns(left, right, (done) => progress.update(done, 'both runs')),
  );
  // Pods and tasks go by the same numbers in both runs only where both meet the same load.
  const otherWorld = forkObstacles(left.plan, right.plan);
  const outcomes = outcomesOf(left.results.summary, right.results.summary);
  if (difference.equal) {
    write(
      command.json
        ? `${JSON.stringify({ equal: true, otherCode: true, outcomes }, null, 1)}\n`
        : `${difference.lines.join('\n')}\nthe directories differ, but this version of the code runs both plans alike: one was made by other code\n`,
    );
    return 0;
  }
  let blame: import('../lab/blame.ts').Blame | null = null;
  if (!command.first && otherWorld.length === 0)
    blame = await withProgress('blame', (progress) =>
      blameRuns(left, right, command.tasks, (done) => progress.update(done, 'both runs')),
    );
  if (command.json) {
    write(`${JSON.stringify({ ...difference, outcomes, blame }, null, 1)}\n`);
    return 1;
  }
  const lines = [
    ...difference.lines,
    ...outcomes.map(({ figure, a: x, b: y }) => `  ${figure}: ${x} -> ${y}`),
    ...(blame === null ? [] : blameLines(blame, a, b)),
  ];
  if (otherWorld.length > 0 && !command.first)
    lines.push(
      `what followed is not put down to decisions: the runs meet different worlds (${otherWorld.slice(0, 3).join(', ')}), and their pods and tasks are not the same`,
    );
  write(`${lines.join('\n')}\n`);
  return 1;
}

function outcomesOf(a: RunSummary, b: RunSummary) {
  return (Object.keys(a) as (keyof RunSummary)[])
    .map((figure) => ({ figure, a: a[figure], b: b[figure] }))
    .filter((outcome) => outcome.a !== outcome.b);
}

async function readSide(dir: string, snapshot: string | undefined): Promise<Read> {
  const [{ readRun }, { prepare }] = await Promise.all([
    import('../sim/results/store.ts'),
    import('../lab/run-plan.ts'),
  ]);
  const results = await readRun(dir);
  const plan = results.plan as Plan;
  const replayed =
    plan.online.source === 'replay' ? (await (await import('./replay.ts')).replayFor(plan)).services : undefined;
  const { continuedFrom } = results.manifest;
  if (continuedFrom !== undefined)
    return { label: dir, plan, results, start: await startOfFork(dir, results, snapshot, replayed) };
  if (snapshot !== undefined)
    throw new ConfigError(`${dir} began at time 0 and not from ${snapshot}; leave --from-snapshot out`);
  const options = replayed === undefined ? {} : { replayed };
  return { label: dir, plan, results, start: (sink) => prepare(plan, { ...options, sink }).engine };
}

/** A run that went on from a snapshot starts from it again. */
async function startOfFork(
  dir: string,
  { manifest, plan }: RunResults,
  snapshot: string | undefined,
  replayed: OnlineServices | undefined,
): Promise<DiffSide['start']> {
  const from = manifest.continuedFrom;
  if (snapshot === undefined)
    throw new ConfigError(
      `${dir} went on from a snapshot at ${Number(from?.atMs) / MS_PER_HOUR} h; name it with --from-snapshot FILE`,
    );
  const [{ checkFork, forkRun, openFork }, { codeVersion, replayVersion }] = await Promise.all([
    import('../lab/fork.ts'),
    import('../lab/code-version.ts'),
  ]);
  const base = openFork(snapshot, replayed);
  const code = { codeVersion: codeVersion(), replayVersion: replayVersion(replayed) };
  checkFork(snapshot, base.header, plan as Plan, code);
  if (base.header.planHash !== from?.planHash || base.header.atMs !== from.atMs)
    throw new ConfigError(`${dir} went on from another snapshot than ${snapshot}; name the one it was made from`);
  return (sink) => forkRun(base, plan as Plan, { sink });
}
