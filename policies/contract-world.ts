/**
 * A drawn cluster for the laws of policies: a few hosts with pods and best-effort tasks, moved on step by step.
 *
 * Use wanders, now and then a host is down or silent, memory fills and best effort is squeezed, so that every kind of decision has its
 * occasion. What a policy decides comes back in the next step's signals, as it would from a node.
 */
import { seededRandomSource, uniformOpen } from './base/random-source.ts';
import { DECISION, type Decisions, type HostSignals, type PodSignals } from './ports.ts';

const GIB = 1_073_741_824;
const PODS_PER_HOST = 4;
const TASKS_PER_HOST = 5;
const HISTORY = 24;
const SAMPLE_MS = 300_000;
const FUTURE_SAMPLES = 288;

/** Host columns drawn anew in every step: name, and least and most as shares of the host's capacity. */
const DRAWN: readonly (readonly [string, number, number])[] = [
  ['reportedNodeMilliCpu', 0.1, 1],
  ['reportedSystemMilliCpu', 0, 0.1],
  ['reportedHpMilliCpu', 0.05, 0.7],
  ['reportedHpMaxUsedRequestMilliCpu', 0.3, 0.9],
  ['hpRequestMilliCpu', 0.3, 0.9],
  ['prodRequestMilliCpu', 0.2, 0.6],
  ['midRequestMilliCpu', 0, 0.2],
  ['lastNonBeMilliCpu', 0.05, 0.9],
  ['lastSystemMilliCpu', 0, 0.1],
  ['lastBeMilliCpu', 0, 0.3],
  ['beRequestMilliCpu', 0, 0.4],
  ['averageBeMilliCpu', 0, 0.3],
  ['averageBeLimitMilliCpu', 0, 0.3],
  ['beLimitMilliCpu', 0.01, 0.3],
  ['hpLimitMilliCpu', 0.3, 1],
  ['reportedNodeMemBytes', 0.3, 1],
  ['reportedSystemMemBytes', 0, 0.1],
  ['reportedHpMemBytes', 0.1, 0.6],
  ['reportedHpMaxUsedRequestMemBytes', 0.2, 0.8],
  ['hpRequestMemBytes', 0.2, 0.8],
  ['prodRequestMemBytes', 0.2, 0.6],
  ['midRequestMemBytes', 0, 0.2],
  ['lastNodeMemBytes', 0.4, 0.95],
  ['beRequestMemBytes', 0, 0.4],
];

type Columns = Record<string, Float64Array>;

export interface PolicyWorld {
  readonly signals: HostSignals;
  /** Number of each host in the whole world. */
  readonly hostNames: readonly number[];
  /** Draws of the whole world; a part draws the same and takes its own. */
  readonly hosts: number;
  readonly next: () => number;
  /** Text of every column, to see whether one was written. */
  readonly signature: () => string;
}

type Draft = { -readonly [K in keyof HostSignals]: HostSignals[K] };

/** A world of `hosts` hosts from a seed, before its first step. */
export function createWorld(seed: number, hosts: number): PolicyWorld {
  return worldOf(
    seed,
    hosts,
    Array.from({ length: hosts }, (_, host) => host),
  );
}

/** The same world seen by the node of one host alone: one row, its own pods and tasks. Call before the first step. */
export function partOf(world: PolicyWorld, host: number): PolicyWorld {
  return worldOf(seeds.get(world) as number, world.hosts, [host]);
}

const seeds = new WeakMap<PolicyWorld, number>();

