/** `tidemark plan water-line | hosts`: how high, how few. Headroom has a file of its own. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { SearchAnswer } from '../lab/water-line.ts';
import { ConfigError } from '../policies/base/assert.ts';
import { prepareLabFiles, repeatCommand, writeLabFiles } from './lab-files.ts';
import {
  type Attended,
  attended,
  collect,
  figureOf,
  interrupted,
  openSession,
  real,
  refuseOnReplay,
  share,
  whole,
  wholeOrZero,
} from './lab-session.ts';
import { register as registerHeadroom } from './plan-headroom.ts';

interface SearchCommand {
  readonly set: string[];
  readonly figure?: string;
  readonly budget?: number;
  readonly epsilon?: number;
  readonly confidence?: number;
  readonly workers: number;
  readonly out?: string;
  readonly json: boolean;
}
interface WaterLineCommand extends SearchCommand {
  readonly line: string[];
  readonly gainSeeds: number;
  readonly draws: number;
}
interface HostsCommand extends SearchCommand {
  readonly from?: number;
  readonly to?: number;
  readonly step: number;
  readonly growth?: number;
  readonly months: number;
  readonly spareHosts: number;
  readonly spareRacks: number;
  readonly spareDomains: number;
  readonly mixes?: string;
  readonly mixTests: number;
}

const DEFAULT_EPSILON = 0.1;
const DEFAULT_CONFIDENCE = 0.9;
const DEFAULT_LINE = 'koordinator.cpuSuppressThresholdPercent=50..90/5';

function searchOptions(command: Command): Command {
  return command
    .argument('<scenario>', 'scenario file, or a library name such as quickstart')
    .option('--set <path=value>', 'override that holds everywhere; may be repeated', collect, [])
    .option(
      '--figure <name>',
      'a run violates when this figure is above the budget (default: lab.figure of the scenario)',
    )
    .option('--budget <value>', 'in the unit of the figure (default: lab.budget, 1)', real)
    .option('--epsilon <share>', 'share of weeks that may violate (default: lab.epsilon, 0.1)', share)
    .option('--confidence <share>', 'chance that the recommended value is safe (default: lab.confidence, 0.9)', share)
    .option('--workers <n>', 'worker threads', whole, 1)
    .option('--out <dir>', 'folder of results and answer (default: plans/<scenario>-<what>)')
    .option('--json', 'print the answer as JSON', false);
}

export function register(program: Command): void {
  const plan = program.command('plan').description('answers with a confidence: water-lines, host counts, headroom');
  searchOptions(plan.command('water-line'))
    .description('the largest safe value of a water-line')
    .option(
      '--line <path=values>',
      `values to search, the safest first; several move together (default: lab.lines of the scenario, ${DEFAULT_LINE})`,
      collect,
      [],
    )
    .option('--gain-seeds <n>', 'seeds of the comparison with the scenario as written', whole, 8)
    .option('--draws <n>', 'draws of the assumed coefficients at the recommended value', wholeOrZero, 16)
    .action(async (scenario: string, options: WaterLineCommand) => {
      process.exitCode = await waterLine(scenario, options);
    });
  searchOptions(plan.command('hosts'))
    .description('the smallest safe number of hosts, or with --growth the months until the hosts there are run out')
    .option('--from <n>', 'fewest hosts to try', whole)
    .option('--to <n>', 'most hosts to try', whole)
    .option('--step <n>', 'hosts between two tries', whole, 1)
    .option('--growth <percent>', 'growth of the load a month', real)
    .option('--months <n>', 'months to look ahead', whole, 24)
    .option('--spare-hosts <k>', 'hosts that may be down while the load is carried', wholeOrZero, 0)
    .option('--spare-racks <k>', 'racks that may be down while the load is carried', wholeOrZero, 0)
    .option('--spare-domains <k>', 'power domains (physics parameter pduHosts) that may be down', wholeOrZero, 0)
    .option('--mixes <kind>', 'find the cheapest mix too: alone = each host shape by itself, pairs = every two as well')
    .option(
      '--mix-tests <n>',
      'with --mixes: further mixes to test near the cheapest of them; 0 = none',
      wholeOrZero,
      40,
    )
    .action(async (scenario: string, options: HostsCommand) => {
      process.exitCode = await hosts(scenario, options);
    });
  registerHeadroom(plan);
}

/** What a search asks: the command line, else the scenario's `lab` section, else the defaults. */
async function askOf(command: SearchCommand, { lab }: Session, unplaced: boolean) {
  return {
    rule: {
      figure: await figureOf(command.figure ?? lab.figure),
      budget: command.budget ?? lab.budget,
      unplaced,
    },
    epsilon: command.epsilon ?? lab.epsilon ?? DEFAULT_EPSILON,
    confidence: command.confidence ?? lab.confidence ?? DEFAULT_CONFIDENCE,
  };
}

