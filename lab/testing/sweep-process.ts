/** A process that runs a sweep until it is done or killed: `node sweep-process.js DIR`. */

import { runSweep } from '../sweep.ts';
import { planSweep } from '../sweep-plan.ts';
import { parseVary } from '../vary.ts';

/** The sweep of the tests: two points, four seeds, one simulated hour of ten hosts. */
export function smallSweep() {
  const code = { codeVersion: 'code', replayVersion: '' };
  const factors = [parseVary('cluster.hosts.plain.count=8,9')];
  const request = {
    scenario: 'scenarios/library/unit-small.yaml',
    sets: ['horizon=20m'],
    factors,
    design: { kind: 'factorial' as const },
    seeds: 4,
  };
  return planSweep(request, code, {});
}

export const SMALL_IDENTITY = { tidemarkVersion: 't', nodeVersion: 'n' };

if (process.argv[1]?.endsWith('sweep-process.js')) {
  const options = { workers: 1, identity: SMALL_IDENTITY, signal: new AbortController().signal };
  await runSweep(await smallSweep(), process.argv[2], options);
}
