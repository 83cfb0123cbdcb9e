// Golden digests: a changed digest needs a line in CHANGELOG.md. Renew with: RENEW_GOLDEN=1 npx vitest run tests/golden-digests.test.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { prepare } from '../lab/run-plan.ts';
import { loadPlan } from '../scenarios/load.ts';
import { runUntil } from '../sim/engine/run.ts';
import { digestText, digestTextPerHour } from '../sim/kernel/digest.ts';

interface Golden {
  readonly digest: string;
  readonly events: number;
  /** At the end of every simulated hour: says when a run began to differ. */
  readonly perHour: readonly string[];
}

const NAMES = ['faults', 'quickstart', 'unit-small'];
const file = new URL('./golden-digests.golden.json', import.meta.url);
const golden = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Golden>;
const renewed: Record<string, Golden> = {};

test.each(NAMES)('%s has the digest on record', async (name) => {
  const { plan } = await loadPlan(new URL(`../scenarios/library/${name}.yaml`, import.meta.url).pathname);
  const { engine } = prepare(plan, {});
  runUntil(engine, plan.horizonMs);
  const { digest } = engine.cluster;
  const got: Golden = { digest: digestText(digest), events: engine.events, perHour: digestTextPerHour(digest) };
  if (process.env['RENEW_GOLDEN'] === '1') {
    renewed[name] = got;
    writeFileSync(file, `${JSON.stringify({ ...golden, ...renewed }, null, 2)}\n`);
    return;
  }
  const firstHour = got.perHour.findIndex((text, hour) => text !== golden[name].perHour[hour]);
  expect(`${name} differs from hour ${firstHour}`).toBe(`${name} differs from hour -1`);
  expect(got).toEqual(golden[name]);
});
