/**
 * CSV of use to Parquet: `tidemark trace import` against DuckDB's own copy of the same columns, one thread and 160 MB each.
 *
 * The parts are the figures: import over copy. The file is made first and counts under its own name.
 */
import { createHash } from 'node:crypto';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { keyedWord } from '../sim/kernel/random.ts';
import { runImport } from '../traces/import/run-import.ts';
import { openDuckdb, sqlText } from '../traces/import/usage-duckdb.ts';
import type { BenchCase } from './harness.ts';

const VMS = 5_000;

/** Azure V2 readings: ids of 44 letters, three numbers with all their digits, in the order of time. */
function* readings(rows: number): Generator<string> {
  const ids = Array.from({ length: VMS }, (_, vm) => createHash('sha256').update(String(vm)).digest('base64'));
  const unit = (row: number, part: number) => (keyedWord(part, row) >>> 0) / 4_294_967_296;
  for (let first = 0; first < rows; first += VMS) {
    let text = '';
    for (let row = first; row < Math.min(rows, first + VMS); row++) {
      const mean = 30 * unit(row, 1);
      const [least, most] = [mean * unit(row, 2), mean + 60 * unit(row, 3)];
      text += `${Math.floor(row / VMS) * 300},${ids[row % VMS]},${least},${most},${mean}\n`;
    }
    yield text;
  }
}

export function traceImportCase(): BenchCase {
  return {
    name: 'trace-import',
    about: '10 M rows of csv.gz to Parquet, against DuckDB alone',
    async run(size) {
      const rows = size === 'full' ? 10_000_000 : 20_000;
      const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
      const parts: Record<string, number> = {};
      const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
        const before = process.cpuUsage();
        const found = await work();
        const { user, system } = process.cpuUsage(before);
        parts[name] = (user + system) / 1e6;
        return found;
      };
      try {
        const csv = join(folder, 'vm_cpu_readings-file-1-of-1.csv.gz');
        await timed('making the file', () =>
          pipeline(Readable.from(readings(rows)), createGzip({ level: 1 }), createWriteStream(csv)),
        );
        await timed('DuckDB alone', async () => {
          const connection = await openDuckdb(join(folder, 'tmp'));
          await connection?.run(
            `COPY (SELECT c1 AS id, c0 * 1000 AS timeMs, c4 AS milliCpu, c3 AS peakMilliCpu FROM read_csv(${sqlText(csv)}, header = false, auto_detect = false,
              columns = {'c0': 'DOUBLE', 'c1': 'VARCHAR', 'c2': 'DOUBLE', 'c3': 'DOUBLE', 'c4': 'DOUBLE'})) TO ${sqlText(join(folder, 'own.parquet'))} (FORMAT parquet)`,
          );
          connection?.closeSync();
        });
        const { trace } = await timed('trace import', () =>
          runImport({
            format: 'azure',
            paths: [csv],
            out: join(folder, 'out'),
            skipInvalid: false,
            scale: {},
            duckdb: true,
          }),
        );
        const hash = createHash('sha256').update(JSON.stringify([rows, trace.services?.ids, trace.notes]));
        return { resultHash: hash.digest('hex').slice(0, 16), operations: rows, parts };
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}
