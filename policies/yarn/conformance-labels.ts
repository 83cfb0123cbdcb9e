/** Runs the cases of node labels: scheduling, used capacities, guarantees. Translation only. */
import { firstDifference } from '../conformance.ts';
import type { Fields } from './conformance-fields.ts';
import { compareExpected, fieldsAt, listAt, numberAt, numberOr, recordsAt, textAt } from './conformance-fields.ts';
import { PartitionScheduler } from './partition-scheduler.ts';
import { guaranteeMb, usedCapacity } from './queue-limits.ts';

const ROUNDING = 1e-9;

export function checkLabelScheduling(entry: Fields): string {
  const kinds = fieldsAt(entry, 'partitions');
  for (const kind of Object.values(kinds))
    if (kind !== 'exclusive' && kind !== 'non-exclusive') return `unknown kind of partition ${JSON.stringify(kind)}`;
  const lending = new Set(Object.keys(kinds).filter((name) => kinds[name] === 'non-exclusive'));
  const applications = recordsAt(entry, 'apps').map(applicationOf);
  const scheduler = new PartitionScheduler(
    lending,
    nodesOf(entry),
    recordsAt(entry, 'queues').map(queueOf),
    applications,
  );
  let measured: number | null = null;
  for (const [index, step] of recordsAt(entry, 'steps').entries()) {
    if (step.hb !== undefined) measured = beat(scheduler, step);
    else if (step.expect === undefined) return `steps[${index}] does nothing`;
    if (step.expect === undefined) continue;
    const named = (name: string): readonly string[] => Object.keys((fieldsAt(step, 'expect')[name] ?? {}) as Fields);
    const difference = compareExpected(step, {
      measured,
      node_count: Object.fromEntries(named('node_count').map((node) => [node, scheduler.countOn(node)])),
      pending: Object.fromEntries(
        named('pending').map((id) => {
          const asks = applications.find((application) => application.id === id)?.asks ?? [];
          return [id, asks.reduce((sum, { outstanding }) => sum + outstanding, 0)];
        }),
      ),
    });
    if (difference !== '') return `steps[${index}]: ${difference}`;
  }
  return '';
}

/** Heartbeats round by round; how many rounds ended with the measured node empty, where that is asked. */
function beat(scheduler: PartitionScheduler, step: Fields): number | null {
  const measure = step.measure === undefined ? null : /^cycles_with_(\w+)_empty$/.exec(textAt(step, 'measure'));
  if (step.measure !== undefined && measure === null) throw new Error(`unknown measure "${String(step.measure)}"`);
  let empty = 0;
  for (let cycle = 0; cycle < numberOr(step, 'repeat', 1); cycle++) {
    for (const node of listAt(step, 'hb')) scheduler.heartbeat(String(node));
    if (measure !== null && scheduler.countOn(measure[1]) === 0) empty++;
  }
  return measure === null ? null : empty;
}

function nodesOf(entry: Fields): { name: string; partition: string; size: number }[] {
  const nodes = fieldsAt(entry, 'nodes');
  return Object.keys(nodes).map((name) => {
    const [partition, size] = listAt(nodes, name);
    if (typeof partition !== 'string' || typeof size !== 'number')
      throw new Error(`node ${name} is not [partition, size]`);
    return { name, partition, size };
  });
}

function sharesAt(queue: Fields, name: string): Readonly<Record<string, number>> {
  if (queue[name] === undefined) return {};
  const shares = fieldsAt(queue, name);
  return Object.fromEntries(Object.keys(shares).map((partition) => [partition, numberAt(shares, partition)]));
}

function queueOf(queue: Fields): ConstructorParameters<typeof PartitionScheduler>[2][number] {
  return {
    name: textAt(queue, 'name'),
    absoluteCapacity: sharesAt(queue, 'abs_capacity'),
    absoluteMax: sharesAt(queue, 'abs_max'),
    accessible: listAt(queue, 'accessible').map(String),
    minUserLimitPercent: numberOr(queue, 'min_user_limit_pct', 100),
    userLimitFactor: numberOr(queue, 'user_limit_factor', 1),
  };
}

function applicationOf(application: Fields): ConstructorParameters<typeof PartitionScheduler>[3][number] {
  const live = new Map<string, number>();
  for (const held of listAt(application, 'live')) {
    const [node, count] = Array.isArray(held) ? held : [];
    live.set(String(node), (live.get(String(node)) ?? 0) + Number(count));
  }
  const asks = listAt(application, 'asks').map((ask, index) => {
    const [label, count, priority] = Array.isArray(ask) ? ask : [];
    if (typeof label !== 'string' || typeof count !== 'number' || typeof priority !== 'number')
      throw new Error(`ask ${JSON.stringify(ask)} is not [label, count, priority]`);
    return { label, priority, isAm: application.am_pending === true && index === 0, outstanding: count, missed: 0 };
  });
  const user = application.user === undefined ? 'user' : textAt(application, 'user');
  return { id: textAt(application, 'id'), queue: textAt(application, 'queue'), user, asks, live };
}

/** A queue's use is that of all queues whose names begin with its own; the root's is that of all. */
export function checkUsedCapacity(entry: Fields): string {
  const input = fieldsAt(entry, 'input');
  const [capacities, sizes, used] = ['abs_capacity', 'partition_gb', 'used_gb'].map((name) => fieldsAt(input, name));
  const expect = fieldsAt(entry, 'expect');
  const wanted = fieldsAt(expect, 'used');
  for (const partition of listAt(expect, 'applies_to').map(String)) {
    for (const name of Object.keys(wanted)) {
      const below = Object.keys(used).filter((leaf) => name === 'root' || leaf.startsWith(name));
      const held = below.reduce((sum, leaf) => sum + numberOr(fieldsAt(used, leaf), partition, 0), 0);
      const got = usedCapacity(held, numberAt(sizes, partition), numberAt(capacities, name));
      const difference = firstDifference(wanted[name], [got.ofGuarantee, got.ofPartition], ROUNDING);
      if (difference !== '') return `${name} in "${partition}": ${difference}`;
    }
  }
  return '';
}

export function checkGuarantee(entry: Fields): string {
  const input = fieldsAt(entry, 'input');
  const expect = fieldsAt(entry, 'expect');
  const tolerance = numberOr(expect, 'tolerance_gb', 0);
  const queues = fieldsAt(input, 'queues');
  for (const [queue, byLabel] of Object.entries(fieldsAt(expect, 'guaranteed_gb'))) {
    for (const [label, wanted] of Object.entries(byLabel as Fields)) {
      const nodes = recordsAt(input, 'nodes').filter((node) => node.label === label);
      const size = nodes.reduce((sum, node) => sum + numberAt(node, 'gb'), 0);
      const got = guaranteeMb({
        partitionMb: size,
        absoluteCapacity: numberOr(fieldsAt(queues, queue), label, 0) / 100,
      });
      if (!(Math.abs(Number(wanted) - got) <= tolerance))
        return `${queue} in "${label}": expected ${String(wanted)}, got ${got}`;
    }
  }
  return '';
}
