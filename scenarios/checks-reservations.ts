/** Rules of reservations and roles under Mesos, in the words of Mesos' own validation where it has some. */
import { roleProblem } from '../policies/mesos/validation.ts';
import type { Report } from './checks.ts';
import type { PathKey } from './problems.ts';
import type { MesosSection } from './resolve-mesos.ts';
import type { Scenario } from './schema.ts';
import { knownText } from './suggest.ts';

type Reservation = MesosSection['reservations'][string];

/** Checks `reservations`, and that every role is somebody's. */
export function checkReservations(mesos: MesosSection, scenario: Partial<Scenario>, report: Report): void {
  for (const name of Object.keys(mesos.roles)) checkRoleIsUsed(mesos, name, ['controlPlane', 'roles', name], report);
  if (mesos.variant === '0.2x') checkFlatRoles(mesos, report);
  for (const [name, reservation] of Object.entries(mesos.reservations)) {
    const path = ['controlPlane', 'reservations', name];
    checkRole(mesos, reservation, path, report);
    checkRefinement(mesos, name, reservation, path, report);
    checkTimes(mesos, scenario, reservation, path, report);
    const shapes = Object.keys(scenario.cluster?.hosts ?? {});
    reservation.hosts.forEach((shape, index) => {
      if (scenario.cluster !== undefined && !shapes.includes(shape))
        report.error([...path, 'hosts', index], `is "${shape}"; known: ${knownText(shape, shapes)}`, [
          ['cluster', 'hosts'],
        ]);
    });
    if (reservation.cpu + reservation.memory + reservation.disk === 0)
      report.error(path, 'reserves nothing; give cpu, memory or disk');
  }
  checkAmounts(mesos, scenario, report);
}

/**
 * Roles of 0.2x are those that the master was started with, without levels. Source: Mesos src/master/master.cpp, registerFramework, whose
 * words these are ("Role 'x' is not valid."; with the HTTP API of 0.24: is not present in the master's --roles); docs/roles.md: from 0.27 on
 * any role may be used.
 */
function checkFlatRoles(mesos: MesosSection, report: Report): void {
  for (const [name, { role }] of Object.entries(mesos.frameworks)) {
    const path = ['controlPlane', 'frameworks', name, 'role'];
    if (role.includes('/'))
      report.error(path, `is "${role}", but variant is 0.2x; roles below roles came with Mesos 1.4`);
    else if (role !== '*' && mesos.roles[role] === undefined)
      report.error(
        path,
        `is "${role}": Role '${role}' is not valid; a master of 0.2x knows the roles it is started with, which are those under roles: ${knownText(role, ['*', ...Object.keys(mesos.roles)])}`,
        [['controlPlane', 'variant']],
      );
  }
}

/** A role that no framework registers with, or below, would be kept for nobody. */
export function checkRoleIsUsed(mesos: MesosSection, role: string, path: readonly PathKey[], report: Report): void {
  if (role === '*' || roleProblem(role) !== '') return;
  const used = [...new Set(Object.values(mesos.frameworks).map((framework) => framework.role))];
  if (!used.some((other) => other === role || other.startsWith(`${role}/`)))
    report.error(
      path,
      `names the unknown role "${role}": no framework registers with it or below it; known: ${knownText(role, used)}`,
    );
}

function checkRole(mesos: MesosSection, { role }: Reservation, own: readonly string[], report: Report): void {
  const path = [...own, 'role'];
  const problem = roleProblem(role);
  if (role === '*') report.error(path, 'is "*": Invalid reservation: role "*" cannot be reserved');
  else if (problem !== '') report.error(path, `is "${role}": Invalid reservation: ${problem}`);
  else checkRoleIsUsed(mesos, role, path, report);
}

