/** One host of 32 CPUs in 16 cores, without a system, by hand: whose CPUs who may use, and what their siblings do. */
import { describe, expect, test } from 'vitest';
import { createHostTable, PRESSURE_CLASS_COUNT } from '../cluster/hosts.ts';
import { latencyClassTable, pressureClassTable } from '../host/contention.ts';
import { ISOLATION, type IsolationLevel, isolationModel } from '../host/isolation.ts';
import { parametersWith } from '../host/parameters.ts';
import { ALONE_COLUMNS, ALONE_ROW, createHostWindow, LATENCY_COLUMNS, LATENCY_ROW, sweepHosts } from './host-sweep.ts';

const P = parametersWith({ turboLoss: 0 });
const SPIN = PRESSURE_CLASS_COUNT - 1;

/** Milli-CPU: use of services, idle CPUs of LSE and LSR pods, demand of spinning best effort. `exclusiveBusy` of LSE CPUs. */
function sweep(of: {
  readonly level: IsolationLevel;
  readonly online: number;
  readonly lseIdle?: number;
  readonly lsrIdle?: number;
  readonly best?: number;
  readonly exclusiveBusy?: number;
}) {
  const hosts = createHostTable(1);
  hosts.up[0] = 1;
  hosts.capacityMilliCpu[0] = 32_000;
  hosts.beDemandMilliCpu[0] = of.best ?? 0;
  hosts.beDemandByClass[SPIN] = of.best ?? 0;
  const window = createHostWindow(1, 8);
  window.onlineMilliCpu[0] = of.online;
  window.closedMilliCpu[0] = of.lseIdle ?? 0;
  window.lsrIdleMilliCpu[0] = of.lsrIdle ?? 0;
  window.exclusiveBusy[0] = of.exclusiveBusy ?? 0;
  const model = {
    parameters: P,
    isolation: isolationModel(P, of.level, false),
    latency: latencyClassTable(P),
    pressure: pressureClassTable(P),
    threadsPerCore: Float64Array.of(2),
    bandwidthGbPerSecond: Float64Array.of(100),
    classCount: 8,
    capacityMilliCpu: hosts.capacityMilliCpu,
  };
  sweepHosts(hosts, model, Float64Array.of(32_000), Float64Array.of(0), false, window);
  return window;
}
const seen = (window: ReturnType<typeof sweep>, c: number) => ({
  room: window.latencyRows[c * LATENCY_COLUMNS + LATENCY_ROW.headroomMilliCpu],
  delayed: window.latencyRows[c * LATENCY_COLUMNS + LATENCY_ROW.delayedShare],
  slowdown: window.slowdown[c],
  roomAlone: window.aloneRows[c * ALONE_COLUMNS + ALONE_ROW.headroomMilliCpu],
});

describe('who may use whose CPUs', () => {
  test('LS pods get neither the 5 idle CPUs of LSE pods nor the 3 of LSR pods: 32 - 8 - 5 - 3 = 16', () => {
    const window = sweep({ level: ISOLATION.S, online: 8_000, lseIdle: 5_000, lsrIdle: 3_000 });
    expect(seen(window, 0)).toMatchObject({ room: 16_000, roomAlone: 16_000 });
  });

  test('best effort lies on 16 shared and 3 reserved CPUs in proportion: of 9.5 it takes 8 of the shared, and gives back 99 %', () => {
    const window = sweep({ level: ISOLATION.S, online: 8_000, lseIdle: 5_000, lsrIdle: 3_000, best: 9_500 });
    expect(window.bestEffortMilliCpu[0]).toBe(9_500);
    expect(seen(window, 0).room).toBeCloseTo(16_000 - 8_000 + 0.99 * 8_000, 6);
    expect(seen(window, 0).roomAlone).toBe(16_000);
  });

  test('services that want 30 are granted 29 while 3 CPUs of LSR pods idle, and best effort runs on those', () => {
    const window = sweep({ level: ISOLATION.N, online: 30_000, lsrIdle: 3_000, best: 320_000_000 });
    expect(window.onlineGrantedMilliCpu[0]).toBe(29_000);
    expect(window.bestEffortMilliCpu[0]).toBe(3_000);
    expect(seen(window, 0).room).toBe(0);
  });

  test('without CPUs of their own nothing changes: 32 - 8 - 10 + 0.99 x 10', () => {
    expect(seen(sweep({ level: ISOLATION.S, online: 8_000, best: 10_000 }), 0).room).toBeCloseTo(14_000 + 9_900, 6);
  });
});

describe('beside best effort at equal weight', () => {
  const window = sweep({ level: ISOLATION.E, online: 8_000, best: 16_000, exclusiveBusy: 0.25 });

  test('pods of shared CPUs have busy siblings, half best effort (yield 1.2) and a quarter services (1.3), and wait for it', () => {
    expect(seen(window, 0).slowdown).toBeCloseTo(1 + (2 / 1.2 - 1) * 0.5 + (2 / 1.3 - 1) * 0.25, 9);
    expect(seen(window, 0).delayed).toBeCloseTo(0.275 * 0.5, 9);
  });

  test('pods of exclusive CPUs have siblings of their own kind only, busy as their CPUs are, and wait for nobody', () => {
    expect(seen(window, 4).slowdown).toBeCloseTo(1 + (2 / 1.3 - 1) * 0.25, 9);
    expect(seen(window, 4).delayed).toBe(0);
  });
});
