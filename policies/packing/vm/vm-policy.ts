/**
 * VM placement: for one VM (CPU and memory) the host, or for several at once a host each.
 *
 * Hosts are columns of `count` rows. Some policies add CPU to memory: they measure both in the units of `cpuUnitMilli` and `memUnitBytes`, so
 * the caller says what one of each is worth. Hosts are tried in row order and only a better one replaces the best so far.
 */

export interface VmHosts {
  readonly count: number;
  readonly capacityMilliCpu: Float64Array;
  readonly capacityMemBytes: Float64Array;
  /** The most that may be allocated. */
  readonly soldMilliCpu: Float64Array;
  readonly soldMemBytes: Float64Array;
  readonly allocatedMilliCpu: Float64Array;
  readonly allocatedMemBytes: Float64Array;
  /** CPU that what runs there uses now. */
  readonly usedMilliCpu: Float64Array;
  readonly up: Uint8Array;
  readonly rack: Int32Array;
  readonly cpuUnitMilli: number;
  readonly memUnitBytes: number;
}

export interface VmPolicy {
  readonly name: string;
  /** One sentence for lists of policies. */
  readonly about: string;
  /** The host for a VM, -1 when it fits nowhere. */
  chooseHost(hosts: VmHosts, milliCpu: number, memBytes: number): number;
}

export interface VmBatchPolicy {
  readonly name: string;
  readonly about: string;
  /** Writes a host for each of `count` VMs into `out`; false when not all can be placed, and then none is. */
  chooseHosts(hosts: VmHosts, count: number, milliCpu: Float64Array, memBytes: Float64Array, out: Int32Array): boolean;
}

/** Whether a VM fits into what a host may still allocate. */
export function vmFits(hosts: VmHosts, host: number, milliCpu: number, memBytes: number): boolean {
  return (
    hosts.up[host] === 1 &&
    hosts.allocatedMilliCpu[host] + milliCpu <= hosts.soldMilliCpu[host] &&
    hosts.allocatedMemBytes[host] + memBytes <= hosts.soldMemBytes[host]
  );
}

/** Value of one host for a VM that fits there. */
export type VmScore = (hosts: VmHosts, host: number, milliCpu: number, memBytes: number) => number;

/** The fitting host with the highest score, the first among equals; -1 when none fits. */
export function bestVmHost(hosts: VmHosts, milliCpu: number, memBytes: number, scoreOf: VmScore): number {
  let best = -1;
  let bestScore = 0;
  for (let host = 0; host < hosts.count; host++) {
    if (!vmFits(hosts, host, milliCpu, memBytes)) continue;
    const score = scoreOf(hosts, host, milliCpu, memBytes);
    if (best >= 0 && !(score > bestScore)) continue;
    best = host;
    bestScore = score;
  }
  return best;
}

/** The mean over hosts of allocated / capacity: how scarce CPU and memory are. */
export function meanLoads(hosts: VmHosts): { readonly cpu: number; readonly mem: number } {
  let cpu = 0;
  let mem = 0;
  for (let host = 0; host < hosts.count; host++) {
    cpu += hosts.allocatedMilliCpu[host] / hosts.capacityMilliCpu[host];
    mem += hosts.allocatedMemBytes[host] / hosts.capacityMemBytes[host];
  }
  return { cpu: cpu / hosts.count, mem: mem / hosts.count };
}

/** CPU not yet allocated. */
export function freeMilliCpu(hosts: VmHosts, host: number): number {
  return hosts.soldMilliCpu[host] - hosts.allocatedMilliCpu[host];
}

/** Memory not yet allocated. */
export function freeMemBytes(hosts: VmHosts, host: number): number {
  return hosts.soldMemBytes[host] - hosts.allocatedMemBytes[host];
}
