/** Rules of health checks: Marathon's own, and who may check at all. */
import { checkHealthCheck } from '../policies/marathon/health-check.ts';
import type { Report } from './checks.ts';
import { refusalOf } from './problems.ts';
import type { Scenario } from './schema.ts';
import { resolveHealthCheck } from './schema-health.ts';

/** Checks the health check of one service, at `path`. */
export function checkHealth(
  { controlPlane }: Partial<Scenario>,
  name: string,
  service: Scenario['online']['explicit'][string],
  path: readonly string[],
  report: Report,
): void {
  if (service.healthCheck === null) return;
  const own = [...path, 'healthCheck'];
  const { healthCheck } = resolveHealthCheck(service.healthCheck);
  if (healthCheck !== undefined) {
    const problem = refusalOf(() => checkHealthCheck(healthCheck));
    if (typeof problem === 'string')
      report.error([...own, 'timeout'], `is refused: ${problem}`, [[...own, 'interval']]);
  }
  if (controlPlane?.kind === 'batch')
    report.error(own, 'is given; a batch system runs no services', [['controlPlane', 'kind']]);
  if (controlPlane?.kind !== 'mesos') return;
  for (const [framework, { services }] of Object.entries(controlPlane.frameworks))
    if (services.includes(name))
      report.error(own, `is given, but "${framework}" runs the service and has no health checks; Marathon has`, [
        ['controlPlane', 'frameworks', framework, 'services'],
      ]);
}
