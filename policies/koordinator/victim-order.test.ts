import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BE_CPU_ORDER,
  BE_MEMORY_ORDER,
  CPU_REQUEST_ORDER,
  CPU_USED_ORDER,
  MEMORY_USED_ORDER,
  sortVictims,
} from './victim-columns.ts';
import type { PriorityPod } from './victim-order.ts';
import {
  beCpuVictims,
  beMemoryVictims,
  insertionSorted,
  priorityVictims,
  readEvictionPriority,
} from './victim-order.ts';

function names(pods: readonly { readonly name: string }[]): string[] {
  return pods.map((pod) => pod.name);
}

describe('BE orders', () => {
  const cpu = (name: string, priorityValue: number | undefined, usedMilliCpu: number, requestMilliCpu: number) => ({
    name,
    qosLabel: 'BE',
    priorityValue,
    usedMilliCpu,
    requestMilliCpu,
  });

  test('cpu: lower priority first, then the higher use per request; no request counts as 0', () => {
    const pods = [cpu('idle', 1, 10, 1000), cpu('free', 1, 999, 0), cpu('busy', 1, 900, 1000), cpu('low', 0, 0, 1000)];
    expect(names(beCpuVictims(pods))).toEqual(['low', 'busy', 'idle', 'free']);
  });

  test('cpu: an unset priority is compared by use alone', () => {
    expect(names(beCpuVictims([cpu('a', 5, 100, 1000), cpu('b', undefined, 900, 1000)]))).toEqual(['b', 'a']);
  });

  test('memory: larger first, unknown last, two unknown by name descending', () => {
    const memory = (name: string, usedMemBytes?: number) => ({ name, qosLabel: 'BE', priorityValue: 1, usedMemBytes });
    const pods = [memory('x'), memory('small', 1), memory('y'), memory('big', 9), memory('zero', 0)];
    expect(names(beMemoryVictims(pods))).toEqual(['big', 'small', 'zero', 'y', 'x']);
  });

  test('pods without the label BE are never victims of BE evictions', () => {
    expect(beCpuVictims([{ ...cpu('ls', 0, 1, 1), qosLabel: 'LS' }])).toEqual([]);
    expect(beMemoryVictims([{ name: 'none', usedMemBytes: 9 }])).toEqual([]);
  });

  test('equal pods stay in listed order', () => {
    expect(names(beCpuVictims([cpu('a', 1, 1, 1), cpu('b', 1, 1, 1), cpu('c', 1, 1, 1)]))).toEqual(['a', 'b', 'c']);
    expect(insertionSorted([3, 1, 2], (a, b) => a < b)).toEqual([1, 2, 3]);
  });
});

describe('priority order', () => {
  const base = { phase: 'Running', kubernetesQos: 'Burstable', evictionEnabled: true } as const;
  const pod = (name: string, more: Partial<PriorityPod>): PriorityPod => ({
    ...base,
    name,
    priorityValue: 100,
    amount: 1,
    ...more,
  });

  test('eviction priority, then priority, then label, then amount descending', () => {
    const pods = [
      pod('amount1', {}),
      pod('amount2', { amount: 2 }),
      pod('label', { priorityLabel: 50, priorityValue: 100 }),
      pod('priority', { priorityValue: 99, priorityLabel: 900 }),
      pod('eviction', { evictionPriority: '-1', priorityValue: 200 }),
    ];
    const order = ['eviction', 'priority', 'label', 'amount2', 'amount1'];
    expect(names(priorityVictims(pods, 3000, 'CPUEvict'))).toEqual(order);
  });

  test('not candidates: ended, not enabled, above the threshold, without metric, policy for other features', () => {
    const pods = [
      pod('ended', { phase: 'Failed' }),
      pod('disabled', { evictionEnabled: false }),
      pod('above', { priorityValue: 3001 }),
      pod('blind', { amount: undefined }),
      pod('other', { evictionPolicies: ['CPUEvict'] }),
      pod('at', { priorityValue: 3000, phase: 'Pending', evictionPolicies: ['MemoryEvict'] }),
    ];
    expect(names(priorityVictims(pods, 3000, 'MemoryEvict'))).toEqual(['at']);
  });

  test('an unset priority is that of the class: 9500 for Burstable, so above 5999; 5500 for BE', () => {
    const { priorityValue: _, ...unset } = pod('ls', {});
    expect(names(priorityVictims([unset, { ...unset, name: 'be', qosLabel: 'BE' }], 5999, 'CPUEvict'))).toEqual(['be']);
  });

  test('eviction priorities that are no 32-bit numbers count as 0', () => {
    const texts = ['7', '-1', 'invalid', '1.5', '', '2147483648', undefined];
    expect(texts.map(readEvictionPriority)).toEqual([7, -1, 0, 0, 0, 0, 0]);
    const ends = ['2147483647', '-2147483648', '-2147483649'];
    expect(ends.map(readEvictionPriority)).toEqual([2_147_483_647, -2_147_483_648, 0]);
  });
});

