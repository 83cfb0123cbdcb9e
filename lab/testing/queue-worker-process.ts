/** A process that serves a queue until it is killed: `node queue-worker-process.js URL CODE_VERSION LOCK_MS`. */
import { serveQueue } from '../queue-worker.ts';

const [url, codeVersion, lockMs] = process.argv.slice(2);
const onCell = (name: string): void => void process.stdout.write(`${name}\n`);
await serveQueue(url, {
  codeVersion,
  workers: 1,
  signal: new AbortController().signal,
  lockMs: Number(lockMs),
  onCell,
});
