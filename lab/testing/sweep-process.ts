/** A process that runs a sweep until it is done or killed: `node sweep-process.js DIR`. */

import { runSweep } from '../sweep.ts';
import { planSweep, type WarmStart } from '../sweep-plan.ts';
import { parseVary } from '../vary.ts';

/** The sweep of the tests: two points, four seeds, 20 simulated minutes of ten hosts; warm, of two seeds and what a fork may change. */
export function smallSweep(warm?: WarmStart) {
  const code = { codeVersion: 'code', replayVersion: '' };
  const factors = [parseVary(warm === undefined ? 'cluster.hosts.plain.count=8,9' : 'controlPlane.fitWeight=1,2')];
  const request = {
    scenario: 'scenarios/library/unit-small.yaml',
    sets: ['horizon=20m'],
    factors,
    design: { kind: 'factorial' as const },
    seeds: warm === undefined ? 4 : 2,
    ...(warm === undefined ? {} : { warm }),
  };
  return planSweep(request, code, {});
}

export const SMALL_IDENTITY = { tidemarkVersion: 't', nodeVersion: 'n' };

if (process.argv[1]?.endsWith('sweep-process.js')) {
  const options = { workers: 1, identity: SMALL_IDENTITY, signal: new AbortController().signal };
  await runSweep(await smallSweep(), process.argv[2], options);
}
