/** What the Mesos plane says of itself in the report: how offers went, and who stands outside. */
import type { MesosRun } from './mesos-run.ts';

/** Sentences for the report, with numbers. */
export function describe(run: MesosRun): readonly string[] {
  const { s, setup } = run;
  const { offers, launches, declines, rescinds } = s.counters;
  const each = launches > 0 ? (offers / launches).toFixed(1) : '-';
  const sentences = [
    `Mesos made ${offers} offers for ${launches} launches (${each} a launch); ${declines} were declined, ${rescinds} rescinded.`,
  ];
  for (const driver of s.drivers) {
    const { name } = driver.plan;
    const held = [...s.master.offers.values()].filter(({ framework }) => framework === name);
    const agents = new Set(held.map(({ agent }) => agent)).size;
    if (held.length > 0)
      sentences.push(
        `At the end "${name}" holds ${held.length} offers on ${agents} of ${setup.agents.hostname.length} agents and answers none; an offer timeout would take them back.`,
      );
    const missed = s.backlog[driver.index];
    if (missed !== null)
      sentences.push(
        `At the end "${name}" is not subscribed: it is offered nothing until it subscribes anew, and ${missed.length} updates wait for it.`,
      );
  }
  return sentences;
}
