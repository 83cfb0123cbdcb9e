import { expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { runPlan } from './run-plan.ts';
import { shareSurfaces } from './shared-surfaces.ts';

test('what one thread built another finds, bit for bit, and builds nothing itself; nothing is told twice', async () => {
  const { plan } = await loadPlan('scenarios/library/unit-small.yaml', { sets: ['horizon=20m'] });
  const identity = { planHash: '', tidemarkVersion: 'test', nodeVersion: 'test' };
  const digestWith = (surfaces: ReturnType<typeof shareSurfaces>) =>
    runPlan(plan, { identity, surfaces: surfaces.store })?.manifest.digest;
  const [builder, listener, third] = [1, 2, 3].map(() => shareSurfaces('shared-surfaces.test'));
  const alone = digestWith(builder);
  expect(builder.store.built.size).toBeGreaterThan(0);
  listener.hear();
  expect(listener.store.built.size).toBe(0);
  builder.tell();
  builder.tell();
  listener.hear();
  expect(listener.store.built).toEqual(builder.store.built);
  const heard = new Map(listener.store.built);
  expect(digestWith(listener)).toBe(alone);
  for (const [key, built] of listener.store.built) expect(built).toBe(heard.get(key));
  expect(listener.store.built.size).toBe(heard.size);
  third.hear();
  listener.tell();
  const first = [...third.store.built.values()];
  third.hear();
  expect([...third.store.built.values()]).toEqual(first);
  expect(third.store.built).toEqual(builder.store.built);
});
