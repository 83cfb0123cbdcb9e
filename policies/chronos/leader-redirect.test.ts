import { describe, expect, test } from 'vitest';
import { redirect } from './leader-redirect.ts';

const RULES = { hopMs: 5, timeoutMs: 30_000, tries: 3 };

describe('redirects among leaders', () => {
  test('when all believe in node 1, a request to node 0 takes two hops of 5 ms', () => {
    expect(redirect([1, 1, 1], 0, RULES)).toEqual({ answeredBy: 1, requests: 2, tookMs: 10 });
  });

  test('A and C believe in B, B believes in C: one request becomes 18,000 until the balancer gives up after 90 s', () => {
    // 30 s / 5 ms = 6,000 hops a try, three tries.
    expect(redirect([1, 2, 1], 0, RULES)).toEqual({ answeredBy: -1, requests: 18_000, tookMs: 90_000 });
  });

  test('a try that ends with a node that believes in itself is answered: the balancer takes the next node each time', () => {
    // Nodes 0 and 1 believe in each other, node 2 in itself: 6,000 + 6,000 requests, then one.
    expect(redirect([1, 0, 2], 0, RULES)).toEqual({ answeredBy: 2, requests: 12_001, tookMs: 60_005 });
  });

  test('no loop is longer than the time the balancer waits: 12 ms are two hops of 5 ms', () => {
    expect(redirect([1, 0], 0, { hopMs: 5, timeoutMs: 12, tries: 1 })).toEqual({
      answeredBy: -1,
      requests: 2,
      tookMs: 12,
    });
  });

  test('a believed leader that is no node is refused', () => {
    expect(() => redirect([1, 3, 1], 0, RULES)).toThrow('redirect: node 1 names 3; nodes are 0 to 2');
  });
});
