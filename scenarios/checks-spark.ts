/** Rules of coarse-grained Sparks: what runs inside an executor has to fit one. */
import { SPARK_DEFAULTS } from '../policies/spark-like/framework.ts';
import type { Report } from './checks.ts';
import { sizesOf } from './checks-load.ts';
import type { MesosSection } from './resolve-mesos.ts';
import type { Scenario } from './schema.ts';

/** Checks Spark-like frameworks against the populations they run. */
export function checkSpark(
  { frameworks, oversubscription }: MesosSection,
  { bestEffort }: Partial<Scenario>,
  report: Report,
): void {
  for (const [name, { kind, settings, populations }] of Object.entries(frameworks)) {
    if (kind !== 'spark-like' || (settings['mode'] ?? SPARK_DEFAULTS.mode) !== 'coarse') continue;
    const own = ['controlPlane', 'frameworks', name];
    if (oversubscription.kind === 'revocable' && populations.length > 0)
      report.error(
        [...own, 'populations'],
        'run on a coarse-grained Spark, whose executors hold regular resources, but oversubscription is revocable; its settings may say mode: fine',
        [['controlPlane', 'oversubscription', 'kind']],
      );
    const cores = settings['executorCores'] ?? SPARK_DEFAULTS.executorCores;
    if (typeof cores !== 'number') continue;
    populations.forEach((population, index) => {
      const known = bestEffort?.populations[population];
      if (known === undefined) return;
      const at = [...own, 'populations', index];
      for (const size of sizesOf(known)) {
        if (size.cores > cores)
          report.error(
            at,
            `is "${population}", whose tasks ask for ${size.cores} cores; executors of "${name}" have ${cores} (settings.executorCores)`,
            [['bestEffort', 'populations', population]],
          );
        if (size.gpu !== undefined)
          report.error(
            at,
            `is "${population}", whose tasks ask for GPUs; coarse executors hold none, mode: fine does`,
            [['bestEffort', 'populations', population]],
          );
      }
    });
  }
}
