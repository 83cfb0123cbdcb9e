/** `tidemark plan headroom`: how many more replicas of a pod fit. */

import { join } from 'node:path';
import type { Command } from 'commander';
import { ConfigError } from '../policies/base/assert.ts';
import { MS_PER_HOUR } from '../policies/base/units.ts';
import { prepareLabFiles, repeatCommand, writeLabFiles } from './lab-files.ts';
import { attended, collect, interrupted, openSession, real, whole } from './lab-session.ts';

interface HeadroomCommand {
  readonly set: string[];
  readonly service?: string;
  readonly cpu: number;
  readonly mem: number;
  readonly batch: boolean;
  readonly seeds: number;
  readonly workers: number;
  readonly out?: string;
  readonly json: boolean;
}

/** Adds the command below `plan`. */
export function register(plan: Command): void {
  plan
    .command('headroom')
    .description('how many more replicas of a pod fit, hour by hour through a run')
    .argument('<scenario>', 'scenario file, or a library name such as quickstart')
    .option('--set <path=value>', 'override; may be repeated', collect, [])
    .option('--service <name>', 'one more replica of this service, by its rules')
    .option('--cpu <cores>', 'request of a pod of its own', real, 0)
    .option('--mem <mib>', 'request of a pod of its own', real, 0)
    .option('--batch', 'the pod asks for batch-cpu and batch-memory', false)
    .option('--seeds <n>', 'seeds; the least over all counts', whole, 1)
    .option('--workers <n>', 'worker threads', whole, 1)
    .option('--out <dir>', 'write report.html, report.md, table.csv and table.parquet there')
    .option('--json', 'print as JSON', false)
    .action(async (scenario: string, options: HeadroomCommand) => {
      process.exitCode = await headroom(scenario, options);
    });
}

async function headroom(name: string, command: HeadroomCommand): Promise<number> {
  const [{ loadPlan }, { runPool }, { errorOf, seedText, withSeed }, { numberWords, hourWords }] = await Promise.all([
    import('../scenarios/load.ts'),
    import('../lab/pool.ts'),
    import('../lab/replications.ts'),
    import('../lab/words.ts'),
  ]);
  if (command.service === undefined && !(command.cpu > 0 && command.mem > 0))
    throw new ConfigError('plan headroom needs --service NAME, or --cpu CORES and --mem MIB above 0');
  const session = await openSession(name, command.set);
  const { plan } = await loadPlan(session.scenario, { ...session.load, sets: command.set });
  const pod = {
    requestMilliCpu: Math.round(command.cpu * 1000),
    requestMemMib: Math.round(command.mem),
    tier: command.batch ? ('batch' as const) : ('native' as const),
    ...(command.service === undefined ? {} : { service: command.service }),
  };
  const jobs = Array.from({ length: command.seeds }, (_, index) => {
    const seed = seedText(plan.seed, index);
    return { name: `seed ${seed}`, cost: 1, payload: { plan: withSeed(plan, seed), pod } };
  });
  const outcomes = await attended('plan headroom', ({ signal, onProgress }) => {
    if (command.out !== undefined) prepareLabFiles();
    return runPool<unknown, import('../lab/headroom.ts').Headroom>(jobs, {
      workers: command.workers,
      workerUrl: new URL('../lab/headroom-worker.js', import.meta.url),
      workerData: session.replayed === undefined ? {} : { replayed: session.replayed },
      signal,
      onProgress: (job, done) => onProgress((job + done) / jobs.length, jobs[job].name),
    });
  });
  if (outcomes === null) return interrupted('nothing was written');
  const found = outcomes.map((outcome) => {
    if (!outcome.ok) throw errorOf(outcome.failure, outcome.name);
    return { name: outcome.name, ...outcome.value };
  });
  const what =
    command.service ?? `a pod of ${command.cpu} cores and ${command.mem} MiB${command.batch ? ' (batch)' : ''}`;
  if (command.out !== undefined) {
    const { headroomDocument } = await import('../lab/documents/headroom-document.ts');
    const rooms = found.map((room, index) => ({ ...room, seed: jobs[index].payload.plan.seed }));
    const firstHour = Math.floor(plan.warmUpMs / MS_PER_HOUR);
    const source = { name: plan.name, pod: what, command: repeatCommand(), firstHour, rooms };
    await writeLabFiles(command.out, headroomDocument(source), session.backtest);
  }
  if (command.json) {
    process.stdout.write(`${JSON.stringify(found, null, 1)}\n`);
    return 0;
  }
  process.stdout.write(`plan headroom: replicas of ${what} that still fit, at the end of every hour after warm-up\n`);
  for (const room of found)
    process.stdout.write(
      `  ${room.name}: least ${numberWords(room.min)} (${hourWords(room.minHour)}), p5 ${numberWords(room.p5)}, ` +
        `median ${numberWords(room.median)}, p95 ${numberWords(room.p95)} over ${room.perHour.length} hours\n`,
    );
  for (const sentence of session.backtest) process.stdout.write(`${sentence}\n`);
  if (command.out !== undefined) process.stdout.write(`${join(command.out, 'report.html')}\n`);
  return 0;
}