describe('orders over columns', () => {
  const small = fc.integer({ min: 0, max: 3 });
  const task = fc.record({ priority: small, used: small, request: small, mem: small });

  test('rows of equal rank are ordered by row, whatever order they are given in', () => {
    const zeros = new Float64Array(5);
    const rows = Int32Array.of(4, 2, 0, 3, 1);
    sortVictims(rows, 5, MEMORY_USED_ORDER, zeros, zeros, zeros, zeros);
    expect([...rows]).toEqual([0, 1, 2, 3, 4]);
  });

  test('every order equals a plain sort by priority, weight and row; rows past the count stay', () => {
    const orders = [BE_CPU_ORDER, BE_MEMORY_ORDER, CPU_USED_ORDER, MEMORY_USED_ORDER, CPU_REQUEST_ORDER];
    fc.assert(
      fc.property(fc.array(task, { maxLength: 30 }), fc.constantFrom(...orders), (tasks, order) => {
        const weight = (t: (typeof tasks)[number]) => {
          if (order === BE_CPU_ORDER) return t.request > 0 ? t.used / t.request : 0;
          if (order === CPU_USED_ORDER) return t.used;
          return order === CPU_REQUEST_ORDER ? t.request : t.mem;
        };
        const rows = Int32Array.from([...tasks.keys()].reverse());
        const padded = Int32Array.of(...rows, 77);
        const column = (pick: (t: (typeof tasks)[number]) => number) => Float64Array.from(tasks, pick);
        sortVictims(
          padded,
          rows.length,
          order,
          column((t) => t.priority),
          column((t) => t.used),
          column((t) => t.request),
          column((t) => t.mem),
        );
        const wanted = [...tasks.keys()].sort(
          (a, b) => tasks[a].priority - tasks[b].priority || weight(tasks[b]) - weight(tasks[a]) || a - b,
        );
        expect([...padded]).toEqual([...wanted, 77]);
      }),
    );
  });

  test('BE cpu columns agree with the order of pods', () => {
    fc.assert(
      fc.property(fc.array(task, { maxLength: 12 }), (tasks) => {
        const pods = tasks.map((t, i) => ({
          name: `${i}`,
          qosLabel: 'BE',
          priorityValue: t.priority,
          usedMilliCpu: t.used,
          requestMilliCpu: t.request,
        }));
        const rows = Int32Array.from(tasks.keys());
        const column = (pick: (t: (typeof tasks)[number]) => number) => Float64Array.from(tasks, pick);
        const [priority, used, request] = [column((t) => t.priority), column((t) => t.used), column((t) => t.request)];
        sortVictims(rows, rows.length, BE_CPU_ORDER, priority, used, request, used);
        expect([...rows].map(String)).toEqual(names(beCpuVictims(pods)));
      }),
    );
  });
});
