/**
 * DSLab's placement decisions: ten policies place three VMs, one after another or at once, on four hosts that already run one VM each; and a
 * host that sells more CPU than it has is filled by actual use.
 *
 * A file of the same form (hosts, racks, preplaced, arrivals, expected; overcommit) runs too.
 */
import { TraceError } from '../../policies/base/assert.ts';
import { BYTES_PER_GIB, MILLI_PER_CPU } from '../../policies/base/units.ts';
import { bestFitThreshold } from '../../policies/packing/vm/best-fit-threshold.ts';
import { VM_BATCH_POLICIES, VM_POLICIES } from '../../policies/packing/vm/vm-policies.ts';
import type { VmBatchPolicy, VmPolicy } from '../../policies/packing/vm/vm-policy.ts';
import { bind, type Cluster, start, submit } from '../../sim/cluster/apply.ts';
import { createHostTable } from '../../sim/cluster/hosts.ts';
import { createTaskTable, TASK_KIND } from '../../sim/cluster/tasks.ts';
import { createDigest } from '../../sim/kernel/digest.ts';
import { createVmQueue, vmView } from '../../sim/planes/batch/vm-placement.ts';
import { asList, asNumber, asObject, asText, type Located, member, readJson } from '../../traces/import/json-access.ts';
import builtIn from './expected/dslab-placement.json' with { type: 'json' };
import type { Table, TableRow } from './table.ts';

/** Name, cores, GiB. */
type HostSize = readonly [name: string, cores: number, gib: number];
type VmSize = readonly [cores: number, gib: number];

interface Setup {
  readonly hosts: readonly HostSize[];
  readonly racks: readonly number[];
  readonly preplaced: readonly HostSize[];
  readonly arrivals: readonly VmSize[];
}

/** Runs the built-in setup or that of a file. Throws TraceError with the JSON path. */
export async function dslabTable(path?: string): Promise<Table> {
  const root: Located = path === undefined ? { value: builtIn, where: 'dslab-placement:' } : await readJson(path);
  const setup: Setup = {
    hosts: asList(member(root, 'hosts')).map(hostSize),
    racks: asList(member(root, 'racks')).map(asNumber),
    preplaced: asList(member(root, 'preplaced')).map(hostSize),
    arrivals: asList(member(root, 'arrivals')).map(vmSize),
  };
  const expected = member(root, 'expected');
  const overcommit = member(root, 'overcommit');
  return {
    name: 'dslab-placement',
    about: `${setup.arrivals.length} VMs on ${setup.hosts.length} hosts under ${Object.keys(asObject(expected)).length} policies`,
    rows: [
      ...Object.keys(asObject(expected)).map((name) => decisionRow(setup, name, member(expected, name))),
      ...(overcommit.value === undefined ? [] : overcommitRows(overcommit)),
    ],
    notes: [],
  };
}

function hostSize(located: Located): HostSize {
  const [name, cores, gib] = asList(located);
  if (gib === undefined) throw new TraceError(`${located.where} is not [name, cores, GiB]`);
  return [asText(name), asNumber(cores), asNumber(gib)];
}

function vmSize(located: Located): VmSize {
  const [cores, gib] = asList(located);
  if (gib === undefined) throw new TraceError(`${located.where} is not [cores, GiB]`);
  return [asNumber(cores), asNumber(gib)];
}

function decisionRow(setup: Setup, name: string, expected: Located): TableRow {
  const policy = VM_POLICIES[name];
  const batch = VM_BATCH_POLICIES[name];
  if (policy === undefined && batch === undefined)
    throw new TraceError(
      `${expected.where}: no such policy; known: ${[...Object.keys(VM_POLICIES), ...Object.keys(VM_BATCH_POLICIES)].join(', ')}`,
    );
  const hosts = policy === undefined ? placeAtOnce(setup, batch) : placeInTurn(setup, policy);
  return {
    name,
    expected: asList(expected).map(asText).join(' '),
    got: hosts.map((host) => (host < 0 ? '-' : setup.hosts[host][0])).join(' '),
    tolerance: 0,
  };
}

/** A cluster with its hosts and, as rows 0 .. n - 1, the given VMs; nothing is submitted. */
function clusterOf(hosts: readonly HostSize[], racks: readonly number[], vms: readonly VmSize[]): Cluster {
  const table = createHostTable(hosts.length);
  hosts.forEach(([, cores, gib], host) => {
    table.capacityMilliCpu[host] = table.soldMilliCpu[host] = cores * MILLI_PER_CPU;
    table.capacityMemBytes[host] = table.soldMemBytes[host] = gib * BYTES_PER_GIB;
    table.rack[host] = racks[host] ?? host;
  });
  const tasks = createTaskTable(Math.max(1, vms.length), 0);
  vms.forEach(([cores, gib], row) => {
    tasks.kind[row] = TASK_KIND.bestEffort;
    tasks.id[row] = row;
    tasks.requestMilliCpu[row] = tasks.demandMilliCpu[row] = cores * MILLI_PER_CPU;
    tasks.requestMemBytes[row] = tasks.usedMemBytes[row] = gib * BYTES_PER_GIB;
  });
  return { hosts: table, tasks, digest: createDigest(0), sink: null };
}

