/**
 * Batch resources by NUMA node, as columns, and the functions that write them; only `apply` calls those.
 *
 * A host with a NUMA topology policy sells its batch resources zone by zone; a batch task takes its request from the zones that the policy lets it
 * have, and gives it back when it leaves. Kept: what tasks took of a zone adds up to what is allocated there. Hosts without a policy have no rows.
 *
 *   single-numa-node   one zone with room for all of it, else the host is refused
 *   restricted         as few zones as what zones are sold would cover it, with room together, else the host is refused
 *   best-effort        as few zones as have room; where none have, what there is, and the host is not refused
 *
 * One zone: the fullest that fits (MostAllocated). Several: those with the most free CPU, taken in that order.
 * Approximations: of several zones only the emptiest are looked at; for `restricted` the larger of the two counts (CPU, memory) is asked for, where upstream
 * merges a hint for each.
 * Source: Koordinator pkg/scheduler/plugins/nodenumaresource (resource_manager.go, hints), pkg/scheduler/frameworkext/topologymanager.
 */
import { fail } from '../../policies/base/assert.ts';
import { MOST_NUMA_NODES, NUMA_POLICY } from './cpusets.ts';

/** What a task has of one zone, numbered from 0 on its host. */
export interface ZoneTake {
  readonly zone: number;
  readonly milliCpu: number;
  readonly memBytes: number;
}

export interface ZoneTable {
  /** Zones of host h: rows firstZone[h] .. firstZone[h + 1] - 1. */
  readonly firstZone: Int32Array;
  /** NUMA_POLICY of a host. */
  readonly policy: Uint8Array;
  readonly soldMilliCpu: Float64Array;
  readonly soldMemBytes: Float64Array;
  readonly allocatedMilliCpu: Float64Array;
  readonly allocatedMemBytes: Float64Array;
  /** By task row: what it has. */
  readonly takes: Record<number, readonly ZoneTake[]>;
}

/** Zones of hosts in order; a host with one zone or without a policy has none. */
export function createZones(zones: ArrayLike<number>, policy: Uint8Array): ZoneTable {
  const count = zones.length;
  const firstZone = new Int32Array(count + 1);
  for (let host = 0; host < count; host++)
    firstZone[host + 1] = firstZone[host] + (policy[host] === NUMA_POLICY.none || zones[host] < 2 ? 0 : zones[host]);
  const f = () => new Float64Array(firstZone[count]);
  return {
    firstZone,
    policy,
    soldMilliCpu: f(),
    soldMemBytes: f(),
    allocatedMilliCpu: f(),
    allocatedMemBytes: f(),
    takes: {},
  };
}

/** Hosts without zones. */
export function noZones(count: number): ZoneTable {
  return createZones(new Int32Array(count), new Uint8Array(count));
}

/** Number of zones of a host. */
export function zonesOf(table: ZoneTable, host: number): number {
  return table.firstZone[host + 1] - table.firstZone[host];
}

const order = new Int32Array(MOST_NUMA_NODES);

/** Writes the zones of a host, those with the most free CPU first (`isSold`: the most sold), and returns how many. */
function emptiestFirst(table: ZoneTable, host: number, isSold: boolean): number {
  const first = table.firstZone[host];
  const zones = zonesOf(table, host);
  const { soldMilliCpu: sold, allocatedMilliCpu: allocated } = table;
  for (let zone = 0; zone < zones; zone++) {
    const own = sold[first + zone] - (isSold ? 0 : allocated[first + zone]);
    let at = zone - 1;
    while (at >= 0 && sold[first + order[at]] - (isSold ? 0 : allocated[first + order[at]]) < own) {
      order[at + 1] = order[at];
      at--;
    }
    order[at + 1] = zone;
  }
  return zones;
}

