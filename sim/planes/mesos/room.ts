/** Which agents have room for a waiting task, now or when they are empty. */
import { usableByRole } from '../../../policies/mesos/eligibility.ts';
import type { ResourceBag } from '../../../policies/mesos/resource-bag.ts';
import { amountOf, gpusOf, memMibOf, NOTHING_RESERVED, reservedIn } from './agents.ts';
import type { Driver } from './driver.ts';
import { type MesosRun, masterOf } from './mesos-run.ts';

/** Agents of a framework's cluster, those that have enough of each resource for a task, and those that have enough of all. */
export interface Room {
  readonly agents: number;
  readonly cpu: number;
  readonly mem: number;
  readonly disk: number;
  readonly gpus: number;
  readonly all: number;
}

/** Room for the task of `row` in what its agents have `available`, or in their `total`. */
export function roomFor(run: MesosRun, driver: Driver, row: number, of: 'available' | 'total'): Room {
  const { s, setup } = run;
  const { tasks } = setup.context.cluster;
  const wantedCpu = Math.ceil(tasks.requestMilliCpu[row]);
  const wantedMem = memMibOf(tasks.requestMemBytes[row]);
  const wantedGpus = gpusOf(setup.context.cluster, row);
  const room = { agents: 0, cpu: 0, mem: 0, disk: 0, gpus: 0, all: 0 };
  for (const agent of masterOf(run, driver).allocator.ledger.agents.values()) {
    const bag: ResourceBag = agent[of];
    const reserved = s.kinds.withReservations
      ? reservedIn(s.kinds, usableByRole(s.kinds.catalog, bag, driver.plan.role))
      : NOTHING_RESERVED;
    const cpuHere = driver.revocable
      ? amountOf(bag, s.kinds.revocableCpus)
      : amountOf(bag, s.kinds.cpus) + reserved.milliCpu;
    const cpu = cpuHere >= wantedCpu;
    const mem = amountOf(bag, s.kinds.mem, 1000) + reserved.memMib >= wantedMem;
    const disk = amountOf(bag, s.kinds.disk, 1000) + reserved.diskMib >= driver.plan.taskDiskMib;
    const gpus = amountOf(bag, s.kinds.gpus, 1000) >= wantedGpus;
    room.agents++;
    if (cpu) room.cpu++;
    if (mem) room.mem++;
    if (disk) room.disk++;
    if (gpus) room.gpus++;
    if (cpu && mem && disk && gpus) room.all++;
  }
  return room;
}

/** The task that has waited longest at a framework; -1 = none waits. */
export function oldestWaiting(run: MesosRun, driver: Driver): number {
  const { s, setup } = run;
  const { submitAtMs } = setup.context.cluster.tasks;
  let oldest = -1;
  for (let row = 0; row < s.waiting.length; row++)
    if (s.waiting[row] === 1 && s.driverOfRow[row] === driver.index)
      if (oldest < 0 || submitAtMs[row] < submitAtMs[oldest]) oldest = row;
  return oldest;
}

/** Whether tasks wait at a framework that is there to take offers. */
export function hasQueue({ s }: MesosRun, driver: Driver): boolean {
  return s.queued[driver.index] > 0 && s.backlog[driver.index] === null;
}
