/**
 * The set of future events, taken out in the total order (timeMs, phase, entity, seq).
 *
 * Two implementations stand behind this interface: a typed-array heap (default) and one on fastpriorityqueue, and both must pass
 * the same contract test. `seq` counts insertions and orders only events of one entity in one phase of one millisecond.
 */
import { assert } from '../../policies/base/assert.ts';
import { PHASE_COUNT } from './phase.ts';

/** Largest entity number: phase (3 bits) and entity share one exact double with room to spare. */
export const MAX_ENTITY = 1_099_511_627_775;

/** The event last taken out; one object, overwritten by every `pop`. */
export interface CalendarEvent {
  timeMs: number;
  phase: number;
  entity: number;
  kind: number;
  payload: number;
}

/** Plain data from which a calendar can be built again. Rows in pop order. */
export interface CalendarSnapshot {
  readonly count: number;
  readonly timeMs: Float64Array;
  readonly key: Float64Array;
  readonly seq: Float64Array;
  readonly kind: Uint8Array;
  readonly payload: Int32Array;
  readonly nextSeq: number;
}

export interface EventCalendar {
  readonly size: number;
  /** Adds an event. timeMs is a whole number of ticks (1 ms unless the calendar was made finer), not before the last popped time; payload an int32; kind below 256. */
  push(timeMs: number, phase: number, entity: number, kind: number, payload: number): void;
  /** Time of the first event, Infinity when empty. */
  peekTimeMs(): number;
  /** Phase and entity of the first event as one ordered number; see orderKey. */
  peekKey(): number;
  /** Moves the first event into `event`; false when empty. */
  pop(event: CalendarEvent): boolean;
  snapshot(): CalendarSnapshot;
  restore(from: CalendarSnapshot): void;
}

/** (phase, entity) as one number that compares as the pair does. Exact: phase < 8, entity <= MAX_ENTITY. */
export function orderKey(phase: number, entity: number): number {
  return phase * (MAX_ENTITY + 1) + entity;
}

/** Phase of an order key. */
export function phaseOfKey(key: number): number {
  return Math.floor(key / (MAX_ENTITY + 1));
}

/** Checks what both calendars demand of a new event. */
export function checkEvent(timeMs: number, phase: number, entity: number, nowMs: number, ticksPerMs: number): void {
  if (ticksPerMs === 1) assert(Number.isSafeInteger(timeMs), 'event time is an integer number of milliseconds');
  else assert(Math.round(timeMs * ticksPerMs) / ticksPerMs === timeMs, 'event time is a whole number of ticks');
  assert(timeMs >= nowMs, 'event time is not in the past');
  assert(phase >= 0 && phase < PHASE_COUNT, 'event phase is known');
  assert(entity >= 0 && entity <= MAX_ENTITY, 'event entity fits its field');
}

/** An event to pop into. */
export function createCalendarEvent(): CalendarEvent {
  return { timeMs: 0, phase: 0, entity: 0, kind: 0, payload: 0 };
}
