/** Hold model of the calendars: pop the first event, push one a random time later. */
import { createCalendarEvent } from '../sim/kernel/calendar.ts';
import { FpqCalendar } from '../sim/kernel/fpq-calendar.ts';
import { HeapCalendar } from '../sim/kernel/heap-calendar.ts';
import { keyedWord } from '../sim/kernel/random.ts';
import type { BenchCase } from './harness.ts';

/** 10,000 events pending (smoke: 1,000); the engine rarely has more than 40,000. */
export function calendarCase(kind: 'heap' | 'fastpriorityqueue'): BenchCase {
  return {
    name: `calendar-${kind}`,
    about: 'pop and push with 10,000 events pending',
    run(size) {
      const pending = size === 'full' ? 10_000 : 1_000;
      const operations = size === 'full' ? 4_000_000 : 40_000;
      const calendar = kind === 'heap' ? new HeapCalendar() : new FpqCalendar();
      for (let i = 0; i < pending; i++) calendar.push((keyedWord(1, i) >>> 0) % 60_000, i & 7, i, 1, i);
      const event = createCalendarEvent();
      let hash = 0;
      for (let i = 0; i < operations; i++) {
        calendar.pop(event);
        hash = (Math.imul(hash, 31) + event.timeMs + event.entity) | 0;
        calendar.push(event.timeMs + 1 + ((keyedWord(2, i) >>> 0) % 60_000), event.phase, event.entity, 1, i & 0xffff);
      }
      return { resultHash: (hash >>> 0).toString(16).padStart(8, '0'), operations };
    },
  };
}
