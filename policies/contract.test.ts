import { describe, expect, test } from 'vitest';
import { brokenLaws, LAWS } from './contract.ts';
import { batchResource } from './koordinator/policy-batch-resource.ts';
import { memoryEvict } from './koordinator/policy-memory-evict.ts';
import { DECISION, decide, type Policy } from './ports.ts';
import { POLICIES } from './registry.ts';

const ALONE = 'a host alone gets what it gets among many';

/** Laws that a policy need not keep, with the reason. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  // Learns the share of a kind of workload from every host of the cluster; it runs on the manager, never on one node.
  'empirical-ratio': [ALONE],
  // Compares the nodes of a cluster with each other.
  'low-node-load': [ALONE],
};

test.each(Object.entries(POLICIES))('%s keeps the laws of policies', (name, policy) => {
  expect(policy.name).toBe(name);
  expect(brokenLaws(policy, EXCEPTIONS[name])).toEqual([]);
});

describe('each law catches who breaks it', () => {
  const publish = (value: (host: number, nowMs: number) => number): Policy['decide'] => {
    return (signals, _config, _state, out) => {
      for (let host = 0; host < signals.count; host++)
        if (signals.up[host] === 1) decide(out, DECISION.publishBatch, host, -1, value(host, signals.nowMs), 0);
    };
  };
  let calls = 0;
  const wrong: readonly (readonly [string, Partial<Policy>])[] = [
    ['is described', { name: 'Batch_Resource' }],
    ['defaults pass configure', { configure: () => ({}) }],
    ['what is unknown or of the wrong kind', { configure: (config) => ({ ...batchResource.defaults, ...config }) }],
    ['the same input gives the same decisions', { decide: publish(() => Math.random() * 1000) }],
    ['nothing is kept outside the state', { decide: publish(() => ++calls) }],
    [ALONE, { decide: (signals, _c, _s, out) => publish(() => signals.count)(signals, {}, {}, out) }],
    [
      'a copy of the state goes on as the state would',
      {
        createState: () => ({ count: () => 1 }),
        decide: publish(() => 1),
      },
    ],
    ['signals are read, not written', { decide: (signals) => void signals.lastNodeMemBytes.fill(1) }],
    ['decisions are finite, in range', { decide: publish(() => Number.NaN) }],
    ['decisions are finite, in range', { decide: publish(() => 1e9) }],
    ['decisions are finite, in range', { decide: (_signals, _c, _s, out) => decide(out, DECISION.evict, 0, 29, 0, 0) }],
    ['something is decided', { defaults: {}, configure: () => ({}), decide: () => {} }],
  ];
  test.each(wrong)('%s', (law, change) => {
    const broken = (() => {
      try {
        return brokenLaws({ ...batchResource, ...change });
      } catch (error) {
        // A state that cannot be copied is told by structuredClone itself.
        return [`batch-resource: a copy of the state goes on as the state would: ${String(error)}`];
      }
    })();
    expect(broken.join('\n')).toContain(law);
  });
});

test('there are 10 laws, and memory evict keeps all of them', () => {
  expect(LAWS).toHaveLength(10);
  expect(brokenLaws(memoryEvict)).toEqual([]);
});
