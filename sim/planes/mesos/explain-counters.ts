/** What the report says of revocable CPU: executors by class, as each agent counts them, and what best effort holds of what was sold. */
import { countExecutors } from '../../../policies/mesos/serenity-columns.ts';
import { TIER } from '../../cluster/hosts.ts';
import type { MesosRun } from './mesos-run.ts';

/** One sentence where CPU is sold as revocable. */
export function counterSentences({ setup }: MesosRun): string[] {
  if (setup.plan.oversubscription.kind !== 'revocable') return [];
  const { hosts, tasks } = setup.context.cluster;
  let latencySensitive = 0;
  let bestEffort = 0;
  let heldMilliCpu = 0;
  let soldMilliCpu = 0;
  for (let host = 0; host < hosts.count; host++) {
    const revocable: number[] = new Array(hosts.podCount[host]).fill(0);
    for (let row = hosts.firstTask[host]; row >= 0; row = tasks.nextOnHost[row])
      revocable.push(tasks.requestMilliCpu[row]);
    const counters = countExecutors(revocable, revocable.length);
    latencySensitive += counters.latencySensitive;
    bestEffort += counters.bestEffort;
    heldMilliCpu += counters.bestEffortMilliCpu;
    soldMilliCpu += hosts.soldMilliCpu[TIER.batch * hosts.count + host];
  }
  const cores = (milliCpu: number) => (milliCpu / 1000).toFixed(1);
  return [
    `At the end agents count ${latencySensitive} latency-sensitive and ${bestEffort} best-effort executors; best effort holds ${cores(heldMilliCpu)} of ${cores(soldMilliCpu)} revocable cores.`,
  ];
}
