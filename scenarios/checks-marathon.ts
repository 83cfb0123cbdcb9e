/** Rules of what Marathon does about replicas that it cannot reach. */
import type { Report } from './checks.ts';
import type { MesosSection } from './resolve-mesos.ts';
import type { Scenario } from './schema.ts';
import { knownText } from './suggest.ts';

/** Checks the unreachable strategies of `mesos` against its frameworks and the services of the scenario. */
export function checkUnreachable({ frameworks }: MesosSection, { online }: Partial<Scenario>, report: Report): void {
  const services = online?.explicit;
  for (const [name, framework] of Object.entries(frameworks)) {
    const own = ['controlPlane', 'frameworks', name];
    const { kind, partitionAware, settings, unreachable } = framework;
    const isDefault = isSame(settings['unreachable']);
    if (kind === 'marathon' && !isDefault && !partitionAware)
      report.error(
        [...own, 'settings', 'unreachable'],
        'is given, but partitionAware is false: what its agents ran is lost, never unreachable',
        [own],
      );
    for (const [service, strategy] of Object.entries(unreachable)) {
      const at = [...own, 'unreachable', service];
      if (kind !== 'marathon') report.error(at, `is given, but kind is ${kind}; only marathon waits for services`);
      else if (!partitionAware)
        report.error(at, 'is given, but partitionAware is false: what its agents ran is lost, never unreachable', [
          own,
        ]);
      if (services !== undefined && services[service] === undefined)
        report.error(at, `is no service; known: ${knownText(service, Object.keys(services))}`, [
          ['online', 'explicit'],
        ]);
      if (strategy !== 'disabled' && strategy.expungeAfter < strategy.inactiveAfter)
        report.error(
          [...at, 'expungeAfter'],
          'is before inactiveAfter; Marathon forgets a replica only after it has replaced it',
        );
    }
  }
}

/** Whether a strategy in a framework's settings changes nothing. */
function isSame(strategy: unknown): boolean {
  if (strategy === undefined) return true;
  if (typeof strategy !== 'object' || strategy === null) return false;
  return Object.values(strategy).every((value) => value === 0);
}
