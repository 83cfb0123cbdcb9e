/** What the report says of agents that were away: a lost master, partitions, the limit on removals, a black hole. */
import { type MesosRun, masterOfHost } from './mesos-run.ts';

/** A host of which most launches fail is a black hole: at least this share of them, and so many that it is no accident. */
const BLACK_HOLE_SHARE = 0.5;
const BLACK_HOLE_TASKS = 20;

/** Sentences about agents, with numbers; none where nothing happened. */
export function agentSentences(run: MesosRun): string[] {
  return [...masterSentences(run), ...partitionSentences(run), ...removalSentences(run), ...blackHoleSentences(run)];
}

function masterSentences({ s, setup }: MesosRun): string[] {
  const { plan } = setup;
  return s.tally.masters.map((loss) => {
    const of = plan.clusters.length > 1 ? ` of cluster "${plan.clusters[loss.cluster].name}"` : '';
    const within = (ms: number) => `${((ms - loss.atMs) / 1000).toFixed(1)} s`;
    const { agents, agentsBack, frameworks, frameworksBack, mostInSecond } = loss;
    return `The master${of} was lost at ${(loss.atMs / 60_000).toFixed(1)} min: it takes the ${plan.zooKeeperSessionMs / 1000} s of a ZooKeeper session (zooKeeperSession) until another leads, and nothing is offered before that; ${frameworksBack} of ${frameworks} frameworks registered anew within ${within(loss.lastFrameworkMs)} and ${agentsBack} of ${agents} agents within ${within(loss.lastAgentMs)}, at most ${mostInSecond} of them in one second (agentBackoff spreads them).`;
  });
}

function partitionSentences({ s, setup }: MesosRun): string[] {
  const { cutOff, cutOffHeard, cutOffGivenUp, cutOffLost, cutOffUnreachable } = s.tally;
  if (cutOff === 0) return [];
  const { agentPingTimeoutMs, agentMaxPingTimeouts } = setup.plan;
  const seconds = (agentPingTimeoutMs * agentMaxPingTimeouts) / 1000;
  const lost =
    cutOffLost > 0
      ? ` ${cutOffLost} tasks there counted as lost and run again elsewhere: partitionAware keeps them.`
      : '';
  const { besides, surplus } = s.tally;
  const twice =
    besides > 0
      ? ` Marathon launched ${besides} replicas a second time while the first ran on; ${surplus} were one too many when those were heard again, and were killed.`
      : '';
  const kept =
    cutOffUnreachable > 0
      ? ` ${cutOffUnreachable} tasks of partition-aware frameworks there were unreachable, not lost.${twice}`
      : '';
  return [
    `The network cut agents off ${cutOff} times: ${cutOffHeard} were heard again before the master gave them up (after ${seconds} s of unanswered pings), ${cutOffGivenUp} were given up.${lost}${kept}`,
  ];
}

function removalSentences({ s, setup }: MesosRun): string[] {
  const rate = setup.plan.agentRemovalRate;
  const { spared, givenUp } = s.tally;
  if (rate === undefined || spared === 0) return [];
  return [
    `The limit on removals (agentRemovalRate: ${rate.agents} in ${rate.perMs / 1000} s) kept ${spared} silent agents in line until they were heard again, ${givenUp} were given up; without it all ${spared + givenUp} would have been.`,
  ];
}

function blackHoleSentences(run: MesosRun): string[] {
  const { s, setup } = run;
  const { launchesOn, failedOn } = s.tally;
  const sentences: string[] = [];
  for (let host = 0; host < launchesOn.length; host++) {
    if (failedOn[host] < BLACK_HOLE_TASKS || failedOn[host] < BLACK_HOLE_SHARE * launchesOn[host]) continue;
    const master = masterOfHost(run, host);
    let agents = 0;
    let launches = 0;
    let failures = 0;
    for (let other = 0; other < launchesOn.length; other++) {
      if (masterOfHost(run, other) !== master) continue;
      agents++;
      launches += launchesOn[other];
      failures += failedOn[other];
    }
    const share = (part: number, whole: number) => (whole > 0 ? (100 * part) / whole : 0).toFixed(1);
    sentences.push(
      `Agent ${setup.agents.hostname[host]} is a black hole: it drew ${launchesOn[host]} of ${launches} launches (${share(launchesOn[host], launches)} %; an even share of ${agents} agents is ${share(1, agents)} %) and failed ${failedOn[host]} tasks; the others failed ${share(failures - failedOn[host], launches - launchesOn[host])} % of theirs. What fails at once leaves room at once, and Mesos offers it again: take the agent out (maintenance), or keep room elsewhere.`,
    );
  }
  return sentences;
}
