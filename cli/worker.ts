/** `tidemark worker --queue redis://host:port`: runs cells of sweeps that other machines started. */
import type { Command } from 'commander';
import { collect, whole } from './lab-session.ts';

export function register(program: Command): void {
  program
    .command('worker')
    .description('serve a queue of sweep cells until interrupted (tidemark sweep --queue)')
    .requiredOption('--queue <url>', 'redis://host:port')
    .option('--workers <n>', 'cells at a time, each on a thread of its own', whole, 1)
    .option('--traces <dir>', 'folder with imported traces, found by their hash; may be repeated', collect, [])
    .option('--lock-seconds <n>', 'after which the cell of a dead worker goes to another', whole, 30)
    .action(async (options: { queue: string; workers: number; traces: string[]; lockSeconds: number }) => {
      const [{ queueName }, { serveQueue }, { codeVersion }, { localPlan }, { replayFor }] = await Promise.all([
        import('../lab/queue.ts'),
        import('../lab/queue-worker.ts'),
        import('../lab/code-version.ts'),
        import('./worker-traces.ts'),
        import('./replay.ts'),
      ]);
      const abort = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());
      const version = codeVersion();
      process.stderr.write(`serving ${queueName(version)} with ${options.workers} threads; Ctrl-C ends\n`);
      await serveQueue(options.queue, {
        codeVersion: version,
        workers: options.workers,
        signal: abort.signal,
        lockMs: options.lockSeconds * 1000,
        localPlan: (plan) => localPlan(plan, options.traces),
        replayFor: async (plan) => (await replayFor(plan)).services,
        onCell: (name, ok) => process.stderr.write(`${ok ? 'done' : 'failed'}: ${name}\n`),
      });
      // Connections that wait for their next try must not hold the process.
      process.exit(0);
    });
}