function worldOf(seed: number, hosts: number, hostNames: readonly number[]): PolicyWorld {
  const random = seededRandomSource(seed * 7919);
  const next = () => uniformOpen(random);
  const count = hostNames.length;
  const f = (value = 0) => new Float64Array(count).fill(value);
  const columns: Columns = Object.fromEntries(DRAWN.map(([name]) => [name, f()]));
  const cores = Array.from({ length: hosts }, () => 8 * Math.ceil(next() * 12));
  const pods = hosts * PODS_PER_HOST;
  const tasks = hosts * TASKS_PER_HOST;
  const perPod = (low: number, high: number) => Float64Array.from({ length: pods }, () => low + next() * (high - low));
  const perTask = (low: number, high: number) =>
    Float64Array.from({ length: tasks }, () => Math.floor(low + next() * (high - low)));
  const podSignals: PodSignals = {
    count: pods,
    sampleMs: SAMPLE_MS,
    sampleNumber: 0,
    host: new Int32Array(pods).fill(-1),
    startedAtMs: new Float64Array(pods).fill(-1),
    requestMilliCpu: perPod(500, 4_000).map(Math.floor),
    requestMemBytes: perPod(1, 8).map((gib) => Math.floor(gib) * GIB),
    type: Uint8Array.from({ length: pods }, (_, pod) => pod % 4),
    workload: Int32Array.from({ length: pods }, (_, pod) => pod % 4),
    wantedReplicas: new Int32Array(4).fill(pods / 4),
    usedMilliCpu: new Float64Array(pods).fill(-1),
    usedMemBytes: new Float64Array(pods),
    lastP90MilliCpu: new Float64Array(pods).fill(-1),
    throttling: {
      limitMilliCpu: new Float64Array(pods).fill(2_000),
      throttledRatio: new Float64Array(pods),
      lastUsedMilliCpu: new Float64Array(pods),
    },
    future: {
      horizonSamples: FUTURE_SAMPLES,
      usedMilliCpu: Float32Array.from({ length: pods * FUTURE_SAMPLES }, () => next() * 2_000),
    },
  };
  const taskColumns = {
    priority: Int32Array.from(perTask(5_000, 5_003)),
    requestMilliCpu: perTask(500, 4_000),
    requestMemBytes: perTask(GIB, 8 * GIB),
    usedMilliCpu: perTask(100, 4_000),
    usedMemBytes: perTask(GIB / 2, 8 * GIB),
    startedAtMs: perTask(0, 1_000),
  };
  const signals = {
    count,
    nowMs: 0,
    sampledAtMs: f(-1),
    up: new Uint8Array(count).fill(1),
    capacityMilliCpu: Float64Array.from(hostNames, (host) => cores[host] * 1_000),
    capacityMemBytes: Float64Array.from(hostNames, (host) => cores[host] * 4 * GIB),
    reservedMilliCpu: f(500),
    reservedMemBytes: f(GIB),
    ...columns,
    hpRelativeIpc: f(1),
    publishedBatchMilliCpu: f(),
    publishedBatchMemBytes: f(),
    publishedAtMs: f(-1),
    publishedMidMilliCpu: f(),
    publishedMidMemBytes: f(),
    beQuotaUs: f(-1),
    history: {
      sampleMs: SAMPLE_MS,
      capacity: HISTORY,
      length: 0,
      newest: -1,
      usedMilliCpu: new Float64Array(count * HISTORY),
      limitMilliCpu: new Float64Array(count * HISTORY),
    },
    tasks: {
      rowsOnHost(host: number, out: Int32Array): number {
        for (let i = 0; i < TASKS_PER_HOST; i++) out[i] = hostNames[host] * TASKS_PER_HOST + i;
        return TASKS_PER_HOST;
      },
      maxRowsPerHost: TASKS_PER_HOST,
      ...taskColumns,
    },
    pods: podSignals,
  } as unknown as HostSignals;
  const world: PolicyWorld = {
    signals,
    hostNames,
    hosts,
    next,
    signature: () =>
      JSON.stringify(signals, (_key, value: unknown) =>
        ArrayBuffer.isView(value) ? Array.from(value as Float64Array).join() : value,
      ),
  };
  seeds.set(world, seed);
  return world;
}

/** Writes the signals of the next step. Every host is drawn for in every world, so that a part sees what the whole sees. */
export function moveOn(world: PolicyWorld, step: number, stepMs: number): void {
  const signals = world.signals as Draft;
  const nowMs = (step + 1) * stepMs;
  signals.nowMs = nowMs;
  const columns = signals as unknown as Columns;
  for (let host = 0; host < world.hosts; host++) {
    const at = world.hostNames.indexOf(host);
    const isDown = world.next() < 0.05;
    const isSilent = world.next() < 0.1;
    if (at >= 0) {
      signals.up[at] = isDown ? 0 : 1;
      if (!isSilent && !isDown) signals.sampledAtMs[at] = nowMs;
    }
    for (const [name, least, most] of DRAWN) {
      const share = least + world.next() * (most - least);
      if (at < 0) continue;
      const capacity = name.endsWith('Bytes') ? signals.capacityMemBytes[at] : signals.capacityMilliCpu[at];
      columns[name][at] = Math.floor(share * capacity);
    }
    // Best effort presses on services: instructions per cycle fall with what it uses.
    if (at >= 0)
      columns['hpRelativeIpc'][at] = 1 - (2.5 * columns['lastBeMilliCpu'][at]) / signals.capacityMilliCpu[at];
  }
  movePods(world, nowMs);
}

function movePods(world: PolicyWorld, nowMs: number): void {
  const pods = world.signals.pods as { -readonly [K in keyof PodSignals]: PodSignals[K] };
  const isSample = nowMs % SAMPLE_MS === 0;
  for (let pod = 0; pod < pods.count; pod++) {
    const host = Math.floor(pod / PODS_PER_HOST);
    const at = world.hostNames.indexOf(host);
    const used = Math.floor(world.next() * pods.requestMilliCpu[pod]);
    const restarts = world.next() < 0.02;
    pods.host[pod] = at;
    if (at < 0) continue;
    if (restarts || pods.startedAtMs[pod] < 0) pods.startedAtMs[pod] = nowMs;
    pods.lastP90MilliCpu[pod] = used;
    if (pods.throttling !== undefined) {
      pods.throttling.lastUsedMilliCpu[pod] = Math.min(used, 2_000);
      pods.throttling.throttledRatio[pod] = used > 1_500 ? 0.2 : 0;
    }
    if (!isSample) continue;
    pods.usedMilliCpu[pod] = restarts ? -1 : used;
    pods.usedMemBytes[pod] = pods.requestMemBytes[pod] / 2;
  }
  if (isSample) pods.sampleNumber++;
}

/** What was decided shows in the next step: published resources, and the quota of best effort. */
export function feedBack(world: PolicyWorld, decisions: Decisions): void {
  const { signals } = world;
  for (let i = 0; i < decisions.count; i++) {
    const host = decisions.host[i];
    if (decisions.kind[i] === DECISION.publishBatch) {
      signals.publishedBatchMilliCpu[host] = decisions.a[i];
      signals.publishedBatchMemBytes[host] = decisions.b[i];
      signals.publishedAtMs[host] = signals.nowMs;
    } else if (decisions.kind[i] === DECISION.limitBestEffort) signals.beQuotaUs[host] = decisions.a[i];
  }
}
