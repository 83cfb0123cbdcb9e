/** `tidemark replicate NAME`: tables other people published, from our simulator, expected beside got. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { Table } from '../lab/replicate/table.ts';
import { ConfigError } from '../policies/base/assert.ts';
import { whole, wholeOrZero } from './lab-session.ts';

/** Adds the command and one subcommand a table. Exit code 0 when every compared row agrees, 1 when one differs. */
export function register(program: Command): void {
  const replicate = program
    .command('replicate')
    .description('published tables from our simulator: expected beside got (inputs default to TIDEMARK_DATA)');
  registerOpenb(replicate);
  registerOpenbCells(replicate);
  registerBatsim(replicate);
  registerSurfWeek(replicate);
  registerMicro(replicate);
  registerDslab(replicate);
}

function registerOpenb(replicate: Command): void {
  replicate
    .command('openb')
    .description('GPU packing on the openb cluster (ATC 2023): allocation and fragmentation')
    .option('--nodes <csv>', 'node list')
    .option('--pods <csv>', 'pod list, .gz or plain')
    .option(
      '--arrivals <json>',
      'order and rank per seed, .gz or plain (default: those of the list in the public data); "none" draws them',
    )
    .option('--policy <name>', 'random, dotprod, gpu-clustering, gpu-packing, best-fit or fgd', 'fgd')
    .option('--seed <n>', 'seed', wholeOrZero, 42)
    .option('--tune <x>', 'arrivals end at this many times the GPU capacity', positive, 1.3)
    .option('--departures <rule>', 'ignored (as published) or replayed', 'ignored')
    .option('--data <dir>', 'folder of the public data, for inputs that are not named (default: TIDEMARK_DATA)')
    .option('--json', 'print the table as JSON', false)
    .action(async (options) => {
      const [{ openbTable }, { PACKING_POLICIES }, { inputPath, dataFolder }, { withProgress }] = await Promise.all([
        import('../lab/replicate/openb-table.ts'),
        import('../policies/packing/packing-policies.ts'),
        import('../lab/replicate/inputs.ts'),
        import('./progress.ts'),
      ]);
      const names = Object.keys(PACKING_POLICIES) as (keyof typeof PACKING_POLICIES)[];
      const policy = names.find((name) => name === options.policy) ?? unknown('--policy', options.policy, names);
      if (options.departures !== 'ignored' && options.departures !== 'replayed')
        unknown('--departures', options.departures, ['ignored', 'replayed']);
      const pods = inputPath(options.pods, 'openb/openb_pod_list_default.csv', '--pods', options.data);
      const arrivals =
        options.arrivals === 'none'
          ? undefined
          : (options.arrivals ?? publishedArrivals(pods, options.seed, (name) => dataFolder(name, options.data)));
      const nodes = inputPath(options.nodes, 'openb/openb_node_list_gpu_node.csv', '--nodes', options.data);
      const table = await withProgress('openb', ({ update }) =>
        openbTable({
          nodes,
          pods,
          ...(arrivals === undefined ? {} : { arrivals }),
          policy,
          seed: options.seed,
          tune: options.tune,
          departures: options.departures,
          onProgress: update,
        }),
      );
      await show(table, options.json);
    });
}

function registerOpenbCells(replicate: Command): void {
  replicate
    .command('openb-cells')
    .description(
      'every cell of the published openb table: pod lists x policies x seeds, each as `replicate openb` runs it',
    )
    .option('--lists <names...>', 'pod lists (default: all that are published)')
    .option('--policies <names...>', 'policies (default: the five that draw nothing at random)')
    .option('--seeds <from-to>', 'seeds', '42-51')
    .option('--data <dir>', 'folder of the public data, for inputs that are not named (default: TIDEMARK_DATA)')
    .option('--json', 'print the table as JSON', false)
    .action(async (options) => {
      const [{ openbCells, OPENB_LISTS, OPENB_POLICIES, parseSeeds }, { inputPath }, { withProgress }] =
        await Promise.all([
          import('../lab/replicate/openb-cells.ts'),
          import('../lab/replicate/inputs.ts'),
          import('./progress.ts'),
        ]);
      const chosen = <Name extends string>(option: string, known: readonly Name[], given?: readonly string[]) =>
        given?.map((name) => known.find((one) => one === name) ?? unknown(option, name, known));
      const request = {
        folder: inputPath(undefined, 'openb', '--data', options.data),
        lists: chosen('--lists', OPENB_LISTS, options.lists) ?? OPENB_LISTS,
        policies:
          chosen('--policies', OPENB_POLICIES, options.policies) ?? OPENB_POLICIES.filter((name) => name !== 'random'),
        seeds: parseSeeds(options.seeds),
      };
      const table = await withProgress('openb', ({ update }) => openbCells({ ...request, onProgress: update }));
      await show(table, options.json);
    });
}

/** Arrivals published for a list of this name, seeds 42 to 51; undefined when there are none, and then they are drawn. */
function publishedArrivals(
  pods: string,
  seed: number,
  dataFolder: (name: string) => string | null,
): string | undefined {
  if (seed < 42 || seed > 51) return undefined;
  const name = /openb_pod_list_(.+?)\.csv/.exec(basename(pods))?.[1];
  const path = dataFolder(`openb/expected/arrival_${name}.json.gz`);
  return path !== null && existsSync(path) ? path : undefined;
}

