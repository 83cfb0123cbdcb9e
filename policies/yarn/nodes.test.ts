import { expect, test } from 'vitest';
import { decommissionStatus, decommissionTimeoutMs, nextNodeState, schedulableCapability } from './decommission.ts';
import { type ResizableContainer, ResizableNode } from './node-resize.ts';

function container(
  id: string,
  size: number,
  created: number,
  more: Partial<ResizableContainer> = {},
): ResizableContainer {
  return { id, size, created, isAm: false, isOpportunistic: false, ...more };
}

test('copilot sends no timeout, which is read as 0: a shrink below the allocation kills at once, newest first', () => {
  const node = new ResizableNode(8, [
    container('am', 2, 0, { isAm: true }),
    container('a', 2, 1),
    container('b', 4, 2),
  ]);
  expect(node.resize(0, 5, 0)).toEqual({ killed: ['b'], noticed: [] });
  expect(node.available).toBe(1);
  // A master goes only when nothing else is left.
  expect(node.resize(1, 1, 0).killed).toEqual(['a', 'am']);
});

test('a later update replaces the deadline, and one without a timeout lifts it', () => {
  const node = new ResizableNode(8, [container('a', 4, 0), container('b', 4, 1)]);
  expect(node.resize(0, 6, 1_000).noticed).toEqual(['b']);
  expect(node.resize(500, 5, 1_000).noticed).toEqual(['b']);
  expect(node.heartbeat(1_499).killed).toEqual([]);
  node.resize(1_499, 4, -1);
  expect(node.heartbeat(9_000).killed).toEqual([]);
  expect(node.available).toBe(-4);
});

test('a container that ends in time saves the others', () => {
  const node = new ResizableNode(8, [container('a', 4, 0), container('b', 4, 1)]);
  node.resize(0, 4, 1_000);
  node.complete('a');
  expect(node.heartbeat(1_000).killed).toEqual([]);
});

test('decommissioning: waits for containers, then applications, then 40 s are over; for ever when negative', () => {
  const at = (containers: number, applications: number, elapsed: number, timeout = 40): string =>
    decommissionStatus('DECOMMISSIONING', containers, applications, timeout, elapsed);
  expect([at(1, 1, 39), at(0, 1, 39), at(0, 1, 40), at(0, 0, 99)]).toEqual([
    'WAIT_CONTAINER',
    'WAIT_APP',
    'TIMEOUT',
    'READY',
  ]);
  expect(at(0, 1, 1e9, -1)).toBe('WAIT_APP');
  expect(decommissionTimeoutMs(null, -1, 3_600)).toBe(-1);
  expect(decommissionTimeoutMs(0, -1, 3_600)).toBe(0);
});

test('states: a healthy node comes back, a lost one stays lost, an unhealthy one is not taken out early', () => {
  expect(nextNodeState('UNHEALTHY', { healthy: true, hasApplications: false })).toBe('RUNNING');
  expect(nextNodeState('LOST', 'RECOMMISSION')).toBeNull();
  expect(nextNodeState('RUNNING', 'RECOMMISSION')).toBeNull();
  expect(nextNodeState('DECOMMISSIONING', { healthy: false, hasApplications: false })).toBe('DECOMMISSIONING');
  expect(schedulableCapability('UNHEALTHY', 10, 4)).toBe(0);
});
