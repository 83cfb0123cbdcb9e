/**
 * Measures benchmark cases by CPU seconds and peak memory, one process a case, and prints what each was worth.
 *
 *   node dist/bench/harness.js [--full] [case ...]      smoke sizes unless --full
 *
 * Every case has a fixed seed and a result hash: a figure counts only beside the hash of the work that was done. Compare ratios
 * measured in the same sitting; wall time is for people, never for a verdict.
 */
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { YOUNG_GENERATION_MB } from '../lab/job-thread.ts';

export type BenchSize = 'smoke' | 'full';

/** What a case did. */
export interface BenchOutcome {
  readonly resultHash: string;
  /** Units of work done (events, placements, host-windows): the figure to gate on. */
  readonly operations: number;
  /** Where the time went, CPU seconds by name; empty when a case does not tell. */
  readonly parts?: Readonly<Record<string, number>>;
  /** Figures of the case's own, by name with unit. */
  readonly figures?: Readonly<Record<string, number>>;
}

export interface BenchCase {
  readonly name: string;
  readonly about: string;
  /** Takes so long at full size that it runs there only when it is named. */
  readonly byNameOnly?: boolean;
  /** Why the case cannot run here (public data that is not at hand), null when it can. */
  missing?(): string | null;
  run(size: BenchSize): Promise<BenchOutcome> | BenchOutcome;
}

interface Measured extends BenchOutcome {
  readonly name: string;
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly peakMiB: number;
}

const HERE = dirname(fileURLToPath(import.meta.url));

async function casesByName(): Promise<Map<string, BenchCase>> {
  const { BENCH_CASES } = await import('./cases.ts');
  return new Map(BENCH_CASES.map((entry) => [entry.name, entry]));
}

/** Runs one case in this process and prints its measurement as a line of JSON. */
async function measureHere(name: string, size: BenchSize): Promise<void> {
  const entry = (await casesByName()).get(name);
  if (entry === undefined)
    throw new Error(`no benchmark "${name}"; known: ${[...(await casesByName()).keys()].join(', ')}`);
  const startedMs = performance.now();
  const startedCpu = process.cpuUsage();
  const outcome = await entry.run(size);
  const cpu = process.cpuUsage(startedCpu);
  const measured: Measured = {
    name,
    ...outcome,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    wallSeconds: (performance.now() - startedMs) / 1000,
    peakMiB: process.resourceUsage().maxRSS / 1024,
  };
  process.stdout.write(`${JSON.stringify(measured)}\n`);
}

/** Measures a case in a process of its own, so that neither memory nor warm code of another counts. */
export function measure(name: string, size: BenchSize): Measured {
  // As a run's thread in the lab; a young generation is three halves.
  const young = `--max-semi-space-size=${YOUNG_GENERATION_MB / 3}`;
  const output = execFileSync(process.execPath, [young, join(HERE, 'harness.js'), '--one', name, size], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Measured;
}

function print(measured: Measured): void {
  const rate = measured.operations / Math.max(1e-9, measured.cpuSeconds);
  process.stdout.write(
    `${measured.name.padEnd(24)}${measured.cpuSeconds.toFixed(2).padStart(9)} CPU-s ${measured.wallSeconds.toFixed(2).padStart(9)} s ${measured.peakMiB.toFixed(0).padStart(6)} MiB ` +
      `${measured.operations.toExponential(2).padStart(10)} ops ${rate.toExponential(2).padStart(10)} ops/CPU-s  ${measured.resultHash}\n`,
  );
  for (const [name, value] of Object.entries(measured.figures ?? {}))
    process.stdout.write(`    ${name.padEnd(44)}${value.toPrecision(4).padStart(12)}\n`);
  const parts = Object.entries(measured.parts ?? {}).sort((a, b) => b[1] - a[1]);
  for (const [name, seconds] of parts) {
    const share = (100 * seconds) / measured.cpuSeconds;
    process.stdout.write(
      `    ${name.padEnd(28)}${seconds.toFixed(2).padStart(8)} s ${share.toFixed(0).padStart(4)} %\n`,
    );
  }
}

async function main(args: readonly string[]): Promise<void> {
  if (args[0] === '--one') {
    await measureHere(args[1], args[2] as BenchSize);
    return;
  }
  const size: BenchSize = args.includes('--full') ? 'full' : 'smoke';
  const wanted = args.filter((arg) => !arg.startsWith('--'));
  const cases = await casesByName();
  const all = [...cases.values()].filter((entry) => size === 'smoke' || entry.byNameOnly !== true);
  const unknown = wanted.filter((name) => !cases.has(name));
  if (unknown.length > 0) {
    process.stderr.write(`no bench case ${unknown.join(', ')}; there are ${[...cases.keys()].join(', ')}\n`);
    process.exitCode = 2;
    return;
  }
  const names = wanted.length > 0 ? wanted : all.map((entry) => entry.name);
  process.stdout.write(`size ${size}, Node ${process.version}, one process a case\n`);
  for (const name of names) {
    const missing = cases.get(name)?.missing?.() ?? null;
    if (missing === null) print(measure(name, size));
    else process.stdout.write(`${name.padEnd(24)} not run: ${missing}\n`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
