/** `tidemark fuzz`: scenarios drawn by seed, run under watch and run again in other ways; a failure prints what repeats it. */
import type { Command } from 'commander';
import { wholeOrZero } from './lab-session.ts';
import { withProgress } from './progress.ts';

/** Adds the command. */
export function register(program: Command): void {
  program
    .command('fuzz')
    .description('draw small scenarios by seed, run each under the checker and again in other ways; digests must agree')
    .option('--seeds <n>', 'how many seeds', wholeOrZero, 100)
    .option('--from <seed>', 'first seed', wholeOrZero, 0)
    .action(async (options: { seeds: number; from: number }) => {
      process.exitCode = await fuzzCommand(options.seeds, options.from);
    });
}

/** Exit code 0 when every seed held, 1 otherwise. */
async function fuzzCommand(seeds: number, from: number): Promise<number> {
  const { fuzz } = await import('../lab/fuzz.ts');
  const report = await withProgress('fuzz', ({ update }) =>
    fuzz({
      seeds,
      from,
      onSeed(seed, outcome) {
        update((seed - from + 1) / seeds, `seed ${seed} ${outcome.kind}`);
        return true;
      },
    }),
  );
  for (const failure of report.failures)
    process.stdout.write(`seed ${failure.seed} failed: ${failure.message}\n  repeat it: ${failure.command}\n`);
  process.stdout.write(
    `${report.passed} seeds held (${report.events} events), ${report.refused} drew what no cluster can hold, ${report.failures.length} failed\n`,
  );
  return report.failures.length === 0 ? 0 : 1;
}
