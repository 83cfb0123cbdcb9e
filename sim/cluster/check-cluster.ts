/** Every sum that `apply` keeps in step, added up again from the tasks: the slow truth beside the fast one. */
import { fail } from '../../policies/base/assert.ts';
import { GPU_CLASS_COUNT, gpuClass, MILLI_PER_CARD } from '../../policies/packing/gpu/gpu-hosts.ts';
import type { Cluster } from './apply.ts';
import { CPU_QOS, FREE_CPU, HELD_CPU, NUMA_POLICY } from './cpusets.ts';
import { cardMemBytesOf } from './gpus.ts';
import { PRESSURE_CLASS_COUNT, TIER, TIER_COUNT } from './hosts.ts';
import { TASK_KIND, TASK_STATE, TASK_STATE_NAMES } from './tasks.ts';
import { zonesOf } from './zones.ts';

/** Recomputes host sums, task lists and counts by state; throws InvariantError with the first that differs. */
export function checkCluster(cluster: Cluster): void {
  const { hosts, tasks } = cluster;
  const n = hosts.count;
  const sums = {
    allocatedMilliCpu: new Float64Array(n * TIER_COUNT),
    allocatedMemBytes: new Float64Array(n * TIER_COUNT),
    podCount: new Int32Array(n),
    taskCount: new Int32Array(n),
    onlineMemBytes: new Float64Array(n),
    beDemandMilliCpu: new Float64Array(n),
    beMemBytes: new Float64Array(n),
    beRunningRequestMilliCpu: new Float64Array(n),
    midDemandMilliCpu: new Float64Array(n),
    midMemBytes: new Float64Array(n),
    beDemandByClass: new Float64Array(n * PRESSURE_CLASS_COUNT),
  };
  const states = new Int32Array(16);
  for (let row = 0; row < tasks.used; row++) {
    const state = tasks.state[row];
    const online = tasks.kind[row] === TASK_KIND.online;
    states[(tasks.kind[row] << 3) + state]++;
    const host = tasks.host[row];
    const placed = state === TASK_STATE.bound || state === TASK_STATE.running;
    if (placed !== host >= 0) fail(`task ${tasks.id[row]} is ${TASK_STATE_NAMES[state]} with host ${host}`);
    if (!placed) continue;
    if (hosts.up[host] === 0) fail(`task ${tasks.id[row]} is on host ${host}, which is down`);
    const at = tasks.tier[row] * n + host;
    sums.allocatedMilliCpu[at] += tasks.requestMilliCpu[row];
    sums.allocatedMemBytes[at] += tasks.requestMemBytes[row];
    if (online) sums.podCount[host]++;
    else sums.taskCount[host]++;
    if (state !== TASK_STATE.running) continue;
    if (online) sums.onlineMemBytes[host] += tasks.usedMemBytes[row];
    else {
      sums.beDemandMilliCpu[host] += tasks.demandMilliCpu[row];
      sums.beMemBytes[host] += tasks.usedMemBytes[row];
      sums.beRunningRequestMilliCpu[host] += tasks.requestMilliCpu[row];
      sums.beDemandByClass[host * PRESSURE_CLASS_COUNT + tasks.pressureClass[row]] += tasks.demandMilliCpu[row];
      if (tasks.tier[row] === TIER.mid) {
        sums.midDemandMilliCpu[host] += tasks.demandMilliCpu[row];
        sums.midMemBytes[host] += tasks.usedMemBytes[row];
      }
    }
  }
  for (const name of Object.keys(sums) as (keyof typeof sums)[]) sameColumn(name, hosts[name], sums[name]);
  for (let entry = 0; entry < 16; entry++)
    if ((entry & 7) !== TASK_STATE.free && states[entry] !== tasks.countByState[entry])
      fail(
        `${states[entry]} tasks of kind ${entry >> 3} are ${TASK_STATE_NAMES[entry & 7]}, the count says ${tasks.countByState[entry]}`,
      );
  for (let host = 0; host < n; host++) checkList(cluster, host);
  checkCards(cluster);
  checkCpus(cluster);
  checkZones(cluster);
}

/** What batch tasks have of NUMA zones adds up to what is allocated there; all of their request where the host's policy asks for it. */
function checkZones({ hosts, tasks }: Cluster): void {
  const { zones } = hosts;
  const cpu = new Float64Array(zones.soldMilliCpu.length);
  const mem = new Float64Array(cpu.length);
  for (let row = 0; row < tasks.used; row++) {
    const host = tasks.host[row];
    const takes = zones.takes[row] ?? [];
    const isZoned = host >= 0 && tasks.tier[row] === TIER.batch && zonesOf(zones, host) > 0;
    if (!isZoned) {
      if (takes.length > 0)
        fail(
          `task ${tasks.id[row]} still holds ${takes.length} NUMA zones, but ${host < 0 ? 'is on no host' : `host ${host} sells none to its tier`}`,
        );
      continue;
    }
    let [ofCpu, ofMem] = [0, 0];
    for (const take of takes) {
      cpu[zones.firstZone[host] + take.zone] += take.milliCpu;
      mem[zones.firstZone[host] + take.zone] += take.memBytes;
      ofCpu += take.milliCpu;
      ofMem += take.memBytes;
    }
    const isWhole = ofCpu === tasks.requestMilliCpu[row] && ofMem === tasks.requestMemBytes[row];
    if (!isWhole && zones.policy[host] !== NUMA_POLICY['best-effort'])
      fail(
        `task ${tasks.id[row]} has ${ofCpu}m of the NUMA zones of host ${host}; it asks for ${tasks.requestMilliCpu[row]}m`,
      );
    if (takes.length > 1 && zones.policy[host] === NUMA_POLICY['single-numa-node'])
      fail(`task ${tasks.id[row]} has ${takes.length} NUMA zones of host ${host}, whose policy gives one`);
  }
  sameColumn('zones.allocatedMilliCpu', zones.allocatedMilliCpu, cpu);
  sameColumn('zones.allocatedMemBytes', zones.allocatedMemBytes, mem);
}

