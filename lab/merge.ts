/** Puts the shards of one sweep together: the same table as one machine would have written. */
import { join } from 'node:path';
import { ConfigError } from '../policies/base/assert.ts';
import { canonicalText } from '../sim/plan.ts';
import { type CellResult, readCell, writeCell } from './cache.ts';
import { checkSweepDirectory, identityOf } from './sweep.ts';
import { pointName } from './sweep-plan.ts';
import { readDescription, rowsOf, type SweepTable, writeSweepTable, writeWhole } from './sweep-table.ts';

const MOST_NAMED = 10;

/**
 * Copies the results of `shards` into `dir` and writes the table.
 *
 * Throws ConfigError when a folder is no sweep, when two are of different sweeps or code versions, when a result is damaged in every
 * shard that has it, or when results are missing (the first ten are named).
 */
export function mergeShards(dir: string, shards: readonly string[]): SweepTable {
  if (shards.length === 0) throw new ConfigError('merge needs at least one folder of a shard');
  checkSweepDirectory(dir);
  const descriptions = shards.map((shard) => {
    const description = readDescription(shard);
    if (description === null) throw new ConfigError(`${shard} is no folder of a sweep: it has no sweep.json`);
    return description;
  });
  const [description] = descriptions;
  for (const [index, other] of descriptions.entries()) {
    if (other.codeVersion !== description.codeVersion)
      throw new ConfigError(
        `${shards[index]} was run by other code (${other.codeVersion.slice(0, 12)}) than ${shards[0]} ` +
          `(${description.codeVersion.slice(0, 12)}); run the shards again with one version`,
      );
    // The backtest lies beside the scenario of each machine and is no part of what was run.
    if (canonicalText({ ...other, backtest: null }) !== canonicalText({ ...description, backtest: null }))
      throw new ConfigError(
        `${shards[index]} is a shard of another sweep than ${shards[0]}; merge folders of one command, apart from --shard`,
      );
  }
  const results = new Map<number, CellResult>();
  const missing: string[] = [];
  for (let index = 0; index < description.cells.length; index++) {
    const identity = identityOf(description, index);
    const found = shards.map((shard) => readCell(join(shard, 'cells'), identity));
    const good = found.find((lookup) => lookup.kind === 'found');
    if (good !== undefined) {
      results.set(index, good.result);
      continue;
    }
    const damaged = found.find((lookup) => lookup.kind === 'damaged');
    const { point, seed } = description.cells[index];
    const why = damaged === undefined ? '' : ` (${damaged.path}: ${damaged.reason})`;
    missing.push(`${pointName(description, point)}, seed ${seed}${why}`);
  }
  if (missing.length > 0) {
    const shown = missing.slice(0, MOST_NAMED).join('\n  ');
    const more = missing.length > MOST_NAMED ? `\n  and ${missing.length - MOST_NAMED} more` : '';
    throw new ConfigError(
      `${missing.length} of ${description.cells.length} runs are missing; run their shards again:\n  ${shown}${more}`,
    );
  }
  for (const [index, result] of results) writeCell(join(dir, 'cells'), identityOf(description, index), result);
  writeWhole(join(dir, 'sweep.json'), `${JSON.stringify(description)}\n`);
  const table: SweepTable = { description, rows: rowsOf(description, (index) => results.get(index)), failures: [] };
  writeSweepTable(dir, table);
  return table;
}
