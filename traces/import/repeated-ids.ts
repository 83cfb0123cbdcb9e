/** Which rows have an id that came before, when the ids do not fit in memory: they are laid down in parts by their hash. */
import { join } from 'node:path';
import type { Bulk } from './bulk.ts';
import { createLanes, laneOf } from './lanes.ts';

export interface RepeatedIds {
  add(id: string, row: number): void;
  /** Ids of rows that repeat an earlier one, by row in ascending order. Throws TraceError. */
  find(): Promise<Map<number, string>>;
}

export function createRepeatedIds(bulk: Pick<Bulk, 'scratch' | 'parts' | 'freeBytes'>): RepeatedIds {
  const parts = createLanes(join(bulk.scratch, 'ids'), bulk.parts, bulk.freeBytes);
  return {
    add: (id, row) => parts.add(laneOf(id, parts.count), JSON.stringify([id, row]), id),
    async find() {
      const again: [row: number, id: string][] = [];
      for (let part = 0; part < parts.count; part++) {
        const seen = new Set<string>();
        await parts.read(part, (line) => {
          const [id, row] = JSON.parse(line) as [string, number];
          if (seen.has(id)) again.push([row, id]);
          seen.add(id);
        });
      }
      return new Map(again.sort((a, b) => a[0] - b[0]));
    },
  };
}
