/** `tidemark merge OUT SHARD...`: the shards of one sweep become one table. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { repeatCommand, writeLabFiles } from './lab-files.ts';

export function register(program: Command): void {
  program
    .command('merge')
    .description('put the shards of a sweep together (tidemark sweep --shard i/n)')
    .argument('<out>', 'folder of the whole sweep')
    .argument('<shards...>', 'folders of the shards')
    .action(async (out: string, shards: string[]) => {
      const [{ mergeShards }, { sweepLines }, { sweepDocument }, { cellHours }] = await Promise.all([
        import('../lab/merge.ts'),
        import('../lab/sweep-text.ts'),
        import('../lab/documents/sweep-document.ts'),
        import('../lab/documents/cell-hours.ts'),
      ]);
      const table = mergeShards(out, shards);
      const backtest = table.description.backtest ?? [];
      await writeLabFiles(out, sweepDocument(table, repeatCommand(), cellHours(out, table.description)), backtest);
      for (const line of [...sweepLines(table), ...backtest]) process.stdout.write(`${line}\n`);
      process.stdout.write(`${table.rows.length} runs of ${shards.length} shards; ${join(out, 'report.html')}\n`);
    });
}
