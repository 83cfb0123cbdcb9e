/** What the report says of agents that sell their CPU more than once: how full hosts were, and what it cost the services. */
import type { Plan } from '../plan.ts';
import type { RunResults, RunSummary } from '../results/schema.ts';
import { firstMeasuredHour } from '../results/summarise.ts';

/** One sentence or two with figures after the warm-up; none where nothing is sold more than once. */
export function oversoldNotes(
  plan: Plan,
  summary: RunSummary,
  hostHours: RunResults['tables']['hostHours'],
): readonly string[] {
  const { controlPlane, physics } = plan;
  if (controlPlane.kind !== 'mesos' || controlPlane.oversubscription.kind !== 'static') return [];
  const { cpuRatio } = controlPlane.oversubscription;
  if (!(cpuRatio > 1)) return [];
  const { hour, onlineUtilisation, bestEffortUtilisation } = hostHours.columns;
  const firstHour = firstMeasuredHour(plan.warmUpMs);
  let busiest = 0;
  for (let row = 0; row < hostHours.rows; row++)
    if (Number(hour[row]) >= firstHour)
      busiest = Math.max(busiest, Number(onlineUtilisation[row]) + Number(bestEffortUtilisation[row]));
  const late = summary.lateRequestFromColocationPercent;
  const lever =
    physics.isolation === 'equal' && late > 0
      ? ' Nothing holds best effort back: physics.isolation (group-identity) takes most of that away without selling less.'
      : '';
  return [
    `Agents sold ${cpuRatio} times the CPU they have: hosts used ${summary.cpuUtilisationMeanPercent.toFixed(1)} % of theirs on average, the busiest ${(100 * busiest).toFixed(1)} % in its busiest hour (services and best effort), and ${late.toFixed(2)} % of requests were late because of best effort beside them, with isolation "${physics.isolation}".${lever}`,
  ];
}
