/**
 * Tasks that share hosts, placed one after another in order of arrival by a VM policy or a GPU packing policy.
 *
 * `order: strict` holds everyone behind the first that does not fit; `skip` lets later ones pass. `whenFull: drop` gives up what fits nowhere
 * when it is tried.
 */
import type { RandomSource } from '../../../policies/base/random-source.ts';
import type { TypicalPods } from '../../../policies/packing/gpu/fragmentation.ts';
import type { GpuPod } from '../../../policies/packing/gpu/gpu-hosts.ts';
import { createPackingState, type PackingPolicy } from '../../../policies/packing/gpu/packing-policy.ts';
import type { VmBatchPolicy, VmHosts, VmPolicy } from '../../../policies/packing/vm/vm-policy.ts';
import { gpuHosts, readPod } from '../../cluster/gpu-view.ts';
import { TIER } from '../../cluster/hosts.ts';
import { keyedWord } from '../../kernel/random.ts';
import type { BatchPlan } from '../../plan/batch.ts';
import type { PlaneContext } from '../control-plane.ts';
import type { BatchQueue, BatchSetup } from './batch-plane.ts';

/** Where one task goes. */
export interface Chooser {
  /** Host of a row, -1 = nowhere. */
  hostFor(row: number): number;
  cardsFor(row: number, host: number): number;
  /** Hosts of several rows at once; absent where they are placed one by one. false = not all fit, and none is placed. */
  hostsFor?(rows: readonly number[], out: Int32Array): boolean;
  snapshot(): unknown;
  restore(from: unknown): void;
}

/** Marks the hosts that take tasks now. */
function markOpen(context: PlaneContext, open: Uint8Array): void {
  const { hosts } = context.cluster;
  for (let host = 0; host < hosts.count; host++)
    open[host] = hosts.up[host] === 1 && hosts.cordoned[host] === 0 ? 1 : 0;
}

/** The native tier as a VM policy sees it. */
function vmView(
  context: PlaneContext,
  cpuUnitMilli: number,
  memUnitBytes: number,
): VmHosts & { readonly up: Uint8Array } {
  const { hosts } = context.cluster;
  const native = (column: Float64Array) => column.subarray(0, hosts.count);
  return {
    count: hosts.count,
    capacityMilliCpu: hosts.capacityMilliCpu,
    capacityMemBytes: hosts.capacityMemBytes,
    soldMilliCpu: native(hosts.soldMilliCpu),
    soldMemBytes: native(hosts.soldMemBytes),
    allocatedMilliCpu: native(hosts.allocatedMilliCpu),
    allocatedMemBytes: native(hosts.allocatedMemBytes),
    usedMilliCpu: hosts.beDemandMilliCpu,
    up: new Uint8Array(hosts.count),
    rack: hosts.rack,
    cpuUnitMilli,
    memUnitBytes,
  };
}

/** One core and one GiB weigh alike for VM policies that add them. */
const CPU_UNIT_MILLI = 1000;
const MEM_UNIT_BYTES = 1_073_741_824;

/** A chooser by a VM policy. */
export function vmChooser(context: PlaneContext, policy: VmPolicy | VmBatchPolicy): Chooser {
  const view = vmView(context, CPU_UNIT_MILLI, MEM_UNIT_BYTES);
  const { tasks } = context.cluster;
  const none = { cardsFor: () => 0, snapshot: () => null, restore: () => {} };
  if ('chooseHost' in policy)
    return {
      ...none,
      hostFor(row) {
        markOpen(context, view.up);
        return policy.chooseHost(view, tasks.requestMilliCpu[row], tasks.requestMemBytes[row]);
      },
    };
  const atOnce = (rows: readonly number[], out: Int32Array) => {
    markOpen(context, view.up);
    const cpu = Float64Array.from(rows, (row) => tasks.requestMilliCpu[row]);
    const mem = Float64Array.from(rows, (row) => tasks.requestMemBytes[row]);
    return policy.chooseHosts(view, rows.length, cpu, mem, out);
  };
  const one = new Int32Array(1);
  return { ...none, hostsFor: atOnce, hostFor: (row) => (atOnce([row], one) ? one[0] : -1) };
}