async function waterLine(name: string, command: WaterLineCommand): Promise<number> {
  const [{ planWaterLine, waterLineCandidates }, { factorsOfLab, parseVary }] = await Promise.all([
    import('../lab/water-line.ts'),
    import('../lab/vary.ts'),
  ]);
  const session = await openSession(name, command.set);
  const { gainSeeds, draws } = command;
  const { lines: ofLab } = session.lab;
  const given = command.line.length === 0 && Object.keys(ofLab).length === 0 ? [DEFAULT_LINE] : command.line;
  const lines =
    given.length > 0
      ? given.map((text) => parseVary(text, '--line'))
      : factorsOfLab(ofLab, (path) => session.placeOf(['lab', 'lines', path]));
  refuseOnReplay(
    session,
    lines.map((line) => line.path),
  );
  const request = {
    ...(await askOf(command, session, false)),
    ...{ scenario: session.scenario, shown: name, sets: command.set, lines },
    ...{ gainSeeds, draws, seedsPerDraw: 2 },
  };
  // Refuses what is wrong before a folder is made.
  const { base } = await waterLineCandidates(request, session.load);
  return answer('water-line', base.name, session, command, (runner, at) =>
    planWaterLine(request, session.load, runner, at.onProgress),
  );
}

async function hosts(name: string, command: HostsCommand): Promise<number> {
  const [
    { growthCandidates, hostCandidates, searchHosts, spareWords },
    { mixesOf, parseMixes, searchMixes },
    { loadPlan },
  ] = await Promise.all([import('../lab/hosts.ts'), import('../lab/mixes.ts'), import('../scenarios/load.ts')]);
  const pairs = command.mixes === undefined ? null : parseMixes(command.mixes);
  if (pairs !== null && command.growth !== undefined)
    throw new ConfigError('--mixes finds hosts to buy, --growth asks for the hosts there are; give one');
  const session = await openSession(name, command.set);
  refuseOnReplay(session, ['cluster']);
  const { plan } = await loadPlan(session.scenario, { ...session.load, sets: command.set });
  const now = plan.cluster.shapes.reduce((sum, shape) => sum + shape.count, 0);
  const spare = { hosts: command.spareHosts, racks: command.spareRacks, domains: command.spareDomains };
  const request = { ...(await askOf(command, session, true)), spare };
  const head = repeatCommand(['run', name, ...command.set.flatMap((set) => ['--set', set])]);
  const spared = spareWords(spare) === '' ? '' : `, ${spareWords(spare)} down`;
  if (command.growth !== undefined) {
    const candidates = growthCandidates(plan, command.growth, command.months, spare);
    const title = `plan hosts: months until ${now} hosts run out at ${command.growth} % a month${spared}`;
    return answer('growth', plan.name, session, command, (runner, at) =>
      searchHosts(title, plan, head, candidates, request, runner, at.onProgress),
    );
  }
  const range = { from: command.from ?? Math.ceil(now / 2), to: command.to ?? now, step: command.step };
  const { candidates } = hostCandidates(plan, range, spare);
  const title = `plan hosts: smallest number for the load of ${plan.name} (${now} hosts as written)${spared}`;
  if (pairs !== null) {
    const mixes = mixesOf(plan, pairs);
    return answer('mixes', plan.name, session, command, (runner, at) =>
      searchMixes(title, plan, head, mixes, range, { ...request, mixTests: command.mixTests }, runner, at.onProgress),
    );
  }
  return answer('hosts', plan.name, session, command, (runner, at) =>
    searchHosts(title, plan, head, candidates, request, runner, at.onProgress),
  );
}

type Session = Awaited<ReturnType<typeof openSession>>;
type Runner = import('../lab/cell-runner.ts').CellRunner;

/** Runs a search, prints its answer and keeps it beside the results. Exit code 0, 1 when nothing is safe, 130 when interrupted. */
async function answer(
  what: string,
  name: string,
  session: Session,
  command: SearchCommand,
  search: (runner: Runner, at: Attended) => Promise<SearchAnswer | null>,
): Promise<number> {
  const [{ createCellRunner }, { searchLines }, { writeWhole }] = await Promise.all([
    import('../lab/cell-runner.ts'),
    import('../lab/search-text.ts'),
    import('../lab/sweep-table.ts'),
  ]);
  const out = command.out ?? join('plans', `${name}-${what}`);
  const found = await attended(`plan ${what}`, async (at) => {
    prepareLabFiles();
    const runner = createCellRunner({
      ...session.code,
      dir: join(out, 'cells'),
      workers: command.workers,
      identity: session.identity,
      signal: at.signal,
      onNote: at.onNote,
      ...(session.replayed === undefined ? {} : { replayed: session.replayed }),
    });
    try {
      return await search(runner, at);
    } finally {
      await runner.end();
    }
  });
  if (found === null) return interrupted(`finished runs stay in ${out}; the same command goes on from there`);
  const lines = [...searchLines(found), ...session.backtest];
  const { cells, ...rest } = found.search;
  // Hours are for charts and stay with the cells.
  const kept = [...cells].map(([at, own]) => [at, own.map(({ hours: _, ...cell }) => cell)]);
  const plain = { ...found, backtest: session.backtest, search: { ...rest, cells: Object.fromEntries(kept) } };
  const json = `${JSON.stringify(plain, null, 1)}\n`;
  writeWhole(join(out, 'answer.json'), json);
  writeWhole(join(out, 'answer.txt'), `${lines.join('\n')}\n`);
  const { searchDocument } = await import('../lab/documents/search-document.ts');
  const source = { answer: found, name, command: repeatCommand(), currency: session.currency };
  await writeLabFiles(out, searchDocument(source), session.backtest);
  process.stdout.write(command.json ? json : `${lines.join('\n')}\n${join(out, 'report.html')}\n`);
  return found.search.result.recommended === null ? 1 : 0;
}
