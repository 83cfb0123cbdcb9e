/** `tidemark merge OUT SHARD...`: the shards of one sweep become one table. */
import { join } from 'node:path';
import type { Command } from 'commander';

export function register(program: Command): void {
  program
    .command('merge')
    .description('put the shards of a sweep together (tidemark sweep --shard i/n)')
    .argument('<out>', 'folder of the whole sweep')
    .argument('<shards...>', 'folders of the shards')
    .action(async (out: string, shards: string[]) => {
      const [{ mergeShards }, { sweepLines }] = await Promise.all([
        import('../lab/merge.ts'),
        import('../lab/sweep-text.ts'),
      ]);
      const table = mergeShards(out, shards);
      for (const line of sweepLines(table)) process.stdout.write(`${line}\n`);
      process.stdout.write(`${table.rows.length} runs of ${shards.length} shards; ${join(out, 'table.csv')}\n`);
    });
}