/** Fewest zones that have room for a request together, Infinity when all together have not. `isSold`: by what is sold, not by what is free. */
function fewestZones(table: ZoneTable, host: number, milliCpu: number, memBytes: number, isSold: boolean): number {
  if (!isSold && fullestFitting(table, host, milliCpu, memBytes) >= 0) return 1;
  const first = table.firstZone[host];
  const zones = emptiestFirst(table, host, isSold);
  let cpu = 0;
  let mem = 0;
  for (let i = 0; i < zones; i++) {
    const at = first + order[i];
    cpu += Math.max(0, table.soldMilliCpu[at] - (isSold ? 0 : table.allocatedMilliCpu[at]));
    mem += Math.max(0, table.soldMemBytes[at] - (isSold ? 0 : table.allocatedMemBytes[at]));
    if (cpu >= milliCpu && mem >= memBytes) return i + 1;
  }
  return Number.POSITIVE_INFINITY;
}

/** The zone with room for all of a request that has least free CPU, -1 = none. */
function fullestFitting(table: ZoneTable, host: number, milliCpu: number, memBytes: number): number {
  const first = table.firstZone[host];
  const zones = zonesOf(table, host);
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let zone = 0; zone < zones; zone++) {
    const at = first + zone;
    const free = table.soldMilliCpu[at] - table.allocatedMilliCpu[at];
    if (free < milliCpu || table.soldMemBytes[at] - table.allocatedMemBytes[at] < memBytes || free >= least) continue;
    best = zone;
    least = free;
  }
  return best;
}

/** The filter: whether the host's policy lets the request have zones now. */
export function zonesFit(table: ZoneTable, host: number, milliCpu: number, memBytes: number): boolean {
  if (zonesOf(table, host) === 0 || table.policy[host] === NUMA_POLICY['best-effort']) return true;
  if (table.policy[host] === NUMA_POLICY['single-numa-node'])
    return fullestFitting(table, host, milliCpu, memBytes) >= 0;
  const most = fewestZones(table, host, milliCpu, memBytes, true);
  return most < Number.POSITIVE_INFINITY && fewestZones(table, host, milliCpu, memBytes, false) <= most;
}

/** Takes a request from zones of a host that passed the filter; returns what was taken. */
export function takeZones(
  table: ZoneTable,
  row: number,
  host: number,
  milliCpu: number,
  memBytes: number,
): readonly ZoneTake[] {
  if (zonesOf(table, host) === 0) return [];
  if (!zonesFit(table, host, milliCpu, memBytes))
    fail(`host ${host} has no NUMA zones with room for ${milliCpu}m and ${memBytes} bytes`);
  const one = fullestFitting(table, host, milliCpu, memBytes);
  const takes = one >= 0 ? [{ zone: one, milliCpu, memBytes }] : takeSeveral(table, host, milliCpu, memBytes);
  const first = table.firstZone[host];
  for (const take of takes) {
    table.allocatedMilliCpu[first + take.zone] += take.milliCpu;
    table.allocatedMemBytes[first + take.zone] += take.memBytes;
  }
  table.takes[row] = takes;
  return takes;
}

function takeSeveral(table: ZoneTable, host: number, milliCpu: number, memBytes: number): readonly ZoneTake[] {
  const first = table.firstZone[host];
  const zones = emptiestFirst(table, host, false);
  const takes: ZoneTake[] = [];
  let [cpu, mem] = [milliCpu, memBytes];
  for (let i = 0; i < zones && (cpu > 0 || mem > 0); i++) {
    const at = first + order[i];
    const ofCpu = Math.min(cpu, Math.max(0, table.soldMilliCpu[at] - table.allocatedMilliCpu[at]));
    const ofMem = Math.min(mem, Math.max(0, table.soldMemBytes[at] - table.allocatedMemBytes[at]));
    if (ofCpu === 0 && ofMem === 0) continue;
    takes.push({ zone: order[i], milliCpu: ofCpu, memBytes: ofMem });
    cpu -= ofCpu;
    mem -= ofMem;
  }
  return takes;
}

/** Gives back what a task has of the zones of its host. */
export function giveZones(table: ZoneTable, row: number, host: number): void {
  const takes = table.takes[row];
  if (takes === undefined) return;
  const first = table.firstZone[host];
  for (const take of takes) {
    table.allocatedMilliCpu[first + take.zone] -= take.milliCpu;
    table.allocatedMemBytes[first + take.zone] -= take.memBytes;
  }
  delete table.takes[row];
}
