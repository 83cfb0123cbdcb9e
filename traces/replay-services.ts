/**
 * Services that follow an imported trace as it is: its ids, sizes and replicas, and its use, which a run reads block by block.
 *
 * One pass over the use before the run learns what a block cannot know: how long it is, its means, and the value that stands at the start of
 * each block. It holds some numbers for each service and block, never the samples.
 */
import { join } from 'node:path';
import { ConfigError } from '../policies/base/assert.ts';
import { BYTES_PER_MIB } from '../policies/base/units.ts';
import type { OnlineServices, UsageStream } from './format.ts';
import { ONLINE_PARAMETERS } from './online-parameters.ts';
import { openParquetGroups } from './readers/parquet-groups.ts';
import { drawServiceTraits } from './service-sizes.ts';
import { traceIdentity, usageTables } from './trace-identity.ts';

export interface TraceReplayConfig {
  readonly horizonMs: number;
  /** Days of the trace left off the front. */
  readonly startDay: number;
  /** 0 = no limit. */
  readonly limitOverRequest: number;
  readonly loadFactor: number;
  readonly seed: string;
  /** Slots in memory at once; chosen by the number of services unless given. */
  readonly blockSlots?: number;
}

export interface ReplayedServices {
  readonly services: OnlineServices;
  /** What was left out or assumed, with counts. */
  readonly notes: readonly string[];
}

const SLOT_MS = 300_000;
const SLOTS_PER_DAY = 288;
/** Whole parts of a day, longest first. */
const BLOCKS = [288, 144, 96, 72, 48, 36, 24, 12] as const;
/** Cells of a block: with sums and counts 14 bytes each. */
const MOST_CELLS = 1_048_576;
/** What is measured beside services and is none. */
const NO_SERVICE = ['host', 'system'];
/** Where a trace does not say the memory of a service. [A], as for generated services. */
const MIB_PER_CORE = 4096;