/** A chooser by a GPU packing policy; draws are words keyed by their number. */
export function packingChooser(
  context: PlaneContext,
  policy: PackingPolicy,
  typical: TypicalPods,
  salt: number,
): Chooser {
  const { hosts, tasks } = context.cluster;
  const view = gpuHosts(hosts, TIER.native);
  let draws = 0;
  const random: RandomSource = { nextUint32: () => keyedWord(salt, draws++) >>> 0 };
  const state = createPackingState(hosts.count, typical, random);
  const pod: GpuPod = {
    cpuMilli: 0,
    memBytes: 0,
    cards: 0,
    milliPerCard: 0,
    memMilliPerCard: 0,
    memBytesPerCard: 0,
    models: 0,
    shape: 0,
  };
  /** Numbers of requests alike in CPU and GPUs, in order of appearance: derived, so snapshots leave them out. */
  const shapes = new Map<number, number>();
  const read = (row: number) => {
    const cpu = tasks.requestMilliCpu[row];
    const request = tasks.gpuRequest[row];
    const key = cpu * 65_536 + request;
    const shape = shapes.get(key) ?? shapes.size;
    shapes.set(key, shape);
    readPod(pod, hosts.gpus, cpu, tasks.requestMemBytes[row], request, shape);
  };
  return {
    hostFor(row) {
      markOpen(context, view.open);
      read(row);
      return policy.chooseHost(view, pod, state);
    },
    cardsFor(row, host) {
      read(row);
      return pod.milliPerCard === 0 ? 0 : policy.chooseCards(view, host, pod, state);
    },
    snapshot: () => draws,
    restore: (from) => {
      draws = from as number;
    },
  };
}

/** The queue of a plane whose hosts are shared. */
export function createSharedHosts(
  context: PlaneContext,
  plan: BatchPlan,
  chooser: Chooser,
  setup: BatchSetup,
): BatchQueue {
  const { tasks, hosts } = context.cluster;
  let queue: number[] = [];
  let head = 0;
  const place = (row: number, host: number, nowMs: number) =>
    context.bind(row, host, nowMs, 0, chooser.cardsFor(row, host));
  const hostFor = (row: number): number => {
    const pinned = setup.pinnedHostOf(row);
    if (pinned < 0) return chooser.hostFor(row);
    return hosts.up[pinned] === 1 && hosts.cordoned[pinned] === 0 ? pinned : -1;
  };
  /** Tasks that must go to a host of their own first, then the others together. */
  const passAtOnce = (nowMs: number, hostsFor: NonNullable<Chooser['hostsFor']>) => {
    const rows = queue.slice(head);
    const free = rows.filter((row) => setup.pinnedHostOf(row) < 0);
    const left: number[] = [];
    for (const row of rows) {
      if (setup.pinnedHostOf(row) < 0) continue;
      const host = hostFor(row);
      if (host < 0) left.push(row);
      else place(row, host, nowMs);
    }
    const out = new Int32Array(free.length).fill(-1);
    if (free.length > 0 && hostsFor(free, out)) for (let i = 0; i < free.length; i++) place(free[i], out[i], nowMs);
    else left.push(...free);
    queue = left;
    head = 0;
  };
  return {
    onPending(row) {
      queue.push(row);
    },
    onLeft() {},
    forget(row) {
      const at = queue.indexOf(row, head);
      if (at >= 0) queue.splice(at, 1);
      return at >= 0;
    },
    pass(nowMs) {
      if (chooser.hostsFor !== undefined) {
        passAtOnce(nowMs, chooser.hostsFor);
        return;
      }
      const held: number[] = [];
      const dropped: number[] = [];
      while (head < queue.length) {
        const row = queue[head];
        const host = hostFor(row);
        if (host < 0 && plan.whenFull === 'wait' && plan.order === 'strict') break;
        head++;
        if (host >= 0) place(row, host, nowMs);
        else if (plan.whenFull === 'drop') dropped.push(row);
        else held.push(row);
      }
      if (held.length > 0 || head > 1024) {
        queue = [...held, ...queue.slice(head)];
        head = 0;
      }
      for (const row of dropped) context.giveUp(row, nowMs);
    },
    rows: () => queue.slice(head).filter((row) => tasks.host[row] < 0),
    hostFor,
    cardsFor: (row, host) => chooser.cardsFor(row, host),
    snapshot: () => ({ queue: queue.slice(head), chooser: chooser.snapshot() }),
    restore(from) {
      const state = from as { queue: number[]; chooser: unknown };
      queue = [...state.queue];
      head = 0;
      chooser.restore(state.chooser);
    },
  };
}
