/** `tidemark sweep SCENARIO --vary path=v1,v2`: a scenario x factors x seeds, one table. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Design } from '../lab/design.ts';
import type { WarmStart } from '../lab/sweep-plan.ts';
import { ConfigError } from '../policies/base/assert.ts';
import type { LabSection } from '../scenarios/load.ts';
import { prepareLabFiles, repeatCommand, writeLabFiles } from './lab-files.ts';
import {
  attended,
  collect,
  durationOf,
  interrupted,
  openSession,
  real,
  refuseOnReplay,
  whole,
  wholeOrZero,
} from './lab-session.ts';

interface SweepCommand {
  readonly vary: string[];
  readonly set: string[];
  readonly factorial: boolean;
  readonly paired: boolean;
  readonly lhs?: number;
  readonly seeds?: number;
  readonly workers: number;
  readonly out?: string;
  readonly shard?: string;
  readonly memory?: number;
  readonly queue?: string;
  readonly runMinutes?: number;
  readonly warmUntil?: string;
  readonly fromSnapshot?: string;
}

export function register(program: Command): void {
  program
    .command('sweep')
    .description('run a scenario over values of its settings and seeds; finished runs are kept and reused')
    .argument('<scenario>', 'scenario file, or a library name such as quickstart')
    .option(
      '--vary <path=values>',
      'values to run, as path=60,65,70 or path=60..70/5; may be repeated (default: lab.vary of the scenario)',
      collect,
      [],
    )
    .option('--set <path=value>', 'override that holds everywhere; may be repeated', collect, [])
    .option('--factorial', 'every combination (the default, unless lab.design says otherwise)', false)
    .option('--paired', 'first values together, second values together, ...', false)
    .option('--lhs <n>', 'latin hypercube of n points between the least and the largest value', wholeOrZero)
    .option('--seeds <n>', 'seeds per point; all points meet the same seeds (default: lab.seeds, 1)', wholeOrZero)
    .option('--workers <n>', 'worker threads', whole, 1)
    .option('--out <dir>', 'folder of the sweep (default: sweeps/<scenario name>)')
    .option('--shard <i/n>', 'run only part i of n; tidemark merge puts the parts together')
    .option('--memory <mb>', 'heap of one worker; a run that needs more fails alone', whole)
    .option('--run-minutes <n>', 'a run that takes longer has run away and fails alone', real)
    .option('--warm-until <time>', 'run every seed warm once and let its points go on from there, such as 24h')
    .option('--from-snapshot <file>', 'go on from a warm cluster (tidemark warm)')
    .option('--queue <url>', 'run on the workers of a queue (redis://host:port; tidemark worker) instead of threads')
    .action(async (scenario: string, options: SweepCommand) => {
      process.exitCode = await sweep(scenario, options);
    });
}

/** Exit code: 0 when every run has a result, 1 when some failed (they are named), 130 when interrupted. */
async function sweep(name: string, command: SweepCommand): Promise<number> {
  const [{ factorsOfLab, parseVary }, { planSweep }, { parseShard, runSweep }] = await Promise.all([
    import('../lab/vary.ts'),
    import('../lab/sweep-plan.ts'),
    import('../lab/sweep.ts'),
  ]);
  const given = command.vary.map((text) => parseVary(text));
  const shard = command.shard === undefined ? undefined : parseShard(command.shard);
  checkDesign(command);
  const session = await openSession(name, command.set);
  const { lab } = session;
  const factors = given.length > 0 ? given : factorsOfLab(lab.vary, (path) => session.placeOf(['lab', 'vary', path]));
  const design = designOf(command, lab);
  refuseOnReplay(
    session,
    factors.map((factor) => factor.path),
  );
  const warm = await warmStart(command, lab.warmUntil);
  const request = {
    scenario: session.scenario,
    sets: command.set,
    factors,
    design,
    seeds: command.seeds ?? lab.seeds,
    ask: { outcomes: lab.outcomes, confidence: lab.confidence },
    backtest: session.backtest,
    ...(warm === undefined ? {} : { warm }),
  };
  const plan = await planSweep(request, session.code, session.load);
  const { queueRuns } = await import('../lab/queue.ts');
  const out = command.out ?? join('sweeps', plan.description.name);
  const { sweepLines } = await import('../lab/sweep-text.ts');
  const { replayVersion } = session.code;
  const replay = replayVersion === '' ? undefined : { base: plan.base, version: replayVersion };
  const outcome = await attended(`sweep ${plan.description.name}`, ({ signal, onProgress, onNote }) => {
    if (shard === undefined) prepareLabFiles();
    return runSweep(plan, out, {
      workers: command.workers,
      identity: session.identity,
      signal,
      onProgress: (done, detail, table) => onProgress(done, detail, () => sweepLines(table())),
      onNote,
      ...(command.queue === undefined
        ? {}
        : { execute: queueRuns(command.queue, session.code.codeVersion, signal, replay) }),
      ...(shard === undefined ? {} : { shard }),
      ...(session.replayed === undefined ? {} : { replayed: session.replayed }),
      ...(command.memory === undefined ? {} : { memoryLimitMb: command.memory }),
      ...(command.runMinutes === undefined ? {} : { runLimitMs: command.runMinutes * 60_000 }),
    });
  });
  if (outcome === null) return interrupted(`finished runs stay in ${out}; the same command goes on from there`);
  const { table, reused, ran, cells } = outcome;
  if (shard === undefined) {
    const { sweepDocument } = await import('../lab/documents/sweep-document.ts');
    const { cellHours } = await import('../lab/documents/cell-hours.ts');
    const document = sweepDocument(table, repeatCommand(), cellHours(out, table.description));
    await writeLabFiles(out, document, session.backtest);
  }
  for (const line of [...sweepLines(table), ...session.backtest]) process.stdout.write(`${line}\n`);
  const rest = shard === undefined ? join(out, 'report.html') : `${out}, shard ${shard.index} of ${shard.count}`;
  process.stdout.write(
    `${cells} runs: ${ran} made, ${reused} taken from disk, ${table.failures.length} failed; ${rest}\n`,
  );
  return table.failures.length === 0 ? 0 : 1;
}

function checkDesign({ factorial, paired, lhs }: SweepCommand): void {
  if ([factorial, paired, lhs !== undefined].filter(Boolean).length > 1)
    throw new ConfigError('--factorial, --paired and --lhs exclude each other; give one');
}

function designOf({ factorial, paired, lhs }: SweepCommand, lab: LabSection): Design {
  if (lhs !== undefined) return { kind: 'lhs', points: lhs };
  if (factorial || paired) return { kind: paired ? 'paired' : 'factorial' };
  return lab.design === 'lhs' ? { kind: 'lhs', points: lab.points } : { kind: lab.design };
}

async function warmStart(command: SweepCommand, ofScenario: number | null): Promise<WarmStart | undefined> {
  const { warmUntil, fromSnapshot: path } = command;
  if (warmUntil !== undefined && path !== undefined)
    throw new ConfigError('--warm-until and --from-snapshot exclude each other; give one');
  if (warmUntil !== undefined) return { kind: 'until', atMs: await durationOf('--warm-until', warmUntil) };
  if (path === undefined) return ofScenario === null ? undefined : { kind: 'until', atMs: ofScenario };
  const { readSnapshotHeader } = await import('../lab/snapshot-file.ts');
  return { kind: 'file', path, header: readSnapshotHeader(path) };
}