/** The services of the trace in `folder`. Throws ConfigError when it has none or ends before the run; TraceError. */
export function replayServices(folder: string, config: TraceReplayConfig): ReplayedServices {
  const sha256 = traceIdentity(folder);
  const listed = readServiceRows(folder);
  if (listed.ids.length === 0)
    throw new ConfigError(
      `${folder}: the trace has no services with use over time; it cannot stand in for online load`,
    );
  const firstSlot = config.startDay * SLOTS_PER_DAY;
  const extent = readExtent(folder, listed.ids);
  const kept = listed.ids.flatMap((_, row) => (extent.samples[row] > 0 ? [row] : []));
  if (kept.length === 0) throw new ConfigError(`${folder}: no service has a sample of CPU use`);
  const slotCount = extent.lastSlot + 1 - firstSlot;
  if (config.horizonMs > slotCount * SLOT_MS)
    throw new ConfigError(
      `horizon: ${hours(config.horizonMs)} h from day ${config.startDay} of ${folder}, which ends after ${hours((extent.lastSlot + 1) * SLOT_MS)} h; shorten horizon or lower online.startDay`,
    );
  const blockSlots = config.blockSlots ?? BLOCKS.find((slots) => slots * kept.length <= MOST_CELLS) ?? 12;
  const ids = kept.map((row) => listed.ids[row]);
  const facts = readFacts(folder, ids, firstSlot, Math.ceil(slotCount / blockSlots), blockSlots);
  const count = kept.length;
  const column = (value: (row: number, listedRow: number) => number) =>
    Float64Array.from(kept, (at, row) => value(row, at));
  const replicas = Int32Array.from(kept, (at) => Math.max(1, listed.replicas[at]));
  const known = (value: number) => value > 0 && Number.isFinite(value);
  const sized = kept.map((at) => known(listed.requestMilliCpu[at]));
  const requestMilliCpu = column((row, at) =>
    Math.max(1, Math.round(sized[row] ? listed.requestMilliCpu[at] : facts.most[row] / replicas[row])),
  );
  const requestMemBytes = column(
    (row, at) =>
      Math.max(
        1,
        Math.round(
          known(listed.requestMemMib[at]) ? listed.requestMemMib[at] : (requestMilliCpu[row] / 1000) * MIB_PER_CORE,
        ),
      ) * BYTES_PER_MIB,
  );
  // A trace that knows of limits also knows who has none.
  const saysLimits = kept.some((at) => known(listed.limitMilliCpu[at]));
  const limitMilliCpu = column((row, at) => {
    if (!saysLimits) return Math.floor(requestMilliCpu[row] * config.limitOverRequest);
    return known(listed.limitMilliCpu[at]) ? Math.max(1, Math.round(listed.limitMilliCpu[at])) : 0;
  });
  const traits = drawServiceTraits(count, config.seed);
  const memKnown = (row: number, at: number) => known(facts.memMib[row]) && known(listed.requestMemMib[at]);
  const p = ONLINE_PARAMETERS;
  const stream: UsageStream = {
    folder,
    sha256,
    ids,
    perMilliCpu: column((row) => config.loadFactor / (requestMilliCpu[row] * replicas[row])),
    firstSlot,
    blockSlots,
    before: facts.before,
    fromSlot: column((_, at) => lifeSlot(Math.floor(listed.startMs[at] / SLOT_MS) - firstSlot, -Infinity)),
    toSlot: column((_, at) => lifeSlot(Math.ceil(listed.endMs[at] / SLOT_MS) - firstSlot, Infinity)),
    restSlots: slotCount,
  };
  const services: OnlineServices = {
    count,
    names: ids,
    latencyClass: traits.latencyClass,
    replicas,
    requestMilliCpu,
    limitMilliCpu,
    requestMemBytes,
    memUsageRatio: column((row, at) =>
      memKnown(row, at)
        ? Math.min(1, facts.memMib[row] / (listed.requestMemMib[at] * replicas[row]))
        : traits.memUsageRatio[row],
    ),
    slotMs: SLOT_MS,
    slotCount,
    baseRatio: new Float32Array(0),
    stream,
    commonCv: new Float64Array(count),
    commonArShare: new Float64Array(count),
    commonTauMs: new Float64Array(count).fill(p.commonTauMs),
    // The series of one replica carries all of its noise; a sum over replicas has lost theirs.
    ownCv: Float64Array.from(replicas, (of) => (of > 1 ? p.ownCv : 0)),
    ownArShare: new Float64Array(count).fill(p.ownArShare),
    ownTauMs: new Float64Array(count).fill(p.ownTauMs),
    peakOverMean: column((row) =>
      known(facts.peakOverMean[row]) ? Math.max(1, facts.peakOverMean[row]) : traits.peakOverMean[row],
    ),
  };
  const without = (keep: readonly boolean[]) => keep.reduce((sum, has) => sum + (has ? 0 : 1), 0);
  const counted = (n: number, text: string) => (n === 0 ? [] : [`Replay of ${folder}: ${n} ${text}.`]);
  const measured = facts.slotsSeen.reduce((sum, seen) => sum + seen, 0);
  const lived = stream.fromSlot.reduce(
    (sum, from, row) => sum + Math.max(0, Math.min(stream.toSlot[row], slotCount) - Math.max(from, 0)),
    0,
  );
  const gaps = Math.max(0, 1 - measured / lived);
  return {
    services,
    notes: [
      `Online use replays ${count} services of ${folder} from day ${config.startDay}, in blocks of ${hours(blockSlots * SLOT_MS)} h; their use carries its own noise.`,
      ...counted(listed.ids.length - count, 'services have no sample and are left out'),
      ...counted(listed.left, 'hosts and system series are no services and are left out'),
      ...counted(without(sized), 'services do not say what they request; their largest five-minute use stands in'),
      ...(saysLimits
        ? [
            `Replay of ${folder}: limits are those of the trace; ${without(kept.map((at) => known(listed.limitMilliCpu[at])))} services have none.`,
          ]
        : []),
      ...counted(
        without(kept.map((at) => known(listed.requestMemMib[at]))),
        `services do not say their memory; ${MIB_PER_CORE} MiB per core stands in`,
      ),
      ...counted(
        without(kept.map((at, row) => memKnown(row, at))),
        'services have no measured memory; a fitted share stands in',
      ),
      ...(gaps < 0.0005
        ? []
        : [
            `Replay of ${folder}: ${(gaps * 100).toFixed(1)} % of the five-minute slots have no sample; the value before stands.`,
          ]),
    ],
  };
}

const hours = (ms: number) => Number((ms / 3_600_000).toFixed(1));

function lifeSlot(slot: number, unknown: number): number {
  return Number.isFinite(slot) ? slot : unknown;
}

interface ServiceRows {
  readonly ids: readonly string[];
  readonly replicas: Float64Array;
  readonly requestMilliCpu: Float64Array;
  readonly requestMemMib: Float64Array;
  /** NaN: none, or not said. */
  readonly limitMilliCpu: Float64Array;
  readonly startMs: Float64Array;
  readonly endMs: Float64Array;
  readonly left: number;
}

function readServiceRows(folder: string): ServiceRows {
  const numbers = ['replicas', 'requestMilliCpu', 'requestMemMib', 'startMs', 'endMs'] as const;
  const file = openParquetGroups(join(folder, 'services.parquet'), ['id', 'kind', ...numbers]);
  const ids: string[] = [];
  const values: Record<(typeof numbers)[number], number[]> = {
    replicas: [],
    requestMilliCpu: [],
    requestMemMib: [],
    startMs: [],
    endMs: [],
  };
  const limits: number[] = [];
  let left = 0;
  for (let group = 0; group < file.groups.length; group++) {
    const kinds = file.texts(group, 'kind');
    const columns = numbers.map((name) => [name, file.numbers(group, name)] as const);
    const limitOf = file.has('limitMilliCpu') ? file.numbers(group, 'limitMilliCpu') : null;
    for (const [row, id] of file.texts(group, 'id').entries()) {
      if (NO_SERVICE.includes(kinds[row])) {
        left += 1;
        continue;
      }
      ids.push(id);
      limits.push(limitOf === null ? Number.NaN : limitOf[row]);
      for (const [name, column] of columns) values[name].push(column[row]);
    }
  }
  const column = (name: (typeof numbers)[number]) => Float64Array.from(values[name]);
  return {
    ids,
    replicas: column('replicas'),
    requestMilliCpu: column('requestMilliCpu'),
    requestMemMib: column('requestMemMib'),
    limitMilliCpu: Float64Array.from(limits),
    startMs: column('startMs'),
    endMs: column('endMs'),
    left,
  };
}

