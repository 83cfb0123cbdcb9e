/** What the report says of who waits although the cluster has room, and of where tasks and replicas went. */
import { meetsConstraints, placeOf } from '../../../policies/marathon/constraints.ts';
import { amountOf } from './agents.ts';
import { type Driver, laneOf } from './driver.ts';
import { type MesosRun, masterOf } from './mesos-run.ts';
import { hasQueue, oldestWaiting, roomFor } from './room.ts';

/** A framework whose oldest task has waited so long while agents have room is starved: turns of filters last seconds. */
const STARVED_MS = 60_000;

/** Constraints that choose among agents by themselves; the others look at where replicas stand. */
const CHOOSING = ['LIKE', 'UNLIKE', 'IS'];

/** Sentences about queues and placement, with numbers; none where nothing happened. */
export function queueSentences(run: MesosRun): string[] {
  const sentences: string[] = [];
  for (const driver of run.s.drivers)
    if (hasQueue(run, driver))
      sentences.push(...idleSentences(run, driver), ...unfitSentences(run, driver), ...gpuSentences(run, driver));
  return [...sentences, ...placementSentences(run), ...federationSentences(run)];
}

const minutes = (ms: number) => (ms / 60_000).toFixed(1);
const cores = (milliCpu: number) => (milliCpu / 1000).toFixed(2);

/** Frameworks without work that decline what one with a queue needs. */
function idleSentences(run: MesosRun, driver: Driver): string[] {
  const { s, setup } = run;
  const { offers } = s.tally;
  const own = setup.clusterOfDriver[driver.index];
  let idle = 0;
  let idleOffers = 0;
  for (const other of s.drivers) {
    const worked = other.nextWork > 0 || s.tally.launches[other.index] > 0;
    if (worked || offers[other.index] === 0 || setup.clusterOfDriver[other.index] !== own) continue;
    idle++;
    idleOffers += offers[other.index];
  }
  if (idle === 0 || idleOffers <= offers[driver.index]) return [];
  const row = oldestWaiting(run, driver);
  const waitedMs = row < 0 ? 0 : run.now.nowMs - setup.context.cluster.tasks.submitAtMs[row];
  if (waitedMs < STARVED_MS || roomFor(run, driver, row, 'available').all === 0) return [];
  return [
    `${idle} frameworks that never had work drew ${idleOffers} offers and declined them, "${driver.plan.name}" drew ${offers[driver.index]}: ${s.queued[driver.index]} of its tasks wait at the end although agents have room, the oldest for ${minutes(waitedMs)} min. Frameworks that suppress offers, a longer declineOfferMs or the random sorter give it its turn.`,
  ];
}

/** A task at the head of a lane that no agent can take, and who waits behind it. */
function unfitSentences(run: MesosRun, driver: Driver): string[] {
  const { s, setup } = run;
  const { tasks } = setup.context.cluster;
  if (driver.lanes < 2 || driver.revocable) return [];
  const fits = new Map<string, boolean>();
  const fitsSomewhere = (row: number): boolean => {
    const shape = `${tasks.requestMilliCpu[row]} ${tasks.requestMemBytes[row]} ${tasks.gpuRequest[row]}`;
    const known = fits.get(shape) ?? roomFor(run, driver, row, 'total').all > 0;
    fits.set(shape, known);
    return known;
  };
  const waiting: number[] = [];
  let head = -1;
  for (let row = 0; row < s.waiting.length; row++) {
    if (s.waiting[row] === 0 || s.driverOfRow[row] !== driver.index) continue;
    waiting.push(row);
    if (fitsSomewhere(row)) continue;
    const laneHere = laneOf(tasks.priority[row], driver.lanes);
    const laneOfHead = head < 0 ? Number.POSITIVE_INFINITY : laneOf(tasks.priority[head], driver.lanes);
    if (laneHere < laneOfHead || (laneHere === laneOfHead && tasks.submitAtMs[row] < tasks.submitAtMs[head]))
      head = row;
  }
  if (head < 0) return [];
  const lane = laneOf(tasks.priority[head], driver.lanes);
  const behind = waiting.filter((row) => laneOf(tasks.priority[row], driver.lanes) > lane).length;
  if (behind === 0) return [];
  let most = 0;
  for (const { total } of masterOf(run, driver).allocator.ledger.agents.values())
    most = Math.max(most, amountOf(total, s.kinds.cpus));
  return [
    `A task of lane ${lane} of "${driver.plan.name}" fits no agent, not even an empty one: it asks for ${cores(tasks.requestMilliCpu[head])} cores and the largest agent sells ${cores(most)}. It came in ${minutes(run.now.nowMs - tasks.submitAtMs[head])} min before the end and ends every batch of offers it is tried in, so ${behind} tasks of the lanes behind it wait. A smaller request, or a lane shared with the others, lets them pass.`,
  ];
}

