/** Hosts as Mesos agents: names, attributes, and resources as bags. CPU in milli-CPU, memory and disk in whole MiB. */
import { fail } from '../../../policies/base/assert.ts';
import { BYTES_PER_MIB } from '../../../policies/base/units.ts';
import type { AgentDirectory } from '../../../policies/framework.ts';
import type { ResourceBag } from '../../../policies/mesos/resource-bag.ts';
import { addBags, bagOf, EMPTY_BAG } from '../../../policies/mesos/resource-bag.ts';
import { PLAIN, ResourceCatalog, ResourceFlag } from '../../../policies/mesos/resource-catalog.ts';
import { MILLI_PER_CARD } from '../../../policies/packing/gpu/gpu-hosts.ts';
import type { Cluster } from '../../cluster/apply.ts';
import type { GpuTable } from '../../cluster/gpus.ts';
import { type HostTable, TIER } from '../../cluster/hosts.ts';
import type { ClusterPlan } from '../../plan/cluster.ts';

/** Milli-units of a MiB in a bag. */
export const MILLI = 1000;

/** Resource kinds of a run. */
export interface AgentKinds {
  readonly catalog: ResourceCatalog;
  readonly cpus: number;
  readonly revocableCpus: number;
  readonly mem: number;
  readonly disk: number;
  readonly gpus: number;
  /** Whether parts of agents are reserved; where none is, resources have one kind a name. */
  readonly withReservations: boolean;
  /** Kinds of a task without disk, in the order of bags. */
  readonly cpusAndMem: readonly number[];
  /** Bags of tasks that ask for CPU and memory alone: millions of tasks, few shapes. */
  readonly plainBags: ResourceBag[];
}

/** A catalog with the kinds that agents of a simulated cluster have. */
export function createKinds(withReservations = false): AgentKinds {
  const catalog = new ResourceCatalog();
  const cpus = catalog.plainKind('cpus');
  const mem = catalog.plainKind('mem');
  return {
    catalog,
    cpus,
    mem,
    withReservations,
    cpusAndMem: [cpus, mem],
    plainBags: [],
    disk: catalog.plainKind('disk'),
    gpus: catalog.plainKind('gpus'),
    revocableCpus: catalog.kind({ ...PLAIN, name: 'cpus', revocable: true }, 0),
  };
}

/** What a host sells as regular resources; memory rounds down to MiB. */
export function regularBag(
  kinds: AgentKinds,
  hosts: HostTable,
  host: number,
  gpus: number,
  diskMib: number,
): ResourceBag {
  const at = TIER.native * hosts.count + host;
  let bag = bagOf(kinds.cpus, Math.floor(hosts.soldMilliCpu[at]));
  bag = addBags(bag, bagOf(kinds.mem, Math.floor(hosts.soldMemBytes[at] / BYTES_PER_MIB) * MILLI));
  bag = addBags(bag, bagOf(kinds.disk, diskMib * MILLI));
  return addBags(bag, bagOf(kinds.gpus, gpus * MILLI));
}

/** What one task takes. */
export function taskBag(
  kinds: AgentKinds,
  milliCpu: number,
  memMib: number,
  diskMib: number,
  gpus: number,
  revocable: boolean,
): ResourceBag {
  if (!revocable && milliCpu > 0 && memMib > 0 && diskMib === 0 && gpus === 0)
    return plainBag(kinds, milliCpu, memMib * MILLI);
  const cpu = bagOf(revocable ? kinds.revocableCpus : kinds.cpus, milliCpu);
  const mem = bagOf(kinds.mem, memMib * MILLI);
  const rest = addBags(addBags(cpu, mem), diskMib > 0 ? bagOf(kinds.disk, diskMib * MILLI) : EMPTY_BAG);
  return gpus > 0 ? addBags(rest, bagOf(kinds.gpus, gpus * MILLI)) : rest;
}

/** More shapes than these are made anew each time. */
const MOST_SHAPES = 64;

function plainBag({ plainBags, cpusAndMem }: AgentKinds, cpus: number, mem: number): ResourceBag {
  for (const bag of plainBags) if (bag.amounts[0] === cpus && bag.amounts[1] === mem) return bag;
  const bag: ResourceBag = { kinds: cpusAndMem, amounts: [cpus, mem], ranges: null };
  if (plainBags.length < MOST_SHAPES) plainBags.push(bag);
  return bag;
}

/** Whole GPUs that a task asks for. */
export function gpusOf({ hosts, tasks }: Cluster, row: number): number {
  return hosts.gpus.requests.cards[tasks.gpuRequest[row]];
}

/** Cards of a host that nobody uses. */
export function freeCardCount({ firstCard, cardLeftMilli }: GpuTable, host: number): number {
  let count = 0;
  for (let card = firstCard[host]; card < firstCard[host + 1]; card++)
    if (cardLeftMilli[card] === MILLI_PER_CARD) count++;
  return count;
}

/** Bit mask of the first `count` cards of a host that nobody uses: Mesos gives whole devices. Throws InvariantError when there are fewer. */
export function freeCards({ firstCard, cardLeftMilli }: GpuTable, host: number, count: number): number {
  const first = firstCard[host];
  let mask = 0;
  let missing = count;
  for (let card = first; missing > 0 && card < firstCard[host + 1]; card++) {
    if (cardLeftMilli[card] < MILLI_PER_CARD) continue;
    mask |= 1 << (card - first);
    missing--;
  }
  return missing === 0 ? mask : fail(`host ${host} has ${count - missing} free GPUs; ${count} were offered`);
}

/** Amount of a kind in a bag, in units of 1/`per` milli-units, rounded down. */
export function amountOf(bag: ResourceBag, kind: number, per = 1): number {
  for (let i = 0; i < bag.kinds.length; i++) if (bag.kinds[i] === kind) return Math.floor(bag.amounts[i] / per);
  return 0;
}

/** Reserved parts of a bag, summed over the roles; memory and disk rounded down to MiB. */
export interface ReservedAmounts {
  readonly milliCpu: number;
  readonly memMib: number;
  readonly diskMib: number;
}

export const NOTHING_RESERVED: ReservedAmounts = { milliCpu: 0, memMib: 0, diskMib: 0 };

/** What of a bag is reserved, for whomever. */
export function reservedIn({ catalog, cpus, mem, disk }: AgentKinds, bag: ResourceBag): ReservedAmounts {
  const sums = { milliCpu: 0, memMib: 0, diskMib: 0 };
  bag.kinds.forEach((kind, i) => {
    if ((catalog.flags[kind] & ResourceFlag.reserved) === 0) return;
    const name = catalog.nameIndexes[kind];
    if (name === catalog.nameIndexes[cpus]) sums.milliCpu += bag.amounts[i];
    else if (name === catalog.nameIndexes[mem]) sums.memMib += Math.floor(bag.amounts[i] / MILLI);
    else if (name === catalog.nameIndexes[disk]) sums.diskMib += Math.floor(bag.amounts[i] / MILLI);
  });
  return sums;
}

/** A memory request in the MiB that Mesos counts, rounded up. */
export function memMibOf(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_MIB);
}

/** Names and attributes by host row: labels of the shape are the agent's attributes, racks its zones. */
export function agentDirectory(hosts: HostTable, cluster: ClusterPlan): AgentDirectory {
  const rows = Array.from({ length: hosts.count }, (_, host) => host);
  return {
    hostname: rows.map((host) => `host-${host}`),
    region: rows.map(() => ''),
    zone: rows.map((host) => `rack-${hosts.rack[host]}`),
    attributes: rows.map((host) => cluster.shapes[hosts.shape[host]].labels),
  };
}
