/** Every benchmark case, in the order in which they run. */

import { calendarCase } from './calendar.ts';
import type { BenchCase } from './harness.ts';
import { importGigabyteCase, importMemoryCase } from './import-memory.ts';
import { cellOverheadCase, forkCase, sweepCase, waterLineCase } from './lab.ts';
import { run as runAllocator } from './mesos-allocate.ts';
import { run as runGrowth } from './mesos-growth.ts';
import { physicsCost } from './physics-cost.ts';
import { placementCase } from './placement.ts';
import { openbCase, surfWeekCase } from './published-tables.ts';
import { traceImportCase } from './trace-import.ts';
import { clusterDay, mesosFederation, mesosSaturatedDay, mesosWeek, mixedWeek } from './whole-runs.ts';

export const BENCH_CASES: readonly BenchCase[] = [
  calendarCase('heap'),
  calendarCase('fastpriorityqueue'),
  placementCase('index'),
  placementCase('scan'),
  mixedWeek(),
  clusterDay('day-2000', 2_000),
  clusterDay('day-20000', 20_000),
  physicsCost(),
  sweepCase(1),
  sweepCase(2),
  cellOverheadCase(),
  forkCase(),
  waterLineCase(),
  traceImportCase(),
  importMemoryCase(),
  importGigabyteCase(),
  mesosWeek(),
  mesosSaturatedDay(),
  mesosFederation(),
  openbCase(),
  surfWeekCase(),
  { name: 'mesos-growth', about: 'comparisons of an allocation round, agents x frameworks', run: runGrowth },
  { name: 'mesos-allocate', about: 'one Mesos allocation round, 10,000 agents x 1,000 frameworks', run: runAllocator },
];
