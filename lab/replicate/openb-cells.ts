/**
 * The whole published openb table: pod lists x policies x seeds, each cell run and compared as `replicate openb` does it.
 *
 * A cell is one row: what is allocated at 130 % arrived. Its other figures (allocation and fragmentation at 50, 90 and 100 %, fragmentation at
 * 130 %) are counted, and named where one differs.
 */
import { join } from 'node:path';
import { ConfigError } from '../../policies/base/assert.ts';
import published from './expected/openb.json' with { type: 'json' };
import type { OpenbOptions } from './openb.ts';
import { openbTable } from './openb-table.ts';
import { agrees, type Table, type TableRow } from './table.ts';

export type OpenbList = keyof typeof published.traces;
type Policy = OpenbOptions['policy'];

export const OPENB_LISTS = Object.keys(published.traces) as OpenbList[];
/** Policies that every list is published for. */
export const OPENB_POLICIES = Object.keys(published.traces.default.policies) as Policy[];

export interface OpenbCellsRequest {
  /** Folder of the node list, the pod lists and `expected/` with the arrivals. */
  readonly folder: string;
  readonly lists: readonly OpenbList[];
  readonly policies: readonly Policy[];
  readonly seeds: readonly number[];
  /** Told the share that is done, and the cell that comes. */
  readonly onProgress?: (done: number, cell: string) => void;
}

const CELL_ROW = 'allocated % at 130 % arrived';

/** `42-51` or `42`. Throws ConfigError for anything but published seeds. */
export function parseSeeds(text: string): number[] {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (!(from >= 42 && to <= 51 && from <= to))
    throw new ConfigError(`--seeds is "${text}"; seeds 42 to 51 are published: give one, or a span as 42-51`);
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

/** Runs the cells one after another. Throws TraceError when a file is missing or wrong. */
export async function openbCells(request: OpenbCellsRequest): Promise<Table> {
  const rows: TableRow[] = [];
  const all = request.lists.length * request.policies.length * request.seeds.length;
  let [cells, whole, figures, agreeing] = [0, 0, 0, 0];
  for (const list of request.lists)
    for (const policy of request.policies)
      for (const seed of request.seeds) {
        const name = `${list}, ${policy}, seed ${seed}`;
        request.onProgress?.(cells / all, name);
        const table = await openbTable({
          nodes: join(request.folder, 'openb_node_list_gpu_node.csv'),
          pods: join(request.folder, `openb_pod_list_${list}.csv${list === 'default' ? '' : '.gz'}`),
          arrivals: join(request.folder, `expected/arrival_${list}.json.gz`),
          ...{ policy, seed, tune: 1.3 },
        });
        const compared = table.rows.filter((row) => row.name.includes('% arrived') && row.expected !== null);
        const wrong = compared.filter((row) => !agrees(row));
        for (const row of compared)
          if (row.name === CELL_ROW || !agrees(row)) rows.push({ ...row, name: `${name}: ${row.name}` });
        cells += 1;
        if (compared.length > 0 && wrong.length === 0) whole += 1;
        figures += compared.length;
        agreeing += compared.length - wrong.length;
      }
  return {
    name: 'openb-cells',
    about: `openb: ${request.lists.length} pod lists x ${request.policies.length} policies x ${request.seeds.length} seeds = ${cells} cells, tune 1.3`,
    rows,
    notes: [
      `${whole} of ${cells} cells agree in every figure, ${agreeing} of ${figures} figures agree`,
      ...(request.policies.includes('random')
        ? ['random draws from our own stream: compared with the mean of the ten published seeds, 4 standard deviations']
        : []),
    ],
  };
}
