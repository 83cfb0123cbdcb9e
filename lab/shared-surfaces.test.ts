import { BroadcastChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { runPlan } from './run-plan.ts';
import { shareSurfaces } from './shared-surfaces.ts';

/** Keys in each message on the channel since the last call. */
function toldOn(channel: BroadcastChannel): string[][] {
  const next = () => receiveMessageOnPort(channel as unknown as MessagePort);
  const told: string[][] = [];
  for (let got = next(); got !== undefined; got = next()) told.push(got.message.map(([key]: [string]) => key));
  return told;
}

test('what one thread built another finds, bit for bit, and builds nothing itself; each surface is told once', async () => {
  const { plan } = await loadPlan('scenarios/library/unit-small.yaml', { sets: ['horizon=20m'] });
  const identity = { planHash: '', tidemarkVersion: 'test', nodeVersion: 'test' };
  const channel = new BroadcastChannel('shared-surfaces.test');
  const [builder, listener] = [1, 2].map(() => shareSurfaces('shared-surfaces.test'));
  const run = (surfaces: ReturnType<typeof shareSurfaces>) => {
    surfaces.hear();
    const digest = runPlan(plan, { identity, surfaces: surfaces.store })?.manifest.digest;
    surfaces.tell();
    return digest;
  };
  const alone = run(builder);
  const keys = [...builder.store.built.keys()];
  expect(keys.length).toBeGreaterThan(0);
  expect(toldOn(channel)).toEqual([keys]);
  listener.hear();
  expect(listener.store.built).toEqual(builder.store.built);
  const heard = new Map(listener.store.built);
  expect(run(listener)).toBe(alone);
  expect([...listener.store.built.keys()]).toEqual(keys);
  for (const [key, built] of listener.store.built) expect(built).toBe(heard.get(key));
  run(builder);
  expect(toldOn(channel)).toEqual([]);
  channel.close();
});