function checkRefinement(
  mesos: MesosSection,
  name: string,
  reservation: Reservation,
  own: readonly string[],
  report: Report,
): void {
  const { refines, role } = reservation;
  if (refines === '') return;
  const path = [...own, 'refines'];
  const parent = mesos.reservations[refines];
  if (parent === undefined || refines === name) {
    const others = Object.keys(mesos.reservations).filter((other) => other !== name);
    report.error(path, `is "${refines}"; known: ${knownText(refines, others)}`);
    return;
  }
  if (reservation.kind === 'static')
    report.error([...own, 'kind'], 'is static: Invalid refined reservation: A refined reservation cannot be STATIC', [
      path,
    ]);
  if (!role.startsWith(`${parent.role}/`))
    report.error(
      [...own, 'role'],
      `is "${role}": Invalid refined reservation: role '${role}' is not a refinement of '${parent.role}'`,
      [['controlPlane', 'reservations', refines, 'role']],
    );
  if (!isWithin(reservation.hosts, parent.hosts))
    report.error([...own, 'hosts'], `are not all among those of "${refines}", whose resources it takes`, [
      ['controlPlane', 'reservations', refines, 'hosts'],
    ]);
  if (parent.kind === 'dynamic' && (reservation.at < parent.at || (parent.until > 0 && reservation.at >= parent.until)))
    report.error([...own, 'at'], `is outside of the time in which "${refines}" is reserved`, [
      ['controlPlane', 'reservations', refines, 'at'],
    ]);
  if (parent.until > 0 && (reservation.until === 0 || reservation.until > parent.until))
    report.error([...own, 'until'], `is later than that of "${refines}"; what was refined is given back first`, [
      ['controlPlane', 'reservations', refines, 'until'],
    ]);
}

function isWithin(shapes: readonly string[], of: readonly string[]): boolean {
  return of.length === 0 || (shapes.length > 0 && shapes.every((shape) => of.includes(shape)));
}

function checkTimes(
  mesos: MesosSection,
  { horizon }: Partial<Scenario>,
  { kind, at, until }: Reservation,
  own: readonly string[],
  report: Report,
): void {
  if (kind === 'static') {
    if (at > 0 || until > 0)
      report.error([...own, at > 0 ? 'at' : 'until'], 'is given, but kind is static; an agent starts with it');
    return;
  }
  if (mesos.variant === '0.2x')
    report.error([...own, 'kind'], 'is dynamic, but variant is 0.2x; operators reserve since Mesos 0.25', [
      ['controlPlane', 'variant'],
    ]);
  if (until > 0 && until <= at) report.error([...own, 'until'], 'is not later than at', [[...own, 'at']]);
  if (horizon !== undefined && at >= horizon) report.error([...own, 'at'], 'is after the run has ended', [['horizon']]);
}

/** The reservations of an agent against what it has, and refined ones against what they are taken from. */
function checkAmounts(mesos: MesosSection, { cluster }: Partial<Scenario>, report: Report): void {
  if (cluster === undefined) return;
  const { kind, cpuRatio, memRatio } = mesos.oversubscription;
  const all = Object.entries(mesos.reservations);
  for (const [shape, host] of Object.entries(cluster.hosts)) {
    const has = {
      cpu: host.cpu * (1 - cluster.reservedCpuPercent / 100) * (kind === 'static' ? cpuRatio : 1),
      memory: host.memory * (1 - cluster.reservedMemPercent / 100) * (kind === 'static' ? memRatio : 1),
      disk: mesos.diskPerAgent,
    };
    const here = all.filter(([, { hosts }]) => hosts.length === 0 || hosts.includes(shape));
    const left = new Map<string, { cpu: number; memory: number; disk: number }>();
    for (const [name, { cpu, memory, disk }] of here) left.set(name, { cpu, memory, disk });
    for (const resource of ['cpu', 'memory', 'disk'] as const) {
      // Resources of refined reservations are those of what they refine.
      let sum = 0;
      for (const [name, reservation] of here) {
        const from = left.get(reservation.refines);
        const amount = reservation[resource];
        const path = ['controlPlane', 'reservations', name, resource];
        const text = (much: number) => (resource === 'cpu' ? `${much / 1000} cores` : `${much} MiB`);
        if (reservation.refines === '') sum += amount;
        else if (from !== undefined) {
          if (amount > from[resource])
            report.error(
              path,
              `is ${text(amount)}: Invalid RESERVE operation: "${reservation.refines}" has ${text(from[resource])} left`,
            );
          from[resource] -= amount;
        }
        if (reservation.refines === '' && sum > has[resource] && amount > 0)
          report.error(
            path,
            `is ${text(amount)}: Invalid RESERVE operation: with it ${text(sum)} of an agent "${shape}" are reserved, which has ${text(Math.floor(has[resource]))}`,
            [['cluster', 'hosts', shape]],
          );
      }
    }
  }
}
