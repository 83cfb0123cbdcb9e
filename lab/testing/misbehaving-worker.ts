/** A worker whose jobs do what pools must survive. */
import { threadId } from 'node:worker_threads';
import { serveJobs } from '../serve-jobs.ts';

export type Behaviour =
  | { readonly act: 'double'; readonly value: number }
  | { readonly act: 'throw' | 'exit' | 'eat-memory' | 'spin' | 'thread-id' };

interface Link {
  readonly next: Link | null;
}

serveJobs<Behaviour, number>((job, report) => {
  report(0.5);
  switch (job.act) {
    case 'double':
      return { value: 2 * job.value, transfer: [] };
    case 'thread-id':
      return { value: threadId, transfer: [] };
    case 'throw':
      throw new RangeError('this job throws');
    case 'exit':
      return process.exit(3);
    case 'eat-memory': {
      // Small objects: on Node 24 a large array at the limit is fatal for the whole process, before the worker can be ended.
      let chain: Link | null = null;
      for (;;) chain = { next: chain };
    }
    case 'spin':
      for (;;) report.length;
  }
});
