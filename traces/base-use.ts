/**
 * The base use of services at a time: all of it, or, for services that follow an imported trace, one block of slots that moves with
 * the run.
 *
 * A block is filled from the row groups whose times overlap it. In a table ordered by time each group is read about once in a run; in one
 * ordered by service every group is read once a block.
 */
import { join } from 'node:path';
import type { OnlineServices, UsageStream } from './format.ts';
import { openParquetGroups, type ParquetGroups } from './readers/parquet-groups.ts';
import { usageTables } from './trace-identity.ts';

export interface BaseUse {
  /** CPU use over request, row-major services x columns. */
  readonly ratio: Float32Array;
  readonly columns: number;
  /** Slot of the cycle in column 0. */
  firstSlot: number;
  readonly stream: BlockReader | null;
}

interface BlockReader {
  readonly usage: UsageStream;
  readonly tables: readonly ParquetGroups[];
  readonly rowOfId: ReadonlyMap<string, number>;
  readonly sum: Float64Array;
  readonly count: Uint16Array;
  /** Row groups read so far. */
  groupsRead: number;
}

/** The use of `services`, not yet anywhere. Throws TraceError when a trace cannot be opened. */
export function createBaseUse(services: OnlineServices): BaseUse {
  const { stream, count, slotCount, baseRatio } = services;
  if (stream === undefined) return { ratio: baseRatio, columns: slotCount, firstSlot: 0, stream: null };
  // One column more than the block, because values between slots are interpolated.
  const columns = Math.min(stream.blockSlots, slotCount) + 1;
  return {
    ratio: new Float32Array(count * columns),
    columns,
    firstSlot: -1,
    stream: {
      usage: stream,
      tables: usageTables(stream.folder).map((name) =>
        openParquetGroups(join(stream.folder, 'usage', name), ['id', 'timeMs', 'milliCpu']),
      ),
      rowOfId: new Map(stream.ids.map((id, row) => [id, row])),
      sum: new Float64Array(stream.ids.length * columns),
      count: new Uint16Array(stream.ids.length * columns),
      groupsRead: 0,
    },
  };
}

/** Brings the block that holds `timeMs`; nothing to do when it is there. Throws TraceError. */
export function moveBaseTo(base: BaseUse, services: OnlineServices, timeMs: number): void {
  const { stream } = base;
  if (stream === null) return;
  const { slotMs, slotCount } = services;
  const { blockSlots } = stream.usage;
  const slot = Math.floor(timeMs / slotMs) % slotCount;
  const firstSlot = slot - (slot % blockSlots);
  if (firstSlot === base.firstSlot) return;
  const slots = Math.min(blockSlots, slotCount - firstSlot);
  const isLast = firstSlot + slots === slotCount;
  fillBlock(base, stream, services, firstSlot, isLast ? slots : slots + 1, 0);
  if (isLast) fillBlock(base, stream, services, 0, 1, slots);
  copyRest(base, services, firstSlot, slots + 1);
  base.firstSlot = firstSlot;
}

/**
 * Use over request of service s at `timeMs`, linearly interpolated between slots and repeated. The block of `timeMs` must be there.
 */
export function baseRatioAt(base: BaseUse, services: OnlineServices, s: number, timeMs: number): number {
  const { ratio, columns } = base;
  const position = timeMs / services.slotMs;
  const whole = Math.floor(position);
  const part = position - whole;
  const from = (whole % services.slotCount) - base.firstSlot;
  const to = from + 1 === columns ? 0 : from + 1;
  return ratio[s * columns + from] * (1 - part) + ratio[s * columns + to] * part;
}

/**
 * Writes slots [first, first + slots) into columns from `column`. A slot holds the mean of its samples; one without samples holds the
 * value before it; before and after the life of a service it is 0. `first` begins a block.
 */
function fillBlock(
  base: BaseUse,
  reader: BlockReader,
  services: OnlineServices,
  first: number,
  slots: number,
  column: number,
): void {
  const { usage, sum, count } = reader;
  const rows = usage.ids.length;
  sum.fill(0);
  count.fill(0);
  addSamples(reader, services.slotMs, usage.firstSlot + first, slots);
  const before = (first / usage.blockSlots) * rows;
  for (let row = 0; row < rows; row++) {
    let milli = usage.before[before + row];
    const scale = usage.perMilliCpu[row];
    for (let slot = 0; slot < slots; slot++) {
      const cell = row * slots + slot;
      if (count[cell] > 0) milli = sum[cell] / count[cell];
      const lives = first + slot >= usage.fromSlot[row] && first + slot < usage.toSlot[row];
      base.ratio[row * base.columns + column + slot] = lives ? milli * scale : 0;
    }
  }
}

/** Sums of the samples in `slots` slots of the trace from `first`, row-major rows x slots. */
function addSamples(reader: BlockReader, slotMs: number, first: number, slots: number): void {
  const { tables, rowOfId, sum, count } = reader;
  const fromMs = first * slotMs;
  const toMs = fromMs + slots * slotMs;
  for (const table of tables)
    for (let group = 0; group < table.groups.length; group++) {
      const range = table.range(group, 'timeMs');
      if (range !== null && (range[0] >= toMs || range[1] < fromMs)) continue;
      reader.groupsRead += 1;
      const times = table.numbers(group, 'timeMs');
      const ids = table.texts(group, 'id');
      const milliCpu = table.numbers(group, 'milliCpu');
      let id = '';
      let row: number | undefined;
      for (let at = 0; at < times.length; at++) {
        const slot = Math.floor(times[at] / slotMs) - first;
        if (slot < 0 || slot >= slots || Number.isNaN(milliCpu[at])) continue;
        if (ids[at] !== id) {
          id = ids[at];
          row = rowOfId.get(id);
        }
        if (row === undefined) continue;
        sum[row * slots + slot] += milliCpu[at];
        count[row * slots + slot] += 1;
      }
    }
}

/** Services that are not streamed stand in `baseRatio` and repeat after restSlots. */
function copyRest(base: BaseUse, services: OnlineServices, first: number, slots: number): void {
  const { stream, baseRatio, count, slotCount } = services;
  if (stream === undefined) return;
  const streamed = stream.ids.length;
  for (let row = streamed; row < count; row++)
    for (let slot = 0; slot < slots; slot++)
      base.ratio[row * base.columns + slot] =
        baseRatio[(row - streamed) * stream.restSlots + (((first + slot) % slotCount) % stream.restSlots)];
}
