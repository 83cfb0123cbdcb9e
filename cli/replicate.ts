/** `tidemark replicate NAME`: tables other people published, from our simulator, expected beside got. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Table } from '../lab/replicate/table.ts';
import { ConfigError } from '../policies/base/assert.ts';

/** Adds the command and one subcommand a table. Exit code 0 when every compared row agrees, 1 when one differs. */
export function register(program: Command): void {
  const replicate = program
    .command('replicate')
    .description('published tables from our simulator: expected beside got (inputs default to TIDEMARK_DATA)');
  registerOpenb(replicate);
  registerBatsim(replicate);
}

function registerOpenb(replicate: Command): void {
  replicate
    .command('openb')
    .description('GPU packing on the openb cluster (ATC 2023): allocation and fragmentation')
    .option('--nodes <csv>', 'node list')
    .option('--pods <csv>', 'pod list, .gz or plain')
    .option('--arrivals <json>', 'order and rank per seed, .gz or plain; "none" draws them')
    .option('--policy <name>', 'random, dotprod, gpu-clustering, gpu-packing, best-fit or fgd', 'fgd')
    .option('--seed <n>', 'seed', wholeNumber, 42)
    .option('--tune <x>', 'arrivals end at this many times the GPU capacity', positive, 1.3)
    .option('--departures <rule>', 'ignored (as published) or replayed', 'ignored')
    .option('--json', 'print the table as JSON', false)
    .action(async (options) => {
      const [{ openbTable }, { PACKING_POLICIES }, { inputPath }] = await Promise.all([
        import('../lab/replicate/openb-table.ts'),
        import('../policies/packing/packing-policies.ts'),
        import('../lab/replicate/inputs.ts'),
      ]);
      const policy = PACKING_POLICIES[options.policy as string];
      if (policy === undefined) unknown('--policy', options.policy, Object.keys(PACKING_POLICIES));
      if (options.departures !== 'ignored' && options.departures !== 'replayed')
        unknown('--departures', options.departures, ['ignored', 'replayed']);
      const pods = inputPath(options.pods, 'openb/openb_pod_list_default.csv', '--pods');
      // The published arrivals belong to the published list: another list has its own drawn unless they are given.
      const arrivals =
        options.arrivals === 'none' || (options.arrivals === undefined && options.pods !== undefined)
          ? undefined
          : inputPath(options.arrivals, 'openb/expected/arrival_default.json.gz', '--arrivals');
      await show(
        await openbTable({
          nodes: inputPath(options.nodes, 'openb/openb_node_list_gpu_node.csv', '--nodes'),
          pods,
          ...(arrivals === undefined ? {} : { arrivals }),
          policy,
          seed: options.seed,
          tune: options.tune,
          departures: options.departures,
        }),
        options.json,
      );
    });
}

function registerBatsim(replicate: Command): void {
  replicate
    .command('batsim')
    .description('batch scheduling with backfilling on a Batsim workload: waits, slowdowns, machines, energy')
    .option('--workload <json>', 'Batsim workload with delay profiles')
    .option('--policy <name>', 'fcfs, easy, easy-count or conservative', 'easy')
    .option('--machines <n>', 'machines instead of the nb_res of the workload', wholeNumber)
    .option('--watts <w>', 'power of a machine, drawn all the time', positive, 95)
    .option('--json', 'print the table as JSON', false)
    .action(async (options) => {
      const [{ batsimTable }, { BACKFILL_POLICIES }, { inputPath }] = await Promise.all([
        import('../lab/replicate/batsim-table.ts'),
        import('../policies/backfill/backfill-policies.ts'),
        import('../lab/replicate/inputs.ts'),
      ]);
      const policy = BACKFILL_POLICIES[options.policy as string];
      if (policy === undefined) unknown('--policy', options.policy, Object.keys(BACKFILL_POLICIES));
      await show(
        await batsimTable({
          workload: inputPath(options.workload, 'batsim/medium_late.json', '--workload'),
          policy,
          ...(options.machines === undefined ? {} : { machines: options.machines }),
          watts: options.watts,
        }),
        options.json,
      );
    });
}

async function show(table: Table, asJson: boolean): Promise<void> {
  const { tableAgrees, tableText } = await import('../lab/replicate/table.ts');
  const agrees = tableAgrees(table);
  process.stdout.write(asJson ? `${JSON.stringify({ ...table, agrees }, null, 2)}\n` : tableText(table));
  process.exitCode = agrees ? 0 : 1;
}

function unknown(option: string, value: string, known: readonly string[]): never {
  throw new ConfigError(`${option} is "${value}"; known: ${known.join(', ')}`);
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('give a whole number from 0');
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Infinity)) throw new InvalidArgumentError('give a number above 0');
  return value;
}
