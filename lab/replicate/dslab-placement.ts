/**
 * DSLab's placement decisions: ten policies place three VMs, one after another or at once, on four hosts that already run one VM each; and a
 * host that sells more CPU than it has is filled by actual use.
 *
 * A file of the same form (hosts, racks, preplaced, arrivals, expected; overcommit) runs too.
 */
import { TraceError } from '../../policies/base/assert.ts';
import { BYTES_PER_GIB, MILLI_PER_CPU, MS_PER_SECOND } from '../../policies/base/units.ts';
import { VM_BATCH_POLICIES, VM_POLICIES } from '../../policies/packing/vm/vm-policies.ts';
import { CHANGE } from '../../sim/cluster/apply.ts';
import type { Engine } from '../../sim/engine/engine.ts';
import { runUntil } from '../../sim/engine/run.ts';
import { asList, asNumber, asObject, asText, type Located, member, readJson } from '../../traces/import/json-access.ts';
import builtIn from './expected/dslab-placement.json' with { type: 'json' };
import type { Table, TableRow } from './table.ts';
import { plainShape, planOf, startTable } from './table-run.ts';

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
  if (!Object.hasOwn(VM_POLICIES, name) && !Object.hasOwn(VM_BATCH_POLICIES, name))
    throw new TraceError(
      `${expected.where}: no such policy; known: ${[...Object.keys(VM_POLICIES), ...Object.keys(VM_BATCH_POLICIES)].join(', ')}`,
    );
  const hosts = placeArrivals(setup, name);
  return {
    name,
    expected: asList(expected).map(asText).join(' '),
    got: hosts.map((host) => (host < 0 ? '-' : setup.hosts[host][0])).join(' '),
    tolerance: 0,
  };
}

/** One placement of VMs: some already in place, the others at the times given. */
interface Placement {
  readonly hosts: readonly HostSize[];
  readonly racks: readonly number[];
  readonly vms: readonly VmSize[];
  readonly submitMs: readonly number[];
  /** Host a VM must go to, -1 = any. */
  readonly pinned: readonly number[];
  readonly policy: string;
  readonly cpuOvercommitRatio: number;
  /** Of what a VM asks for. */
  readonly cpuLoad: number;
  readonly memLoad: number;
}

/** Runs it; VMs stay to the end. Also the host of every VM, -1 = none. */
function place(placement: Placement): { readonly engine: Engine; readonly hostOf: readonly number[] } {
  const { vms, submitMs } = placement;
  const windowMs = Math.max(...submitMs) + 1;
  const plan = planOf({
    name: 'dslab-placement',
    horizonMs: windowMs,
    windowMs,
    shapes: placement.hosts.map(([name, cores, gib], host) => ({
      ...plainShape({ name, count: 1, cpuCores: cores, memGib: gib }),
      rack: placement.racks[host] ?? host,
    })),
    controlPlane: {
      hostSharing: 'shared',
      placement: placement.policy,
      order: 'strict',
      cpuOvercommitRatio: placement.cpuOvercommitRatio,
    },
    bestEffort: { departures: 'ignored' },
    physics: { accounting: 'event', progress: 'no-delay' },
  });
  const cpu = vms.map(([cores]) => cores * MILLI_PER_CPU);
  const mem = vms.map(([, gib]) => gib * BYTES_PER_GIB);
  const hostOf: number[] = vms.map(() => -1);
  const engine = startTable(
    plan,
    {
      submitMs,
      durationMs: vms.map(() => 1),
      requestMilliCpu: cpu,
      requestMemBytes: mem,
      demandMilliCpu: cpu.map((milli) => Math.round(milli * placement.cpuLoad)),
      usedMemBytes: mem.map((bytes) => Math.round(bytes * placement.memLoad)),
    },
    { details: { host: Int32Array.from(placement.pinned) } },
    () => (_timeMs, change, taskId, host) => {
      if (change === CHANGE.bind) hostOf[taskId] = host;
    },
  );
  runUntil(engine, Infinity);
  return { engine, hostOf };
}

/** Preplaced VMs at 0 ms, then the arrivals: one a millisecond, or all at once for a policy that places them together. */
function placeArrivals(setup: Setup, policy: string): readonly number[] {
  const pinned = setup.preplaced.map(([name], row) => {
    const host = setup.hosts.findIndex((one) => one[0] === name);
    if (host < 0) throw new TraceError(`preplaced[${row}] is on ${name}, which is no host`);
    return host;
  });
  const together = Object.hasOwn(VM_BATCH_POLICIES, policy);
  const { hostOf } = place({
    hosts: setup.hosts,
    racks: setup.racks,
    vms: [...setup.preplaced.map(([, cores, gib]): VmSize => [cores, gib]), ...setup.arrivals],
    submitMs: [...pinned.map(() => 0), ...setup.arrivals.map((_, vm) => (together ? 1 : 1 + vm))],
    pinned: [...pinned, ...setup.arrivals.map(() => -1)],
    policy,
    cpuOvercommitRatio: 1,
    cpuLoad: 1,
    memLoad: 1,
  });
  return hostOf.slice(setup.preplaced.length);
}

/** A host that sells CPU practically without limit. */
const WITHOUT_LIMIT = 1_000_000;

/** VMs come one after another, a second apart; only actual use below the threshold holds them back. */
function overcommitRows(root: Located): TableRow[] {
  const size = hostSize(member(root, 'host'));
  const vm = vmSize(member(root, 'request'));
  const [cpuLoad, memLoad] = asList(member(root, 'load')).map(asNumber);
  const count = asNumber(member(root, 'vms'));
  const threshold = asNumber(member(root, 'threshold'));
  const rows = Array.from({ length: count }, (_, row) => row);
  const { engine, hostOf } = place({
    hosts: [size],
    racks: [0],
    vms: rows.map(() => vm),
    submitMs: rows.map((row) => row * MS_PER_SECOND),
    pinned: rows.map(() => -1),
    policy: `best-fit-threshold-${threshold}`,
    cpuOvercommitRatio: WITHOUT_LIMIT,
    cpuLoad,
    memLoad,
  });
  const { hosts } = engine.cluster;
  const expected = member(root, 'expected');
  const row = (name: string, field: string, got: number): TableRow => ({
    name: `overcommit: ${name}`,
    expected: asNumber(member(expected, field)),
    got: Math.round(got * 1e9) / 1e9,
    tolerance: 1e-9,
  });
  const allocatedCores = Math.min(hosts.allocatedMilliCpu[0], hosts.capacityMilliCpu[0]) / MILLI_PER_CPU;
  return [
    row('VMs placed', 'placed', hostOf.filter((host) => host >= 0).length),
    row('cores allocated, at most all', 'cpuAllocated', allocatedCores),
    row('memory allocated', 'memoryAllocated', hosts.allocatedMemBytes[0] / BYTES_PER_GIB),
    row('CPU load', 'cpuLoad', hosts.beDemandMilliCpu[0] / hosts.capacityMilliCpu[0]),
    row('memory load', 'memoryLoad', hosts.beMemBytes[0] / hosts.capacityMemBytes[0]),
  ];
}
