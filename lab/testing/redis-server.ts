/** A redis-server of the tests' own, on a free port, with nothing kept on disk. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';

/** Whether the program is here; says on stderr what is skipped when it is not. */
export function hasRedis(skipped: string): boolean {
  const isHere = spawnSync('redis-server', ['--version']).status === 0;
  if (!isHere) process.stderr.write(`skipped: ${skipped}; no redis-server here (apt-get install -y redis-server)\n`);
  return isHere;
}

/** A port of 127.0.0.1 on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Starts a server that works in `dir`, and waits until it answers; the caller ends the process. */
export async function startRedis(dir: string): Promise<{ readonly url: string; readonly process: ChildProcess }> {
  const port = `${await freePort()}`;
  const options = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir];
  const server = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise<void>((resolve) =>
    server.stdout.on('data', (text: Buffer) => {
      if (text.toString().includes('Ready to accept')) resolve();
    }),
  );
  return { url: `redis://127.0.0.1:${port}`, process: server };
}