/** The cluster with its first VMs in place; rows of arrivals follow theirs. */
function startSetup(setup: Setup): Cluster {
  const vms = [...setup.preplaced.map(([, cores, gib]): VmSize => [cores, gib]), ...setup.arrivals];
  const cluster = clusterOf(setup.hosts, setup.racks, vms);
  setup.preplaced.forEach(([name], row) => {
    const host = setup.hosts.findIndex((one) => one[0] === name);
    if (host < 0) throw new TraceError(`preplaced[${row}] is on ${name}, which is no host`);
    run(cluster, row, host);
  });
  return cluster;
}

function run(cluster: Cluster, row: number, host: number): void {
  submit(cluster, row, 0, false);
  bind(cluster, row, host, 0);
  start(cluster, row, 0);
}

function placeInTurn(setup: Setup, policy: VmPolicy): number[] {
  const cluster = startSetup(setup);
  const queue = createVmQueue(cluster, {
    policy,
    order: 'strict',
    cpuUnitMilli: MILLI_PER_CPU,
    memUnitBytes: BYTES_PER_GIB,
  });
  const placed: number[] = setup.arrivals.map(() => -1);
  setup.arrivals.forEach((_, vm) => {
    const row = setup.preplaced.length + vm;
    submit(cluster, row, 0, false);
    queue.onPending(row);
    queue.pass(0, (placedRow, host) => {
      placed[placedRow - setup.preplaced.length] = host;
    });
  });
  return placed;
}

function placeAtOnce(setup: Setup, policy: VmBatchPolicy): number[] {
  const cluster = startSetup(setup);
  const out = new Int32Array(setup.arrivals.length).fill(-1);
  const done = policy.chooseHosts(
    vmView(cluster, MILLI_PER_CPU, BYTES_PER_GIB),
    setup.arrivals.length,
    Float64Array.from(setup.arrivals, ([cores]) => cores * MILLI_PER_CPU),
    Float64Array.from(setup.arrivals, ([, gib]) => gib * BYTES_PER_GIB),
    out,
  );
  if (!done) return setup.arrivals.map(() => -1);
  out.forEach((host, vm) => {
    run(cluster, setup.preplaced.length + vm, host);
  });
  return Array.from(out);
}

/** VMs come one after another; the host sells CPU without limit (`overcommit`), so only actual use below the threshold holds them back. */
function overcommitRows(root: Located): TableRow[] {
  const size = hostSize(member(root, 'host'));
  const [cores, gib] = vmSize(member(root, 'request'));
  const [cpuLoad, memLoad] = asList(member(root, 'load')).map(asNumber);
  const count = asNumber(member(root, 'vms'));
  const cluster = clusterOf([size], [0], Array<VmSize>(count).fill([cores, gib]));
  const { hosts, tasks } = cluster;
  hosts.soldMilliCpu[0] = Infinity;
  const queue = createVmQueue(cluster, {
    policy: bestFitThreshold(asNumber(member(root, 'threshold'))),
    order: 'strict',
    cpuUnitMilli: MILLI_PER_CPU,
    memUnitBytes: BYTES_PER_GIB,
  });
  let placed = 0;
  for (let row = 0; row < count; row++) {
    tasks.demandMilliCpu[row] = tasks.requestMilliCpu[row] * cpuLoad;
    tasks.usedMemBytes[row] = tasks.requestMemBytes[row] * memLoad;
    submit(cluster, row, row * 1000, false);
    queue.onPending(row);
    queue.pass(row * 1000, () => {
      placed++;
    });
  }
  const expected = member(root, 'expected');
  const row = (name: string, field: string, got: number): TableRow => ({
    name: `overcommit: ${name}`,
    expected: asNumber(member(expected, field)),
    got: Math.round(got * 1e9) / 1e9,
    tolerance: 1e-9,
  });
  const allocatedCores = Math.min(hosts.allocatedMilliCpu[0], hosts.capacityMilliCpu[0]) / MILLI_PER_CPU;
  return [
    row('VMs placed', 'placed', placed),
    row('cores allocated, at most all', 'cpuAllocated', allocatedCores),
    row('memory allocated', 'memoryAllocated', hosts.allocatedMemBytes[0] / BYTES_PER_GIB),
    row('CPU load', 'cpuLoad', hosts.beDemandMilliCpu[0] / hosts.capacityMilliCpu[0]),
    row('memory load', 'memoryLoad', hosts.beMemBytes[0] / hosts.capacityMemBytes[0]),
  ];
}
