/** Where a scenario named on the command line lies. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './version.ts';

/** The scenario as given, or the library scenario of that name shipped with the package. */
export function findScenario(scenario: string): string {
  if (existsSync(scenario)) return scenario;
  const file = scenario.endsWith('.yaml') ? scenario : `${scenario}.yaml`;
  const shipped = join(packageRoot(), 'scenarios', 'library', file);
  return existsSync(shipped) ? shipped : scenario;
}
