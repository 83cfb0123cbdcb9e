/** The loop of a replay: events out of the calendar in the total order, until none is left. */
import { createCalendarEvent, type EventCalendar } from '../../sim/kernel/calendar.ts';

/** Called for every event with its kind, payload and time. */
export type EventHandler = (kind: number, payload: number, timeMs: number) => void;

/** Runs the calendar empty; returns how many events there were. */
export function runCalendar(calendar: EventCalendar, handle: EventHandler): number {
  const event = createCalendarEvent();
  let events = 0;
  while (calendar.pop(event)) {
    events++;
    handle(event.kind, event.payload, event.timeMs);
  }
  return events;
}
