/** Rules of reservations under Kubernetes: who owns them, and what one may hold for those owners. */
import type { Report } from './checks.ts';
import { checkGpu } from './checks-gpus.ts';
import type { PathKey } from './problems.ts';
import type { Scenario } from './schema.ts';
import { knownText } from './suggest.ts';

type Kubernetes = Exclude<Scenario['controlPlane'], { kind: 'mesos' | 'batch' }>;
type Reservation = Kubernetes['reservations'][string];

/** Checks every reservation of the control plane. */
export function checkHeldRoom(scenario: Partial<Scenario>, controlPlane: Kubernetes, report: Report): void {
  for (const [name, reservation] of Object.entries(controlPlane.reservations)) {
    const path = ['controlPlane', 'reservations', name];
    const { services, populations, gpu } = reservation;
    if (services.length === 0 && populations.length === 0)
      report.error(path, 'has no owner; name services or populations');
    if (services.length > 0 && populations.length > 0)
      report.error([...path, 'populations'], 'stands beside services, which ask for other resources; make two of it', [
        [...path, 'services'],
      ]);
    checkServices(scenario, services, path, report);
    checkPopulations(scenario, populations, path, report);
    checkCpus(scenario, reservation, path, report);
    checkGpu(scenario, gpu, [...path, 'gpu'], report);
    if (gpu !== undefined && controlPlane.gpuPolicy !== 'device-share')
      report.error([...path, 'gpu'], `needs gpuPolicy device-share; ${controlPlane.gpuPolicy} knows no held cards`, [
        ['controlPlane', 'gpuPolicy'],
      ]);
  }
}

/** Names of generated services are known only when they are drawn; then the run itself refuses unknown ones. */
function checkServices(
  { online }: Partial<Scenario>,
  services: readonly string[],
  path: readonly PathKey[],
  report: Report,
): void {
  if (online === undefined || online.source !== 'none') return;
  const known = Object.keys(online.explicit);
  services.forEach((service, index) => {
    if (!known.includes(service))
      report.error(
        [...path, 'services', index],
        `is "${service}", which is no service; known: ${knownText(service, known)}`,
        [['online', 'explicit']],
      );
  });
}

/** Owners ask for the resources of their class, so all are of one. */
function checkPopulations(
  { bestEffort }: Partial<Scenario>,
  populations: readonly string[],
  path: readonly PathKey[],
  report: Report,
): void {
  if (bestEffort === undefined) return;
  const known = bestEffort.populations;
  const first = known[populations[0]];
  populations.forEach((population, index) => {
    const at = [...path, 'populations', index];
    const own = known[population];
    if (own === undefined)
      report.error(
        at,
        `is "${population}", which is no population; known: ${knownText(population, Object.keys(known))}`,
        [['bestEffort', 'populations']],
      );
    else if (first !== undefined && bandOf(own.priority) !== bandOf(first.priority))
      report.error(
        at,
        `is of priority ${own.priority}, "${populations[0]}" of ${first.priority}: their classes ask for different resources`,
        [['bestEffort', 'populations', population, 'priority']],
      );
  });
}

function bandOf(priority: number): number {
  return Math.floor(priority / 1000);
}

/** CPUs are held by their numbers for pods that own theirs, and in whole. */
function checkCpus(
  { online }: Partial<Scenario>,
  { qos, cpuBindPolicy, cpu, services, populations }: Reservation,
  path: readonly PathKey[],
  report: Report,
): void {
  if (qos === 'LS') {
    if (cpuBindPolicy !== 'default')
      report.error([...path, 'cpuBindPolicy'], `is ${cpuBindPolicy}, but qos is LS: it holds no CPU by its number`, [
        [...path, 'qos'],
      ]);
    return;
  }
  if (cpu % 1000 !== 0 || cpu === 0)
    report.error([...path, 'cpu'], `is ${cpu}m; a reservation of qos ${qos} holds whole CPUs`, [[...path, 'qos']]);
  if (populations.length > 0)
    report.error([...path, 'qos'], `is ${qos}, but its owners are best effort, which owns no CPUs`, [
      [...path, 'populations'],
    ]);
  services.forEach((service, index) => {
    const own = online?.explicit[service];
    if (own !== undefined && own.qos === 'LS')
      report.error(
        [...path, 'services', index],
        `is "${service}" of qos LS, whose pods own no CPUs; the reservation is of qos ${qos}`,
        [[...path, 'qos']],
      );
  });
}
