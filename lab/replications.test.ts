import { beforeAll, describe, expect, test } from 'vitest';
import { type LoadedPlan, loadPlan } from '../scenarios/load.ts';
import { planHash } from '../scenarios/resolve.ts';
import { runSeeds, seedText, withSeed } from './replications.ts';
import { runPlan } from './run-plan.ts';

let loaded: LoadedPlan;
beforeAll(async () => {
  loaded = await loadPlan('scenarios/library/unit-small.yaml', { sets: ['horizon=1h'] });
});

const identityOf = () => ({ planHash: loaded.planHash, tidemarkVersion: 't', nodeVersion: 'n' });

async function seedsOn(workers: number, seeds = 4, signal = new AbortController().signal) {
  const progress: [number, string][] = [];
  const options = { workers, identity: identityOf(), notes: ['a note'], signal };
  const results = await runSeeds(loaded.plan, seeds, options, (done, detail) => progress.push([done, detail]));
  return { results, progress };
}

describe('replications', () => {
  test('4 seeds give the same results on 1, 2 and 7 workers as in this thread, and 4 different digests', async () => {
    const one = (await seedsOn(1)).results!;
    for (const workers of [2, 7]) expect((await seedsOn(workers)).results).toEqual(one);
    const here = [0, 1, 2, 3].map((index) => {
      const plan = withSeed(loaded.plan, seedText('unit-small', index));
      return runPlan(plan, { identity: { ...identityOf(), planHash: planHash(plan) }, notes: ['a note'] });
    });
    expect(one).toEqual(here);
    expect(new Set(one.map((run) => run.manifest.digest)).size).toBe(4);
  });

  test('the seeds are text, text/2, text/3 and each manifest has the hash of its own plan', async () => {
    const { results } = await seedsOn(2, 3);
    expect(results!.map((run) => run.manifest.seed)).toEqual(['unit-small', 'unit-small/2', 'unit-small/3']);
    const third = await loadPlan('scenarios/library/unit-small.yaml', {
      sets: ['horizon=1h', 'seed=unit-small/3'],
    });
    expect([results![0].manifest.planHash, results![2].manifest.planHash]).toEqual([loaded.planHash, third.planHash]);
  });

  test('progress ends at 1 with 2 of 2 seeds', async () => {
    const { progress } = await seedsOn(2, 2);
    expect(progress.at(-1)).toEqual([1, '2 of 2 seeds']);
  });

  test('an abort gives null; 0 and 1.5 seeds are refused', async () => {
    const abort = new AbortController();
    abort.abort();
    expect((await seedsOn(1, 1, abort.signal)).results).toBeNull();
    await expect(seedsOn(1, 0)).rejects.toThrow('seeds is 0; give a whole number of 1 or more');
    await expect(seedsOn(1, 1.5)).rejects.toThrow('seeds is 1.5');
  });

  test('a run that cannot start is refused with the seed named', async () => {
    const replay = await loadPlan('scenarios/library/unit-small.yaml', { sets: ['horizon=1h'] });
    const plan = { ...replay.plan, online: { ...replay.plan.online, source: 'replay' as const } };
    const options = { workers: 1, identity: identityOf(), notes: [], signal: new AbortController().signal };
    await expect(runSeeds(plan, 1, options, () => {})).rejects.toThrow(/^unit-small, seed unit-small: online\.source/);
  });
});
