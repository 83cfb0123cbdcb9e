/** The tables of a report about one run. */
import type { RunFacts } from './facts.ts';
import { cores, dayHour, duration, figures, fixed, memory, percent } from './format.ts';
import type { ParameterRow } from './html.ts';
import type { PageTable } from './html-parts.ts';

const text = (heading: string) => ({ heading, kind: 'text' }) as const;
const wrap = (heading: string) => ({ heading, kind: 'wrap' }) as const;
const number = (heading: string) => ({ heading, kind: 'number' }) as const;

/** Ten services with the largest share of late requests. */
export function worstTable(facts: RunFacts): PageTable {
  return {
    caption: `Worst ${fixed(facts.worst.length)} services by share of late requests after warm-up.`,
    columns: [
      text('service'),
      text('class'),
      number('replicas'),
      number('target, ms'),
      number('late requests'),
      number('from co-location'),
      number('SLO-minutes'),
      number('worst hour'),
      text('when'),
    ],
    rows: facts.worst.map((service) => [
      service.name,
      service.latencyClass,
      fixed(service.replicas),
      figures(service.targetMs),
      percent(service.latePercent),
      percent(service.fromColocationPercent),
      fixed(service.sloMinutes),
      percent(service.worstHourPercent),
      dayHour(service.worstHour),
    ]),
  };
}

/** Utilisation and stranding of each host shape. */
export function shapeTable(facts: RunFacts): PageTable {
  return {
    caption:
      'Shares of the capacity of the shape, means after warm-up; peak hour: online and best effort; room: from there, with the mean system share, to the squeeze line; stranded: free to sell while the other resource is not.',
    columns: [
      text('shape'),
      number('hosts'),
      number('CPU'),
      number('memory'),
      number('online CPU'),
      number('best-effort CPU'),
      number('peak hour CPU'),
      number('room to squeeze line'),
      number('memory used'),
      number('stranded CPU'),
      number('stranded memory'),
    ],
    rows: facts.shapes.map((shape) => [
      shape.shape,
      fixed(shape.hosts),
      cores(shape.capacityMilliCpu),
      memory(shape.capacityMemMib),
      percent(shape.onlinePercent),
      percent(shape.bestEffortPercent),
      percent(shape.peakHourPercent),
      shape.roomPercent === null ? 'no line' : percent(shape.roomPercent),
      percent(shape.memPercent),
      percent(shape.strandedCpuPercent),
      percent(shape.strandedMemPercent),
    ]),
  };
}

/** Queueing, stretch and losses of each population of tasks. */
export function queueTable(facts: RunFacts): PageTable {
  return {
    caption:
      'Best-effort populations after warm-up; wait: from ready to started, per attempt; stretch: time in system over duration alone.',
    columns: [
      text('population'),
      number('submitted'),
      number('finished'),
      number('wait, mean'),
      number('p50'),
      number('p95'),
      number('p99'),
      number('stretch p50'),
      number('stretch p95'),
      number('evicted'),
      number('work wasted'),
      number('deadlines missed'),
    ],
    rows: facts.queues.map((queue) => [
      queue.population,
      fixed(queue.submitted),
      fixed(queue.finished),
      duration(queue.waitMsMean),
      duration(queue.waitMsP50),
      duration(queue.waitMsP95),
      duration(queue.waitMsP99),
      figures(queue.stretchP50),
      figures(queue.stretchP95),
      fixed(queue.evicted),
      percent(queue.wastedPercent),
      queue.deadlineMissPercent === null
        ? 'none set'
        : `${percent(queue.deadlineMissPercent)}, late by ${duration(queue.tardinessMsP95)} at p95`,
    ]),
  };
}

/** Limits by how often they are met. */
export function constraintTable(facts: RunFacts): PageTable {
  return {
    caption: 'Limits by the share of windows in which they are met.',
    columns: [text('limit'), number('windows'), wrap('it is met when'), wrap('lever')],
    rows: facts.constraints.map((limit) => [limit.name, percent(limit.windowsPercent), limit.meaning, limit.lever]),
  };
}

/** The coefficients given, those the plan changed marked; only the changed ones where none were given. */
export function parameterTable(facts: RunFacts, parameters: readonly ParameterRow[]): PageTable {
  const changed = new Map(facts.settings.changedParameters);
  const listed = new Set(parameters.map((parameter) => parameter.name));
  const rows = parameters.map((parameter) => [
    parameter.name,
    changed.get(parameter.name) ?? String(parameter.value),
    parameter.unit,
    changed.has(parameter.name)
      ? `changed by the plan; otherwise ${parameter.value} (${parameter.source})`
      : parameter.source,
  ]);
  for (const [name, value] of changed) if (!listed.has(name)) rows.push([name, value, '', 'changed by the plan']);
  return {
    caption: `Coefficients of the models${facts.settings.isolation === null ? '' : `; isolation: ${facts.settings.isolation}`}.`,
    columns: [text('coefficient'), number('value'), text('unit'), wrap('source')],
    rows,
  };
}
