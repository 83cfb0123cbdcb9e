/** `tidemark trace ...`: foreign traces in, looked at, fitted, generated and fetched. */
import { rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { interrupted } from './lab-session.ts';
import { withProgress } from './progress.ts';

function scales(text: string, earlier: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const match = /^([A-Za-z]+)=([0-9.eE+-]+)$/.exec(text);
  if (match === null || !(Number(match[2]) > 0)) throw new InvalidArgumentError('give name=number, as in cpu=64');
  return { ...earlier, [match[1]]: Number(match[2]) };
}

function numberAbove0(text: string): number {
  if (!(Number(text) > 0)) throw new InvalidArgumentError('give a number above 0');
  return Number(text);
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Adds the commands to the program. */
export function register(program: Command): void {
  const trace = program
    .command('trace')
    .description('read foreign traces, look at them, fit and generate load from them');

  trace
    .command('import')
    .description('read a foreign trace into a folder of parquet files')
    .argument('<format>', 'name of the format; an unknown one lists them')
    .argument('<files...>', 'files or folders of the trace')
    .requiredOption('--out <dir>', 'folder to write')
    .option('--skip-invalid', 'leave invalid rows and missing parts out, counted and listed', false)
    .option(
      '--scale <name=number>',
      'what one unit of a normalised column is worth: cpu in cores, mem in MiB',
      scales,
      {},
    )
    .option('--no-duckdb', 'read large tables without DuckDB')
    .action(async (format: string, files: string[], options) => {
      const [{ partialFolder, runImport }, { describeImport }] = await Promise.all([
        import('../traces/import/run-import.ts'),
        import('../traces/import/import-trace.ts'),
      ]);
      const total = await sizeOf(files);
      let read = 0;
      const { trace } = await removedWhenStopped(partialFolder(options.out), () =>
        withProgress(`import ${format}`, ({ update }) => {
          const onBytes = (bytes: number) => {
            read += bytes;
            update(Math.min(1, read / Math.max(1, total)), `${(read / 1e6).toFixed(0)} MB`);
          };
          const onStep = (step: string, share0to1: number) =>
            update(1, `${(read / 1e6).toFixed(0)} MB read, ${step} ${Math.round(share0to1 * 100)} %`);
          return runImport({ ...options, format, paths: files, onBytes, onStep });
        }),
      );
      print([...describeImport(trace), options.out]);
    });

  trace
    .command('validate')
    .description('read an imported trace, or foreign files as `validate FORMAT FILES...`, and write nothing')
    .argument('<what>', 'folder of an import, or the name of a format')
    .argument('[files...]', 'files of the format')
    .option('--skip-invalid', 'count invalid rows instead of ending at the first', false)
    .option('--scale <name=number>', 'as for import', scales, {})
    .action(async (what: string, files: string[], options) => {
      const { validateTrace } = await import('../traces/validate-trace.ts');
      print(await validateTrace(what, files, options));
    });

  trace
    .command('inspect')
    .description(
      'coverage, gaps, daily and weekly course, use over request, durations, sizes and arrivals of an imported trace',
    )
    .argument('<dir>', 'folder of an import')
    .option('--html <file>', 'write a page with charts')
    .option('--json', 'print the numbers as JSON', false)
    .action(async (dir: string, options) => {
      const [{ inspectTrace }, { inspectionLines }] = await Promise.all([
        import('../traces/inspect.ts'),
        import('../traces/inspect-text.ts'),
      ]);
      const inspection = await inspectTrace(dir);
      print(options.json ? [JSON.stringify(inspection, null, 2)] : inspectionLines(inspection));
      if (options.html === undefined) return;
      const { writeTraceHtml } = await import('./trace-html.ts');
      await writeTraceHtml(inspection, options.html);
      print([options.html]);
    });

  trace
    .command('fit')
    .description(
      'learn services and batch load from an imported trace, with goodness of fit and a test on days it did not see',
    )
    .argument('<dir>', 'folder of an import')
    .requiredOption('--out <file>', 'JSON file to write')
    .option('--days <from-to>', 'days to learn from, the last not included, as 0-20 (default: all)')
    .action(async (dir: string, options) => {
      const [{ fitTrace, fitLines, writeFit }, { parseDays }] = await Promise.all([
        import('../traces/fit-trace.ts'),
        import('../traces/trace-days.ts'),
      ]);
      const fit = await (options.days === undefined ? fitTrace(dir) : fitTrace(dir, parseDays(options.days)));
      await writeFit(fit, options.out);
      print([...fitLines(fit), options.out]);
    });

  trace
    .command('generate')
    .description('draw a trace from a fit, in the format of an import')
    .argument('<fit>', 'file that `trace fit` wrote')
    .requiredOption('--out <dir>', 'folder to write')
    .option('--days <n>', 'length', numberAbove0, 7)
    .option('--services <n>', 'number of services (default: as many as the source)', numberAbove0)
    .option('--hosts <n>', 'number of hosts; services and tasks grow with it unless they are given', numberAbove0)
    .option('--tasks-scale <factor>', 'batch arrivals times this', numberAbove0)
    .option('--growth <percent>', 'growth of all load per 30 days', Number, 0)
    .option(
      '--event <start+days*factor>',
      'a day from the start, a length in days and a factor, as 3+1*1.8 for a holiday; may be repeated',
      (event: string, earlier: readonly string[]) => [...earlier, event],
      [],
    )
    .option('--seed <text>', 'seed', '1')
    .action(async (path: string, options) => {
      const { generateTrace } = await import('../traces/generate-trace.ts');
      print(await generateTrace(path, options.out, options));
    });

  trace
    .command('get')
    .description('fetch a public file from its origin, checked against its sha256')
    .argument('[name]', 'name in the manifest; without one the manifest is listed')
    .option('--out <dir>', 'folder to write to', '.')
    .option('--manifest <file>', 'another manifest')
    .action(async (name: string | undefined, options) => {
      const { getTrace, listTraces } = await import('../traces/get-trace.ts');
      if (name === undefined) print(await listTraces(options.manifest));
      else print(await getTrace(name, options.out, options.manifest));
    });
}

/** Ctrl-C and SIGTERM end the process at once, also in the middle of a query; what lies in `folder` goes first. */
async function removedWhenStopped<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const stop = (): void => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    process.exit(interrupted('nothing was kept'));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    return await work();
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

/** Bytes of files and folders together, for the bar. */
async function sizeOf(paths: readonly string[]): Promise<number> {
  const { readdir } = await import('node:fs/promises');
  const { join } = await import('node:path');
  let bytes = 0;
  for (const path of paths) {
    const one = await stat(path).catch(() => null);
    if (one === null) continue;
    if (!one.isDirectory()) bytes += one.size;
    else
      for (const name of await readdir(path, { recursive: true })) {
        const inner = await stat(join(path, name)).catch(() => null);
        if (inner?.isFile() === true) bytes += inner.size;
      }
  }
  return bytes;
}
