/** The hours that the cells of a sweep folder keep, found by plan hash. */
import { join } from 'node:path';
import type { RunHours } from '../../sim/results/run-hours.ts';
import { readCell } from '../cache.ts';
import type { SweepDescription } from '../sweep-plan.ts';

/** Hours of a run of the sweep in `dir`; null where its cell is not there, damaged, or was written without hours. */
export function cellHours(dir: string, description: SweepDescription): (planHash: string) => RunHours | null {
  const { codeVersion, replayVersion } = description;
  return (planHash) => {
    const found = readCell(join(dir, 'cells'), { planHash, codeVersion, replayVersion });
    return found.kind === 'found' ? found.result.hours : null;
  };
}
