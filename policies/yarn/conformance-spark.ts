/** Runs the cases of Spark on YARN and of opportunistic containers. Translation only. */
import type { Fields } from './conformance-fields.ts';
import {
  compareExpected,
  fieldsAt,
  flagAt,
  listAt,
  numberAt,
  numberOr,
  recordsAt,
  textAt,
} from './conformance-fields.ts';
import { opportunisticQueueLimit } from './opportunistic-queue.ts';
import type { Loss, MapOutputFate, ShuffleKind } from './spark-executors.ts';
import {
  ExecutorTarget,
  executorsNeeded,
  followsNodeDecommission,
  mapOutputFate,
  speculationThresholdMs,
} from './spark-executors.ts';

export function checkRamp(entry: Fields): string {
  const input = fieldsAt(entry, 'input');
  const pending = numberAt(input, 'pending_tasks');
  const perExecutor = numberAt(input, 'tasks_per_executor');
  const needed = executorsNeeded(
    pending,
    numberOr(input, 'running_tasks', 0),
    numberOr(input, 'ratio', 1),
    perExecutor,
  );
  const bounds = { min: numberOr(input, 'min', 0), max: numberAt(input, 'max') };
  const sustained = numberAt(input, 'sustained_s');
  const wanted = fieldsAt(fieldsAt(entry, 'expect'), 'target_at_s');
  const got = Object.keys(wanted).map((second) => {
    const executors = new ExecutorTarget(numberAt(input, 'initial'), bounds);
    executors.follow(needed);
    // Executors arrive at once.
    for (let at = numberAt(input, 'backlog_s'); at <= Number(second); at += sustained)
      if (needed > executors.target) executors.backlog(needed, executors.target);
    return [second, executors.target] as const;
  });
  return compareExpected(entry, { target_at_s: Object.fromEntries(got) });
}

export function checkNeeded(entry: Fields): string {
  const input = fieldsAt(entry, 'input');
  const [pending, running, ratio, perExecutor] = ['pending', 'running', 'ratio', 'tasks_per_executor'].map((name) =>
    numberAt(input, name),
  );
  return compareExpected(entry, { needed: executorsNeeded(pending, running, ratio, perExecutor) });
}

export function checkSpeculation(entry: Fields): string {
  const input = fieldsAt(entry, 'input');
  const threshold = speculationThresholdMs(
    numberAt(input, 'tasks'),
    listAt(input, 'durations_ms').map(Number),
    numberAt(input, 'multiplier'),
    numberAt(input, 'quantile'),
    numberAt(input, 'min_ms'),
  );
  const speculate = listAt(input, 'running_ms').map((ranMs) => threshold !== null && Number(ranMs) > threshold);
  return compareExpected(entry, { threshold_ms: threshold, speculate });
}

const FATES: Readonly<Record<MapOutputFate, string>> = {
  'executor-lost': 'all map outputs of the executor lost',
  'host-lost': 'all outputs on the host lost',
  'served-by-node': 'kept (served by node ESS)',
  remote: 'kept (remote)',
  'migrated-kept': 'migrated blocks kept, rest lost',
};

function oneOf<Choice extends string>(fields: Fields, name: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === textAt(fields, name));
  if (found === undefined) throw new Error(`${name} is ${String(fields[name])}, none of ${choices.join(', ')}`);
  return found;
}

export function checkMapOutputs(entry: Fields): string {
  const rows = recordsAt(entry, 'table');
  for (const row of rows) {
    const fate = mapOutputFate(
      oneOf<ShuffleKind>(row, 'shuffle', ['none', 'ess', 'rss']),
      oneOf<Loss>(row, 'loss', ['executor', 'host']),
      oneOf(row, 'decommission', ['on', 'off']) === 'on',
    );
    if (FATES[fate] !== row.outcome) return `${JSON.stringify(row)}: got ${FATES[fate]}`;
  }
  return compareExpected(entry, { rows: rows.length });
}

export function checkDecommissionEnabled(entry: Fields): string {
  const rows = recordsAt(entry, 'table');
  for (const row of rows) {
    const got = followsNodeDecommission(flagAt(row, 'decommission'), flagAt(row, 'ess'));
    if (got !== row.enabled) return `${JSON.stringify(row)}: got ${String(got)}`;
  }
  return compareExpected(entry, { rows: rows.length });
}

export function checkQueueLimit(entry: Fields): string {
  const input = fieldsAt(entry, 'input');
  const lengths = listAt(input, 'queue_lengths').map(Number);
  const [k, min, max] = ['k', 'min', 'max'].map((name) => numberAt(input, name));
  return compareExpected(entry, { limit: opportunisticQueueLimit(lengths, k, min, max) });
}
