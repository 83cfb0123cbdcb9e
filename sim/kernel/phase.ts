/**
 * The order of what happens inside one millisecond.
 *
 * Ends come before arrivals and placement comes late, so capacity freed in a millisecond is usable in the same one; physics runs
 * before policies look, so they see the instant as it is.
 */
export const PHASE = {
  finish: 0,
  fail: 1,
  arrive: 2,
  physics: 3,
  sense: 4,
  protect: 5,
  place: 6,
  record: 7,
} as const;

export const PHASE_COUNT = 8;
