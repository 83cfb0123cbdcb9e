import { describe, expect, test } from 'vitest';
import { runAllocatorFile } from './conformance-allocator.ts';

type Step = Record<string, unknown>;

function play(steps: readonly Step[], variant: string): string | undefined {
  return runAllocatorFile({ schema: 'mesos-allocator/1', variant, scenarios: [{ id: 'x', steps }] })[0].detail;
}

const a1 = { op: 'addAgent', agent: 'a1', total: { cpus: 1, mem: 64 } };
const offer = (fw: string, role: string, agents: Step): Step => ({
  op: 'expectOffers',
  offers: [{ fw, role, agents }],
});
const nothing = { op: 'expectOffers', offers: [] };
const decline = (seconds: number): Step => {
  return { op: 'recover', fw: 'f', agent: 'a1', role: 'r', res: { cpus: 1, mem: 64 }, filterSeconds: seconds };
};

describe('the allocator of Mesos 0.19 to 0.22', () => {
  const start = [{ op: 'addFramework', fw: 'f', roles: ['r'] }, a1, offer('f', 'r', { a1: { cpus: 1, mem: 64 } })];

  test('a filter of 0.5 or 1 s has no effect with 1 s batches; today it spares the next batch', () => {
    for (const seconds of [0.5, 1]) {
      const again = [
        ...start,
        decline(seconds),
        { op: 'advance', seconds: 1 },
        offer('f', 'r', { a1: { cpus: 1, mem: 64 } }),
      ];
      expect(play(again, '0.2x')).toBeUndefined();
      const spared = [...start, decline(seconds), { op: 'advance', seconds: 1 }, nothing];
      expect(play(spared, 'modern')).toBeUndefined();
    }
  });

  test('a filter of 2 s ends before the batch at 2 s in both', () => {
    const steps = [
      ...start,
      decline(2),
      { op: 'advance', seconds: 1 },
      nothing,
      { op: 'advance', seconds: 1 },
      offer('f', 'r', { a1: { cpus: 1, mem: 64 } }),
    ];
    for (const variant of ['0.2x', 'modern']) expect(play(steps, variant)).toBeUndefined();
  });

  test('a checkpointing framework is not offered an agent that does not checkpoint', () => {
    const steps = [
      { op: 'addFramework', fw: 'f', roles: ['r'], checkpoint: true },
      { ...a1, checkpoint: false },
      nothing,
      { op: 'addAgent', agent: 'a2', total: { cpus: 1, mem: 64 }, checkpoint: true },
      offer('f', 'r', { a2: { cpus: 1, mem: 64 } }),
    ];
    expect(play(steps, '0.2x')).toBeUndefined();
    expect(play([steps[0], steps[1], offer('f', 'r', { a1: { cpus: 1, mem: 64 } })], 'modern')).toBeUndefined();
  });

  test('each of 3 triggers runs at once and alone, also in a burst', () => {
    const burst = [
      { ...a1, batch: true },
      { op: 'addAgent', agent: 'a2', total: { cpus: 1, mem: 64 }, batch: true },
      { op: 'addFramework', fw: 'f', roles: ['r'], batch: true },
    ];
    expect(play([...burst, { op: 'expectRuns', value: 3 }], '0.2x')).toBeUndefined();
    expect(play([...burst, { op: 'settle' }, { op: 'expectRuns', value: 1 }], 'modern')).toBeUndefined();
  });

  test('a role only uses what is reserved to itself: an ancestor reservation stays where it is', () => {
    const agent = { op: 'addAgent', agent: 'a1', total: [{ reserved: ['a'], q: { cpus: 1, mem: 64 } }] };
    const framework = { op: 'addFramework', fw: 'f', roles: ['a/b'] };
    expect(play([framework, agent, nothing], '0.2x')).toBeUndefined();
  });
});