/** Agents with GPUs that a framework with a queue is not offered. */
function gpuSentences(run: MesosRun, driver: Driver): string[] {
  const { s, setup } = run;
  const { filterGpuResources, variant } = setup.plan;
  if (!filterGpuResources || variant !== 'modern' || driver.plan.gpuCapable) return [];
  let agents = 0;
  let idle = 0;
  for (const { total, available } of masterOf(run, driver).allocator.ledger.agents.values()) {
    if (amountOf(total, s.kinds.gpus) === 0) continue;
    agents++;
    idle += amountOf(available, s.kinds.cpus);
  }
  if (idle === 0) return [];
  return [
    `filterGpuResources keeps ${agents} agents with GPUs from "${driver.plan.name}", which is not gpuCapable: ${cores(idle)} cores stand idle there while ${s.queued[driver.index]} of its tasks wait. Without the filter, or with gpuCapable, it is offered them.`,
  ];
}

/** Where replicas stand whose services choose agents by attribute, beside what chance would give. */
function placementSentences({ setup }: MesosRun): string[] {
  const { agents, context, services, clusterOfHost, clusterOfDriver, driverOfService } = setup;
  const { tasks, hosts } = context.cluster;
  const sentences: string[] = [];
  services.forEach(({ name, constraints }, service) => {
    const rules = constraints.filter(({ field, operator }) => field !== 'hostname' && CHOOSING.includes(operator));
    if (rules.length === 0) return;
    const meets = (host: number) => meetsConstraints(rules, placeOf(agents, host), [], 1, 'v1.11');
    let all = 0;
    let chosen = 0;
    for (let host = 0; host < hosts.count; host++) {
      if (clusterOfHost[host] !== clusterOfDriver[driverOfService[service]]) continue;
      all++;
      if (meets(host)) chosen++;
    }
    let replicas = 0;
    let there = 0;
    for (let row = 0; row < tasks.firstBestEffort; row++) {
      if (tasks.group[row] !== service || tasks.host[row] < 0) continue;
      replicas++;
      if (meets(tasks.host[row])) there++;
    }
    if (replicas === 0) return;
    const rule = rules.map(({ field, operator, value }) => `${field} ${operator} ${value}`).join(', ');
    sentences.push(
      `${there} of ${replicas} replicas of "${name}" stand on the ${chosen} of ${all} agents that its rule asks for (${rule}); without the rule chance would put ${((replicas * chosen) / all).toFixed(1)} there.`,
    );
  });
  return sentences;
}

/** How a federation shared the load. */
function federationSentences({ s, setup }: MesosRun): string[] {
  const { clusters } = setup.plan;
  if (clusters.length < 2) return [];
  const agents = clusters.map(() => 0);
  for (const cluster of setup.clusterOfHost) agents[cluster]++;
  const launches = clusters.map(() => 0);
  const waiting = clusters.map(() => 0);
  for (const { index } of s.drivers) {
    launches[setup.clusterOfDriver[index]] += s.tally.launches[index];
    waiting[setup.clusterOfDriver[index]] += s.queued[index];
  }
  const parts = clusters.map(
    ({ name }, cluster) =>
      `"${name}" launched ${launches[cluster]} on ${agents[cluster]} agents, ${waiting[cluster]} wait`,
  );
  const why =
    s.counters.spilled === 0
      ? 'No task spilled over (spillAtQueue, spillTo), so each cluster ran its own share.'
      : 'A queue that reached its spillAtQueue sent new tasks to the others.';
  return [`The federation's ${clusters.length} clusters: ${parts.join('; ')}. ${why}`];
}
