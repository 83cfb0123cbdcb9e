/**
 * EASY backfilling that counts machines and ignores which they are: the textbook form.
 *
 * At the head's shadow time some machines beyond its width may be free too: a later job starts now when it ends by the shadow time, or
 * fits into those spare machines. Source: Mu'alem and Feitelson, IEEE TPDS 2001.
 */
import {
  type BackfillPolicy,
  type BatchQueue,
  type BatchStarts,
  freeMachines,
  shadowTime,
  startHeads,
  startOn,
} from './batch-queue.ts';

function decide(queue: BatchQueue, _state: unknown, out: BatchStarts): void {
  const freeAt = Float64Array.from(queue.freeAt);
  const head = startHeads(queue, freeAt, out);
  if (head >= queue.count) return;
  const shadow = shadowTime(freeAt, queue.now, queue.width[head]);
  let spare = -queue.width[head];
  for (let machine = 0; machine < freeAt.length; machine++) if (freeAt[machine] <= shadow) spare++;
  for (let position = head + 1; position < queue.count; position++) {
    const machines = freeMachines(freeAt, queue.now, queue.width[position]);
    if (machines === null) continue;
    const endsBefore = queue.now + queue.estimate[position] <= shadow;
    if (!endsBefore && queue.width[position] > spare) continue;
    startOn(queue, position, machines, freeAt, out);
    if (!endsBefore) spare -= queue.width[position];
  }
}

export const easyCount: BackfillPolicy = {
  name: 'easy-count',
  about: 'backfilling that never delays the head of the queue, counting machines only',
  createState: () => ({ reservations: [] }),
  decide,
};
