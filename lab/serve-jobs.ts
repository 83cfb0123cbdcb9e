/** The worker's side of a job thread: takes jobs one by one, answers each with a result or with what was thrown. */
import { parentPort, type Transferable } from 'node:worker_threads';
import { assert } from '../policies/base/assert.ts';
import type { Failure, WorkerMessage } from './job-thread.ts';

/** A result and the memory that goes over with it instead of being copied. */
export interface Answer<R> {
  readonly value: R;
  readonly transfer: readonly Transferable[];
}

/** Answers every job that comes with `work`; `report` tells how much of the job is done, 0..1. */
export function serveJobs<P, R>(work: (payload: P, report: (done: number) => void) => Answer<R>): void {
  const port = parentPort;
  assert(port !== null, 'jobs are served inside a worker thread');
  const send = (message: WorkerMessage<R>, transfer: readonly Transferable[]): void =>
    port.postMessage(message, transfer);
  const report = (done: number): void => send({ kind: 'progress', done }, []);
  port.on('message', (payload: P) => {
    try {
      const { value, transfer } = work(payload, report);
      send({ kind: 'done', value }, transfer);
    } catch (error) {
      send({ kind: 'failed', failure: failureOf(error) }, []);
    }
  });
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { error: 'Error', message: String(error), stack: '' };
  return { error: error.name, message: error.message, stack: error.stack ?? '' };
}
