/** A worker whose jobs do what pools must survive. */
import { serveJobs } from '../serve-jobs.ts';

export type Behaviour =
  | { readonly act: 'double'; readonly value: number }
  | { readonly act: 'throw' | 'exit' | 'eat-memory' | 'spin' };

serveJobs<Behaviour, number>((job, report) => {
  report(0.5);
  switch (job.act) {
    case 'double':
      return { value: 2 * job.value, transfer: [] };
    case 'throw':
      throw new RangeError('this job throws');
    case 'exit':
      return process.exit(3);
    case 'eat-memory': {
      const eaten: number[][] = [];
      for (;;) eaten.push(Array.from({ length: 10_000 }, (_, i) => i + eaten.length));
    }
    case 'spin':
      for (;;) report.length;
  }
});