type Sample = (row: number, slot: number, milliCpu: number, peakMilliCpu: number, memMib: number) => void;

/** Every sample with a known CPU use of the services named, in the order of the tables. */
function eachSample(folder: string, ids: readonly string[], columns: readonly string[], take: Sample): void {
  const rowOfId = new Map(ids.map((id, row) => [id, row]));
  for (const name of usageTables(folder)) {
    const table = openParquetGroups(join(folder, 'usage', name), ['id', 'timeMs', 'milliCpu', ...columns]);
    for (let group = 0; group < table.groups.length; group++) {
      const times = table.numbers(group, 'timeMs');
      const milliCpu = table.numbers(group, 'milliCpu');
      const [peaks, memory] = columns.map((column) => table.numbers(group, column));
      const names = table.texts(group, 'id');
      for (let at = 0; at < times.length; at++) {
        const row = rowOfId.get(names[at]);
        if (row === undefined || Number.isNaN(milliCpu[at])) continue;
        take(row, Math.floor(times[at] / SLOT_MS), milliCpu[at], peaks?.[at] ?? Number.NaN, memory?.[at] ?? Number.NaN);
      }
    }
  }
}

function readExtent(folder: string, ids: readonly string[]) {
  const samples = new Float64Array(ids.length);
  let lastSlot = -1;
  eachSample(folder, ids, [], (row, slot) => {
    samples[row] += 1;
    if (slot > lastSlot) lastSlot = slot;
  });
  return { samples, lastSlot };
}

/** Mean of the samples of one slot per row: the slot that `isBetter` than the one before it. */
function createSlotMeans(rows: number) {
  const slots = new Int32Array(rows).fill(-1);
  const sums = new Float64Array(rows);
  const counts = new Int32Array(rows);
  return {
    slots,
    add(row: number, slot: number, value: number, isBetter: boolean): void {
      if (slots[row] === slot) {
        sums[row] += value;
        counts[row] += 1;
      } else if (slots[row] < 0 || isBetter) {
        slots[row] = slot;
        sums[row] = value;
        counts[row] = 1;
      }
    },
    mean: (row: number) => sums[row] / counts[row],
  };
}

function readFacts(folder: string, ids: readonly string[], firstSlot: number, blocks: number, blockSlots: number) {
  const rows = ids.length;
  const most = new Float64Array(rows);
  const slotsSeen = new Float64Array(rows);
  const lastSeen = new Int32Array(rows).fill(-1);
  const sums = {
    peak: new Float64Array(rows),
    mean: new Float64Array(rows),
    mem: new Float64Array(rows),
    memCount: new Float64Array(rows),
  };
  const first = createSlotMeans(rows);
  // Block -1 is all that lies before the run.
  const last = createSlotMeans((blocks + 1) * rows);
  eachSample(folder, ids, ['peakMilliCpu', 'memMib'], (row, slot, milliCpu, peak, mem) => {
    if (milliCpu > most[row]) most[row] = milliCpu;
    if (lastSeen[row] !== slot && slot >= firstSlot) slotsSeen[row] += 1;
    lastSeen[row] = slot;
    if (!Number.isNaN(peak)) {
      sums.peak[row] += peak;
      sums.mean[row] += milliCpu;
    }
    if (!Number.isNaN(mem)) {
      sums.mem[row] += mem;
      sums.memCount[row] += 1;
    }
    first.add(row, slot, milliCpu, slot < first.slots[row]);
    const cell = (Math.max(-1, Math.floor((slot - firstSlot) / blockSlots)) + 1) * rows + row;
    last.add(cell, slot, milliCpu, slot > last.slots[cell]);
  });
  const before = new Float64Array(blocks * rows);
  for (let row = 0; row < rows; row++) {
    let value = first.mean(row);
    for (let block = 0; block < blocks; block++) {
      if (last.slots[block * rows + row] >= 0) value = last.mean(block * rows + row);
      before[block * rows + row] = value;
    }
  }
  return {
    most,
    slotsSeen,
    before,
    memMib: sums.mem.map((sum, row) => sum / sums.memCount[row]),
    peakOverMean: sums.peak.map((sum, row) => sum / sums.mean[row]),
  };
}