function registerBatsim(replicate: Command): void {
  replicate
    .command('batsim')
    .description('batch scheduling with backfilling on a Batsim workload: waits, slowdowns, machines, energy')
    .option('--workload <json>', 'Batsim workload with delay profiles')
    .option('--policy <name>', 'fcfs, easy, easy-count or conservative', 'easy')
    .option('--machines <n>', 'machines instead of the nb_res of the workload', whole)
    .option('--watts <w>', 'power of a machine, drawn all the time', positive, 95)
    .option('--data <dir>', 'folder of the public data, for inputs that are not named (default: TIDEMARK_DATA)')
    .option('--json', 'print the table as JSON', false)
    .action(async (options) => {
      const [{ batsimTable }, { BACKFILL_POLICIES }, { inputPath }] = await Promise.all([
        import('../lab/replicate/batsim-table.ts'),
        import('../policies/backfill/backfill-policies.ts'),
        import('../lab/replicate/inputs.ts'),
      ]);
      const names = Object.keys(BACKFILL_POLICIES) as (keyof typeof BACKFILL_POLICIES)[];
      const policy = names.find((name) => name === options.policy) ?? unknown('--policy', options.policy, names);
      await show(
        await batsimTable({
          workload: inputPath(options.workload, 'batsim/medium_late.json', '--workload', options.data),
          policy,
          ...(options.machines === undefined ? {} : { machines: options.machines }),
          watts: options.watts,
        }),
        options.json,
      );
    });
}

function registerSurfWeek(replicate: Command): void {
  replicate
    .command('opendc-surf-week')
    .description('a week of SURF jobs replayed fragment by fragment: energy, carbon, utilisation, queueing')
    .option('--topology <json...>', 'topologies, one run each (default: the six published runs)')
    .option('--tasks <parquet>', 'tasks')
    .option('--fragments <parquet>', 'fragments')
    .option('--carbon <parquet>', 'carbon trace instead of the one a topology names; "none" leaves carbon out')
    .option('--hosts <n>', 'hosts instead of the count of the topology (published: 100, 150, 200, 277, 279)', whole)
    .option('--progress <rule>', 'no-delay (as published) or perfect', 'no-delay')
    .option(
      '--ties <order>',
      'who goes first of tasks submitted together: duckdb (as in the recomputed figures) or file (as OpenDC reads them)',
      'duckdb',
    )
    .option('--data <dir>', 'folder of the public data, for inputs that are not named (default: TIDEMARK_DATA)')
    .option('--json', 'print the table as JSON', false)
    .action(async (options) => {
      const [{ surfWeekTable }, { TIE_ORDERS }, { inputPath, dataFolder }, { withProgress }] = await Promise.all([
        import('../lab/replicate/opendc-surf-week.ts'),
        import('../lab/replicate/submission-order.ts'),
        import('../lab/replicate/inputs.ts'),
        import('./progress.ts'),
      ]);
      const ties = TIE_ORDERS.find((name) => name === options.ties) ?? unknown('--ties', options.ties, TIE_ORDERS);
      if (options.progress !== 'no-delay' && options.progress !== 'perfect')
        unknown('--progress', options.progress, ['no-delay', 'perfect']);
      const input = (given: string | undefined, name: string, option: string) =>
        inputPath(given, `opendc/${name}`, option, options.data);
      const topology = (name: string) => input(undefined, `topologies/surfsara_${name}.json`, '--topology');
      const given = options.topology as readonly string[] | undefined;
      const topologies =
        given ??
        (options.hosts === undefined
          ? ['linear_NL_100', 'linear_NL_150', 'linear_NL_200', 'linear_NL_279', 'sqrt_AU', 'sqrt_BE']
          : ['linear_NL_279']
        ).map(topology);
      const folder = dataFolder('opendc/carbon_traces', options.data);
      const table = await withProgress('opendc-surf-week', ({ update }) =>
        surfWeekTable({
          tasks: input(options.tasks, 'workload_traces/surf_week/tasks.parquet', '--tasks'),
          fragments: input(options.fragments, 'workload_traces/surf_week/fragments.parquet', '--fragments'),
          runs: topologies.map((path) => ({
            topology: path,
            ...(options.hosts === undefined ? {} : { hosts: options.hosts }),
            ...(options.carbon === undefined ? {} : { carbon: options.carbon === 'none' ? null : options.carbon }),
          })),
          ...(folder === null ? {} : { carbonFolder: folder }),
          progress: options.progress,
          ties,
          onProgress: update,
        }),
      );
      await show(table, options.json);
    });
}

function registerMicro(replicate: Command): void {
  replicate
    .command('opendc-micro')
    .description('small cases of one host: sharing, delay, workflows, failures, energy')
    .option('--cases <json>', 'other cases of the same form')
    .option('--json', 'print the table as JSON', false)
    .action(async (options) => {
      const { microTable } = await import('../lab/replicate/opendc-micro.ts');
      await show(await microTable(options.cases), options.json);
    });
}

function registerDslab(replicate: Command): void {
  replicate
    .command('dslab-placement')
    .description('decisions of ten VM placement policies on four hosts')
    .option('--setup <json>', 'another setup of the same form')
    .option('--json', 'print the table as JSON', false)
    .action(async (options) => {
      const { dslabTable } = await import('../lab/replicate/dslab-placement.ts');
      await show(await dslabTable(options.setup), options.json);
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

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Infinity)) throw new InvalidArgumentError('give a number above 0');
  return value;
}
