/**
 * EASY backfilling on machines with names.
 *
 * The head of the queue reserves the lowest machines that are free at its shadow time, the earliest time with enough of them. A later job
 * starts now when enough machines are free for all of its estimate: any free machine, a reserved one only when the job ends by the
 * shadow time. Jobs take the lowest such machines. Source: Batsim's EASY; Lifka, JSSPP 1995.
 */
import {
  type BackfillPolicy,
  type BatchQueue,
  type BatchStarts,
  shadowTime,
  startHeads,
  startOn,
} from './batch-queue.ts';

function decide(queue: BatchQueue, _state: unknown, out: BatchStarts): void {
  const freeAt = Float64Array.from(queue.freeAt);
  const head = startHeads(queue, freeAt, out);
  if (head >= queue.count) return;
  const shadow = shadowTime(freeAt, queue.now, queue.width[head]);
  const reserved = new Uint8Array(freeAt.length);
  let wanted = queue.width[head];
  for (let machine = 0; machine < freeAt.length && wanted > 0; machine++) {
    if (freeAt[machine] > shadow) continue;
    reserved[machine] = 1;
    wanted--;
  }
  for (let position = head + 1; position < queue.count; position++) {
    const endsBefore = queue.now + queue.estimate[position] <= shadow;
    const usable: number[] = [];
    for (let machine = 0; machine < freeAt.length && usable.length < queue.width[position]; machine++)
      if (freeAt[machine] <= queue.now && (endsBefore || reserved[machine] === 0)) usable.push(machine);
    if (usable.length === queue.width[position]) startOn(queue, position, usable, freeAt, out);
  }
}

export const easy: BackfillPolicy = {
  name: 'easy',
  about: 'backfilling that never delays the head of the queue, which reserves machines by name',
  createState: () => ({ reservations: [] }),
  decide,
};
