/** What the report says of an operator's calls: agents drained and taken back, weights and quotas changed, calls refused. */
import type { MesosRun } from './mesos-run.ts';

/** Sentences with numbers; none where the operator asked nothing. */
export function operatorSentences(run: MesosRun): string[] {
  const { s, setup } = run;
  if (setup.plan.operations === undefined) return [];
  const sentences = [...drainSentences(run)];
  const { drained, drainKills, drainMs, reopened } = s.tally;
  if (drained > 0)
    sentences.push(
      `${drained} drained agents were empty ${(drainMs / 1000).toFixed(1)} s after their drain began at the latest; ${drainKills} tasks were killed there.`,
    );
  if (reopened > 0) sentences.push(`${reopened} agents were taken back and offered again.`);
  for (const { atMs, problem } of s.operator.refused)
    sentences.push(`The master refused a call of the operator at ${(atMs / 60_000).toFixed(1)} min: ${problem}.`);
  return sentences;
}

/** Agents that are closed at the end. */
function drainSentences({ s }: MesosRun): string[] {
  let gone = 0;
  let closed = 0;
  let draining = 0;
  for (const { drain, emptyAtMs, gone: isGone } of s.closed.values()) {
    if (isGone) gone++;
    else if (drain !== null && emptyAtMs < 0) draining++;
    else closed++;
  }
  const sentences: string[] = [];
  if (gone > 0) sentences.push(`${gone} agents were drained and marked gone: they are out for good.`);
  if (draining > 0) sentences.push(`At the end ${draining} agents are still draining.`);
  if (closed > 0)
    sentences.push(
      `At the end ${closed} agents are deactivated and offered to nobody; reactivate-agents takes them back.`,
    );
  return sentences;
}
