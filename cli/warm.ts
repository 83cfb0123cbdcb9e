/** `tidemark warm SCENARIO --until 2h --out FILE`: a snapshot from which runs and sweeps go on (`--from-snapshot`). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { attended, collect, durationOf, interrupted, openSession } from './lab-session.ts';

interface WarmCommand {
  readonly until: string;
  readonly set: string[];
  readonly seed?: string;
  readonly out?: string;
}

export function register(program: Command): void {
  program
    .command('warm')
    .description(
      'run a cluster warm and keep its state; --from-snapshot goes on from there under other policies or failures',
    )
    .argument('<scenario>', 'scenario file, or a library name such as quickstart')
    .requiredOption('--until <time>', 'simulated time at which the snapshot is taken, such as 24h')
    .option('--set <path=value>', 'override a value of the scenario; may be repeated', collect, [])
    .option('--seed <text>', 'seed instead of the scenario’s')
    .option('--out <file>', 'snapshot file (default: runs/<scenario name>.snapshot)')
    .action(async (scenario: string, options: WarmCommand) => {
      process.exitCode = await warmCommand(scenario, options);
    });
}

async function warmCommand(scenario: string, command: WarmCommand): Promise<number> {
  const sets = command.seed === undefined ? command.set : [...command.set, `seed=${command.seed}`];
  const atMs = await durationOf('--until', command.until);
  const session = await openSession(scenario, sets);
  const [{ loadPlan }, { checkWarmUntil }, { runPool }, { errorOf }] = await Promise.all([
    import('../scenarios/load.ts'),
    import('../lab/fork.ts'),
    import('../lab/pool.ts'),
    import('../lab/replications.ts'),
  ]);
  const { plan, planHash } = await loadPlan(session.scenario, { ...session.load, sets });
  checkWarmUntil(plan, atMs);
  const out = command.out ?? join('runs', `${plan.name}.snapshot`);
  if (existsSync(out)) {
    const { readSnapshotHeader } = await import('../lab/snapshot-file.ts');
    readSnapshotHeader(out);
  }
  const outcomes = await attended(`warm ${plan.name}`, ({ signal, onProgress }) =>
    runPool<unknown, number>(
      [
        {
          name: plan.name,
          cost: 1,
          payload: { plan, planHash, atMs, path: out, ...session.code, ...session.identity },
        },
      ],
      {
        workers: 1,
        workerUrl: new URL('../lab/warm-worker.js', import.meta.url),
        workerData: session.replayed === undefined ? {} : { replayed: session.replayed },
        signal,
        onProgress: (_, done) => onProgress(done, `of ${command.until}`),
      },
    ),
  );
  if (outcomes === null) return interrupted('nothing was written');
  const [outcome] = outcomes;
  if (!outcome.ok) throw errorOf(outcome.failure, plan.name);
  const { numberWords } = await import('../lab/words.ts');
  process.stdout.write(
    `${out}: ${plan.name} at ${command.until}, ${numberWords(outcome.value / 1_048_576)} MiB\n` +
      `go on with: tidemark run ${scenario} --from-snapshot ${out} --set koordinator.cpuSuppressThresholdPercent=70\n`,
  );
  return 0;
}
