/**
 * Disk and network of every host, once a window; only where a host has them and work asks for them.
 *
 *   demand      = work of pods and tasks x what a core asks for;   use = what is carried / what the device can do, at most 0.95
 *   disk wait   = own time x u / (1 - u), u with best effort
 *   packet wait = packet / bandwidth x u / (1 - u), u = services + best effort not behind them (low DSCP: none)
 *
 * Weights matter only under contention. Best effort that gets less than it asks for of a device runs that much slower, all of a host together: tasks that
 * ask for little are slowed with those that ask for much. Its CPU use stays, as the split had it, so demand of a host at its device is an upper bound.
 * Requests whose share of a device is not carried are late. Source: docs/performance-models.md 5.
 */
import type { BatchPopulation } from '../../traces/format.ts';
import { TASK_STATE } from '../cluster/tasks.ts';
import { deviceWait, serviceShareOfDevice } from '../host/disk-network.ts';
import type { Parameters } from '../host/parameters.ts';
import type { DiskKind } from '../plan/cluster.ts';
import type { IoPlan } from '../plan/workload.ts';
import type { Plan } from '../plan.ts';
import type { Engine } from './engine.ts';

const BYTES_PER_MB = 1_000_000;
const BYTES_PER_GB = 1_000_000_000;

/** One kind of device over all hosts. */
export interface Device {
  /** What one can do in a second, and how long one unit takes alone (a disk request, a packet); row a host, 0 = has none. */
  readonly perSecond: Float64Array;
  readonly ownMs: Float64Array;
  /** Units a second for a core of work; row a service, row a population. */
  readonly ofService: Float64Array;
  readonly ofPopulation: Float64Array;
  /** Share of best effort's use that services wait for. */
  readonly seen: number;
  /** Units a second asked for in this window. */
  readonly services: Float64Array;
  readonly bestEffort: Float64Array;
  /** Mean wait of a request of a service, and share that is not carried; then with best effort taken away. */
  readonly waitMs: Float64Array;
  readonly lost: Float64Array;
  readonly waitMsAlone: Float64Array;
  readonly lostAlone: Float64Array;
}

export interface HostIo {
  readonly disk: Device;
  readonly network: Device;
  readonly useCap: number;
  readonly bestEffortWeight: number;
  /** [devices that services ask in this window] */
  readonly asked: Int32Array;
}

/** null where no work asks for a device. `shapeOf`: row a host. */
export function createHostIo(
  plan: Plan,
  serviceNames: readonly string[],
  populations: readonly BatchPopulation[],
  p: Parameters,
  shapeOf: ArrayLike<number>,
): HostIo | null {
  const services = new Map<string, IoPlan>(plan.online.explicit.map((service) => [service.name, service]));
  const work = new Map<string, IoPlan>(plan.bestEffort.populations.map((population) => [population.name, population]));
  const asks = ({ diskIopsPerCore, networkMbPerCore }: IoPlan) =>
    diskIopsPerCore !== undefined || networkMbPerCore !== undefined;
  if (![...services.values(), ...work.values()].some(asks)) return null;
  const disks: Record<DiskKind, readonly [iops: number, ms: number]> = {
    hdd: [p.hddIops, p.hddMs],
    ssd: [p.ssdIops, p.ssdMs],
    nvme: [p.nvmeIops, p.nvmeMs],
  };
  const shapes = plan.cluster.shapes;
  const diskOf = (host: number) => {
    const { disk } = shapes[shapeOf[host]];
    return disk === undefined ? [0, 0] : disks[disk];
  };
  const nicOf = (host: number) => (shapes[shapeOf[host]].networkGbPerSecond ?? 0) * BYTES_PER_GB;
  const hosts = shapeOf.length;
  const device = (
    perSecond: (host: number) => number,
    ownMs: (host: number) => number,
    asked: (io: IoPlan) => number,
    seen: number,
  ): Device => {
    const f = () => new Float64Array(hosts);
    return {
      perSecond: Float64Array.from({ length: hosts }, (_, host) => perSecond(host)),
      ownMs: Float64Array.from({ length: hosts }, (_, host) => ownMs(host)),
      ofService: Float64Array.from(serviceNames, (name) => asked(services.get(name) ?? {})),
      ofPopulation: Float64Array.from(populations, ({ name }) => asked(work.get(name) ?? {})),
      seen,
      services: f(),
      bestEffort: f(),
      waitMs: f(),
      lost: f(),
      waitMsAlone: f(),
      lostAlone: f(),
    };
  };
  return {
    disk: device(
      (host) => diskOf(host)[0],
      (host) => diskOf(host)[1],
      (io) => io.diskIopsPerCore ?? 0,
      1,
    ),
    network: device(
      nicOf,
      (host) => (nicOf(host) > 0 ? (1000 * p.packetBytes) / nicOf(host) : 0),
      (io) => (io.networkMbPerCore ?? 0) * BYTES_PER_MB,
      1 - p.dscpProtection,
    ),
    useCap: p.ioUseCap,
    bestEffortWeight: p.beIoWeight,
    asked: new Int32Array(1),
  };
}

