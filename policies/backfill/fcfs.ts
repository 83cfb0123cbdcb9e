/** First come, first served: the head of the queue waits for enough machines, and everyone waits behind it. */
import { type BackfillPolicy, startHeads } from './batch-queue.ts';

export const fcfs: BackfillPolicy = {
  name: 'fcfs',
  about: 'strict order of arrival, no backfilling',
  createState: () => ({ reservations: [] }),
  decide(queue, _state, out) {
    startHeads(queue, Float64Array.from(queue.freeAt), out);
  },
};
