/** What followed from parted decisions, in sentences. */
import type { Blame, MinuteSplit, PartedTask } from './blame.ts';
import { clock } from './diff.ts';
import type { TakenDecision } from './parted-tasks.ts';
import { hourWords, numberWords, signedWords } from './words.ts';

const MOST_SERVICES = 5;

/** Lines of text: decisions, evictions, SLO-minutes by cause, services, tasks. */
export function blameLines(blame: Blame, a: string, b: string): string[] {
  const { parted, evictions, minutes } = blame;
  const count = (value: number): string => numberWords(value);
  const lines = [
    `decisions: ${count(parted.total)} tasks parted (${count(parted.pods)} of them online pods) by their first differing decision: ` +
      `${count(parted.elsewhere)} placed on another host, ${count(parted.atAnotherTime)} at another time, ` +
      `${count(parted.evictedOnlyInA)} evicted only in ${a}, ${count(parted.evictedOnlyInB)} only in ${b}`,
  ];
  if (evictions.a + evictions.b > 0)
    lines.push(
      `evictions: ${count(evictions.a)} in ${a}, ${count(evictions.ofPartedA)} of tasks that had parted before; ` +
        `${count(evictions.b)} in ${b}, ${count(evictions.ofPartedB)} of tasks that had parted before`,
    );
  if (blame.services.length === 0) {
    lines.push(`SLO-minutes: ${numberWords(minutes.a)} in both, the same in every hour of every service`);
    return lines;
  }
  lines.push(
    `SLO-minutes after warm-up: ${numberWords(minutes.a)} -> ${numberWords(minutes.b)} (${signedWords(minutes.whole)}): ${split(minutes)}`,
  );
  for (const own of blame.services.slice(0, MOST_SERVICES))
    lines.push(
      `  ${own.service}: ${numberWords(own.a)} -> ${numberWords(own.b)} (${signedWords(own.whole)}) in ${own.changedHours} hours, ` +
        `most in ${hourWords(own.worstHour)} (${signedWords(own.worstHourMinutes)}): ${split(own)}`,
    );
  if (blame.services.length > MOST_SERVICES)
    lines.push(`  and ${blame.services.length - MOST_SERVICES} more services with other figures`);
  const named = blame.tasks.filter((task) => task.ownMinutes !== 0 || task.neighbourMinutes !== 0);
  if (named.length > 0) lines.push('tasks with the most SLO-minutes put down to them:');
  for (const task of named) lines.push(`  ${taskLine(task, a, b)}`);
  return lines;
}

function split(minutes: MinuteSplit): string {
  return [
    [minutes.podsElsewhere, 'of pods that stand elsewhere'],
    [minutes.partedNeighbours, 'beside tasks that parted'],
    [minutes.sameNeighbours, 'beside the same tasks'],
    [minutes.nobodyAnswering, 'with nobody answering'],
  ]
    .filter(([value]) => Math.abs(value as number) > 1e-9)
    .map(([value, words]) => `${signedWords(value as number)} ${words}`)
    .join(', ');
}

function taskLine(task: PartedTask, a: string, b: string): string {
  const what = task.isPod ? `pod ${task.task} of ${task.group}` : `task ${task.task} of ${task.group}`;
  const minutes = [
    task.ownMinutes === 0 ? '' : `${signedWords(task.ownMinutes)} its own`,
    task.neighbourMinutes === 0 ? '' : `${signedWords(task.neighbourMinutes)} beside it`,
  ].filter((text) => text !== '');
  return `${what}: ${minutes.join(', ')}; ${a}: ${takenWords(task.a)}; ${b}: ${takenWords(task.b)}`;
}

function takenWords(decision: TakenDecision | null): string {
  if (decision === null) return 'not in that hour';
  return decision.kind === 'bind'
    ? `bound to host ${decision.host} at ${clock(decision.timeMs)}`
    : `evicted from host ${decision.host} at ${clock(decision.timeMs)}`;
}