/** Every CPU is bound once, to a placed task that asks for CPUs, which has as many as it asks for; sums by host and NUMA node. */
function checkCpus(cluster: Cluster): void {
  const { hosts, tasks } = cluster;
  const { cpus } = hosts;
  const held = new Int32Array(tasks.used);
  const free = new Int32Array(hosts.count);
  const lsr = new Int32Array(hosts.count);
  const lse = new Int32Array(hosts.count);
  const freeOfNode = new Int32Array(cpus.freeOfNode.length);
  for (let host = 0; host < hosts.count; host++)
    for (let cpu = cpus.firstCpu[host]; cpu < cpus.firstCpu[host + 1]; cpu++) {
      const row = cpus.owner[cpu];
      if (row === HELD_CPU) continue;
      if (row === FREE_CPU) {
        free[host]++;
        freeOfNode[cpus.firstNode[host] + cpus.numaNode[cpu]]++;
        continue;
      }
      if (tasks.host[row] !== host)
        fail(`CPU row ${cpu} of host ${host} is bound to task ${tasks.id[row]}, which is not there`);
      held[row]++;
      (cpus.requests.qos[tasks.cpuRequest[row]] === CPU_QOS.LSE ? lse : lsr)[host]++;
    }
  for (let row = 0; row < tasks.used; row++) {
    const wanted = tasks.host[row] < 0 ? 0 : cpus.requests.cpus[tasks.cpuRequest[row]];
    if (held[row] !== wanted) fail(`task ${tasks.id[row]} has ${held[row]} CPUs of its own; it asks for ${wanted}`);
  }
  if (cpus.owner.length === 0) return;
  sameColumn('freeCpus', cpus.freeCpus, free);
  sameColumn('lsrCpus', cpus.lsrCpus, lsr);
  sameColumn('lseCpus', cpus.lseCpus, lse);
  sameColumn('freeOfNode', cpus.freeOfNode, freeOfNode);
}

/** What is left of every card and host, counted anew from what placed tasks hold. */
function checkCards(cluster: Cluster): void {
  const { hosts, tasks } = cluster;
  const { gpus } = hosts;
  const { requests } = gpus;
  const leftMilli = new Int32Array(gpus.cardLeftMilli.length).fill(MILLI_PER_CARD);
  const leftMem = new Float64Array(leftMilli.length);
  const hostLeft = new Int32Array(hosts.count);
  const pods = new Int32Array(gpus.gpuPods.length);
  for (let host = 0; host < hosts.count; host++)
    leftMem.fill(gpus.cardMemBytes[host], gpus.firstCard[host], gpus.firstCard[host + 1]);
  for (let row = 0; row < tasks.used; row++) {
    const host = tasks.host[row];
    const request = tasks.gpuRequest[row];
    const mask = tasks.gpuHeld[row];
    if (host < 0 && mask !== 0) fail(`task ${tasks.id[row]} holds cards ${mask} of no host`);
    if (host < 0 || request === 0) continue;
    const first = gpus.firstCard[host];
    let held = 0;
    for (let card = first; card < gpus.firstCard[host + 1]; card++) {
      if ((mask & (1 << (card - first))) === 0) continue;
      held++;
      leftMilli[card] -= requests.milliPerCard[request];
      leftMem[card] -= cardMemBytesOf(gpus, request, host);
    }
    if (held !== requests.cards[request])
      fail(`task ${tasks.id[row]} holds ${held} cards of host ${host}; it asks for ${requests.cards[request]}`);
    pods[host * GPU_CLASS_COUNT + gpuClass(held, requests.milliPerCard[request])]++;
  }
  for (let host = 0; host < hosts.count; host++)
    for (let card = gpus.firstCard[host]; card < gpus.firstCard[host + 1]; card++) {
      leftMilli[card] -= gpus.cardHeldMilli[card];
      leftMem[card] -= gpus.cardHeldMemBytes[card];
      hostLeft[host] += leftMilli[card];
      if (leftMilli[card] < 0 || leftMem[card] < 0) fail(`card row ${card} of host ${host} is given out twice`);
    }
  sameColumn('cardLeftMilli', gpus.cardLeftMilli, leftMilli);
  sameColumn('cardLeftMemBytes', gpus.cardLeftMemBytes, leftMem);
  sameColumn('gpuLeftMilli', gpus.gpuLeftMilli, hostLeft);
  sameColumn('gpuPods', gpus.gpuPods, pods);
}

/** The chain of a host's best-effort tasks holds each of them once, with matching links both ways. */
function checkList(cluster: Cluster, host: number): void {
  const { hosts, tasks } = cluster;
  let length = 0;
  let before = -1;
  for (let row = hosts.firstTask[host]; row >= 0; row = tasks.nextOnHost[row]) {
    if (tasks.host[row] !== host || tasks.previousOnHost[row] !== before || ++length > hosts.taskCount[host])
      fail(`the list of host ${host} is torn at task ${tasks.id[row]}`);
    before = row;
  }
  if (length !== hosts.taskCount[host]) fail(`host ${host} lists ${length} tasks and counts ${hosts.taskCount[host]}`);
}

function sameColumn(name: string, kept: ArrayLike<number>, summed: ArrayLike<number>): void {
  for (let i = 0; i < kept.length; i++)
    if (kept[i] !== summed[i]) fail(`${name}[${i}] is ${kept[i]}, its tasks add up to ${summed[i]}`);
}
