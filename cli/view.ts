/** `tidemark view DIR`: a page on this machine that lists runs and sweeps, compares any two and shows what is running. */
import type { Command } from 'commander';
import { wholeOrZero } from './lab-session.ts';

export function register(program: Command): void {
  program
    .command('view')
    .description('a local page over a folder: runs and sweeps, any two compared, running sweeps live; Ctrl-C ends it')
    .argument('[dir]', 'folder that holds runs, sweeps and plans', '.')
    .option('--port <n>', 'port on 127.0.0.1; 0 is a free one', wholeOrZero, 0)
    .action(async (dir: string, options: { readonly port: number }) => {
      await view(dir, options.port);
    });
}

/** Serves until Ctrl-C or SIGTERM; both are the way to end it, so the exit code is 0. */
async function view(dir: string, port: number): Promise<void> {
  const { startViewServer } = await import('./view/server.ts');
  const server = await startViewServer(dir, port);
  process.stdout.write(`${server.url}\n`);
  process.stderr.write('serving this machine alone; Ctrl-C ends it\n');
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await server.close();
}
