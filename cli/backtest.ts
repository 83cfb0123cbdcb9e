/** `tidemark backtest SCENARIO --measured DIR`: a fitted scenario against what was measured on days the fit did not see. */
import { type Command, InvalidArgumentError } from 'commander';
import { ConfigError } from '../policies/base/assert.ts';
import { MS_PER_HOUR } from '../policies/base/units.ts';
import { attended, collect, interrupted, openSession, wholeOrZero } from './lab-session.ts';

interface BacktestCommand {
  readonly measured: string;
  readonly days?: readonly [from: number, to: number];
  readonly startHour: number;
  readonly set: string[];
  readonly out?: string;
  readonly json: boolean;
}

const HOURS_PER_DAY = 24;

/** `20-29` -> days [20, 29) of the trace. */
export function daySpan(text: string): readonly [number, number] {
  const match = /^(\d+)-(\d+)$/.exec(text);
  const [from, to] = match === null ? [0, 0] : [Number(match[1]), Number(match[2])];
  if (to <= from) throw new InvalidArgumentError('give the first day and the one after the last, as 20-29');
  return [from, to];
}

export function register(program: Command): void {
  program
    .command('backtest')
    .description('run a fitted scenario and hold its utilisation against measured days that the fit did not see')
    .argument('<scenario>', 'scenario file, or a library name')
    .requiredOption('--measured <dir>', 'imported trace with the measured use')
    .option(
      '--days <from-to>',
      'days of the trace to compare with, the last not included (default: from day 0 on)',
      daySpan,
    )
    .option('--start-hour <h>', 'hour of the day at which the trace begins', wholeOrZero, 0)
    .option('--set <path=value>', 'override; may be repeated', collect, [])
    .option('--out <file>', 'file to write (default: SCENARIO.backtest.json, which planning reports quote)')
    .option('--json', 'print as JSON', false)
    .action(async (scenario: string, options: BacktestCommand) => {
      process.exitCode = await backtest(scenario, options);
    });
}

async function backtest(name: string, command: BacktestCommand): Promise<number> {
  const [{ BACKTEST_VERSION, compareHours, hoursOfRun, loadHash }, { backtestLines }, { backtestPath }] =
    await Promise.all([import('../lab/backtest.ts'), import('../lab/backtest-text.ts'), import('./backtest-file.ts')]);
  const [{ loadPlan }, { runSeeds }, { writeWhole }, { measuredHours }, { traceIdentity }] = await Promise.all([
    import('../scenarios/load.ts'),
    import('../lab/replications.ts'),
    import('../lab/sweep-table.ts'),
    import('../traces/measured-use.ts'),
    import('../traces/trace-identity.ts'),
  ]);
  if (command.startHour >= HOURS_PER_DAY)
    throw new ConfigError(`--start-hour ${command.startHour}; 0 to 23 is expected`);
  const session = await openSession(name, command.set);
  const { plan, planHash, notes } = await loadPlan(session.scenario, { ...session.load, sets: command.set });
  const firstHour = (command.days?.[0] ?? 0) * HOURS_PER_DAY;
  // The run begins at midnight: where the trace does not, its first hours have no counterpart.
  const lead = (HOURS_PER_DAY - command.startHour) % HOURS_PER_DAY;
  const warmUp = Math.ceil(plan.warmUpMs / MS_PER_HOUR);
  const runHours = Math.floor(plan.horizonMs / MS_PER_HOUR);
  const lastHour = Math.min(
    runHours,
    command.days === undefined ? runHours : (command.days[1] - command.days[0]) * HOURS_PER_DAY,
  );
  const sha256 = traceIdentity(command.measured);
  const fromHour = firstHour + lead + warmUp;
  const toHour = firstHour + lead + lastHour;
  if (toHour - fromHour < HOURS_PER_DAY)
    throw new ConfigError(
      `a backtest needs a day or more after warm-up; horizon and --days leave ${Math.max(0, toHour - fromHour)} hours`,
    );
  const measured = await measuredHours(command.measured, fromHour, toHour);
  const results = await attended(`backtest ${plan.name}`, ({ signal, onProgress }) =>
    runSeeds(
      plan,
      1,
      {
        workers: 1,
        identity: { ...session.identity, planHash },
        notes,
        signal,
        ...(session.replayed === undefined ? {} : { replayed: session.replayed }),
      },
      onProgress,
    ),
  );
  if (results === null) return interrupted('nothing was written');
  const [found] = results;
  const outcome = {
    version: BACKTEST_VERSION,
    scenario: plan.name,
    loadHash: loadHash(plan, measured.of),
    digest: found.manifest.digest,
    of: measured.of,
    measured: { folder: command.measured, sha256, fromHour, toHour },
    hours: measured.hours,
    rows: compareHours(hoursOfRun(found, measured.of, warmUp, lastHour), measured, warmUp % HOURS_PER_DAY),
  };
  const out = command.out ?? backtestPath(session.scenario);
  const json = `${JSON.stringify(outcome, null, 1)}\n`;
  writeWhole(out, json);
  process.stdout.write(command.json ? json : `${backtestLines(outcome).join('\n')}\n${out}\n`);
  return 0;
}