/** Adds up demand, shares the devices, and slows best effort that gets too little of them. */
export function sweepIo(engine: Engine, io: HostIo): void {
  io.asked[0] = 0;
  for (const device of [io.disk, io.network]) {
    addDemand(engine, device);
    for (let host = 0; host < device.perSecond.length; host++)
      shareDevice(device, host, io, engine.hostWindow.bestEffortSpeed);
  }
}

function addDemand({ online, cluster, hostWindow, hostModel }: Engine, device: Device): void {
  const { tasks } = cluster;
  const { ofService, ofPopulation, services, bestEffort } = device;
  services.fill(0);
  bestEffort.fill(0);
  for (let s = 0; s < ofService.length; s++) {
    if (ofService[s] === 0) continue;
    const perMilliCpu = ofService[s] / 1000;
    for (let row = online.firstPod[s]; row < online.firstPod[s + 1]; row++) {
      if (tasks.state[row] !== TASK_STATE.running || online.usedMilliCpu[row] <= 0) continue;
      const host = tasks.host[row];
      const slowdown = hostWindow.slowdown[host * hostModel.classCount + online.classOf[s]];
      services[host] += (perMilliCpu * online.usedMilliCpu[row]) / slowdown;
    }
  }
  if (ofPopulation.every((asked) => asked === 0)) return;
  for (let i = 0; i < tasks.runningCount; i++) {
    const row = tasks.runningRows[i];
    const host = tasks.host[row];
    bestEffort[host] +=
      (ofPopulation[tasks.group[row]] / 1000) * tasks.demandMilliCpu[row] * hostWindow.bestEffortShare[host];
  }
}

function shareDevice(device: Device, host: number, io: HostIo, speed: Float64Array): void {
  const { perSecond, ownMs, seen, waitMs, lost, waitMsAlone, lostAlone } = device;
  const capacity = perSecond[host];
  const services = device.services[host];
  const bestEffort = device.bestEffort[host];
  if (capacity === 0 || services + bestEffort === 0) {
    waitMs[host] = lost[host] = waitMsAlone[host] = lostAlone[host] = 0;
    return;
  }
  const room = io.useCap * capacity;
  const carried = serviceShareOfDevice(services, bestEffort, room, io.bestEffortWeight);
  const left = room - carried;
  const best = bestEffort < left ? bestEffort : left;
  const carriedAlone = services < room ? services : room;
  waitMs[host] = deviceWait(ownMs[host], (carried + seen * best) / capacity, io.useCap);
  waitMsAlone[host] = deviceWait(ownMs[host], carriedAlone / capacity, io.useCap);
  lost[host] = services > 0 ? 1 - carried / services : 0;
  lostAlone[host] = services > 0 ? 1 - carriedAlone / services : 0;
  if (bestEffort > best) speed[host] *= best / bestEffort;
  if (services > 0) io.asked[0]++;
}
