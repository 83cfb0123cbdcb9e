/** An import context that keeps use in memory, for the tests of importers. */
import type { ImportContext } from './context.ts';
import { memorySink } from './usage-sink.ts';

export function testContext(change: Partial<ImportContext> = {}) {
  const usage = memorySink();
  const context = {
    reading: { log: { lfLines: 0, crlfLines: 0 } },
    usage,
    drops: { count: 0, listed: [] as string[] },
    skipInvalid: false,
    scale: {},
    duckdb: false,
    bulk: null,
    ...change,
  };
  return { context, samples: usage.samples };
}
