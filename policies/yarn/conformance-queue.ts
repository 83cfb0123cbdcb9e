/** Runs the cases of queue order, limits, leaf queues and the operator between Kubernetes and YARN. Translation only. */
import { firstDifference } from '../conformance.ts';
import { afterThirdParties } from '../koordinator/write-gate.ts';
import { yarnNodeResource, yarnUsedAsBatch } from '../koordinator/yarn-copilot.ts';
import { AmActivation } from './am-activation.ts';
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
import { type LeafApplication, type LeafNode, LeafQueue } from './leaf-queue.ts';
import type { QueueSettings, UserUse } from './queue-limits.ts';
import { headroomMb, maxApplications, queueAmLimitMb, userAmLimitMb } from './queue-limits.ts';
import { orderQueues } from './queue-order.ts';

export function checkQueueOrder(entry: Fields): string {
  const queues = recordsAt(entry, 'queues').map((queue) => {
    const absoluteCapacity = numberAt(queue, 'absolute_capacity');
    const used = numberAt(queue, 'used_capacity');
    return {
      name: textAt(queue, 'name'),
      priority: numberAt(queue, 'priority'),
      usedCapacity: absoluteCapacity === 0 ? numberOr(queue, 'absolute_used_capacity', used) : used,
      absoluteCapacity,
      capacity: numberOr(queue, 'capacity', absoluteCapacity),
      accessible: flagAt(queue, 'accessible'),
    };
  });
  const order = orderQueues(queues, textAt(entry, 'partition'), flagAt(entry, 'respect_priority'));
  return firstDifference(
    fieldsAt(entry, 'expect').order,
    order.map(({ name }) => name),
  );
}

function settingsOf(fields: Fields, partitionMb: number, minAllocationMb: number): QueueSettings {
  return {
    partitionMb,
    minAllocationMb,
    absoluteCapacity: numberAt(fields, 'abs_capacity'),
    absoluteMax: numberAt(fields, 'abs_max'),
    minUserLimitPercent: numberAt(fields, 'min_user_limit_pct'),
    userLimitFactor: numberAt(fields, 'user_limit_factor'),
  };
}

export function checkAmLimit(entry: Fields): string {
  const input = fieldsAt(entry, 'input');
  const settings = settingsOf(input, numberAt(input, 'cluster_mb'), numberAt(input, 'min_alloc_mb'));
  const share = numberAt(input, 'max_am_percent');
  const labelled = typeof input.partition === 'string' && input.partition !== '';
  const weight = numberOr(input, 'user_weight', 1);
  return compareExpected(entry, {
    queue_am_limit_mb: queueAmLimitMb(settings, share, labelled),
    user_am_limit_mb: userAmLimitMb(settings, share, labelled, numberAt(input, 'active_users'), weight),
  });
}

export function checkMaxApplications(entry: Fields): string {
  const input = fieldsAt(entry, 'input');
  const ownMax = input.queue_max === undefined || input.queue_max === null ? null : numberAt(input, 'queue_max');
  const { queue, user } = maxApplications(
    ownMax,
    ownMax === null ? numberAt(input, 'system_max') : 0,
    ownMax === null ? numberAt(input, 'abs_capacity') : 0,
    numberAt(input, 'min_user_limit_pct'),
    numberAt(input, 'user_limit_factor'),
  );
  return compareExpected(entry, { queue_max_apps: queue, user_max_apps: user });
}

export function checkActivation(entry: Fields): string {
  const input = fieldsAt(entry, 'input');
  const limits = fieldsAt(input, 'user_am_limit_mb_by_active_users');
  let activeUsers = 1;
  const queue = new AmActivation(
    () => numberAt(input, 'queue_am_limit_mb'),
    () => numberAt(limits, String(activeUsers)),
  );
  const counts = listAt(input, 'steps').map((step) => {
    const [op, ...args] = Array.isArray(step) ? step : [];
    if (op === 'submit') queue.submit(String(args[0]), String(args[1]), Number(args[2]));
    else if (op === 'finish') queue.finish(String(args[0]));
    else if (op === 'active_users') activeUsers = Number(args[0]);
    else throw new Error(`unknown step ${JSON.stringify(step)}`);
    queue.activate();
    return [queue.activeCount, queue.pendingCount];
  });
  return compareExpected(entry, { active_pending_after_each: counts });
}

export function checkHeadroom(entry: Fields): string {
  const input = fieldsAt(entry, 'input');
  const settings = settingsOf(input, numberAt(input, 'cluster_mb'), numberAt(input, 'min_alloc_mb'));
  const used = fieldsAt(input, 'users_used_mb');
  const weights = input.user_weights === undefined ? {} : fieldsAt(input, 'user_weights');
  const users = new Map<string, UserUse>(
    Object.keys(used).map((user) => [
      user,
      { usedMb: numberAt(used, user), weight: numberOr(weights, user, 1), active: true },
    ]),
  );
  const own = users.get(textAt(input, 'user'));
  if (own === undefined) return `user ${String(input.user)} is not among the users`;
  return compareExpected(entry, { headroom_mb: headroomMb(settings, [...users.values()], own) });
}

/** The settings that a step may change, by the name of the case. */
const CHANGEABLE: Readonly<Record<string, keyof QueueSettings>> = {
  abs_capacity: 'absoluteCapacity',
  abs_max: 'absoluteMax',
  min_user_limit_pct: 'minUserLimitPercent',
  user_limit_factor: 'userLimitFactor',
};

export function checkLeafSequence(entry: Fields): string {
  const weights = entry.user_weights === undefined ? {} : fieldsAt(entry, 'user_weights');
  const settings = settingsOf(fieldsAt(entry, 'queue'), numberAt(entry, 'cluster_mb'), numberAt(entry, 'min_alloc_mb'));
  const weightOf = new Map(Object.keys(weights).map((user) => [user, numberAt(weights, user)]));
  const max = entry.max_alloc_mb === undefined ? undefined : numberAt(entry, 'max_alloc_mb');
  const queue = new LeafQueue(settings, weightOf, max);
  const sizes = fieldsAt(entry, 'nodes');
  const nodes = new Map<string, LeafNode>(
    Object.keys(sizes).map((name) => {
      const totalMb = numberAt(sizes, name);
      return [name, { totalMb, freeMb: totalMb, reserved: null }];
    }),
  );
  for (const application of recordsAt(entry, 'apps')) {
    const submitted = queue.submit(textAt(application, 'id'), textAt(application, 'user'));
    if (application.ask !== null) askOf(submitted, application.ask);
  }
  for (const [index, step] of recordsAt(entry, 'steps').entries()) {
    runLeafStep(queue, nodes, step);
    if (step.expect === undefined) continue;
    const got: Record<string, number> = { queue_used: queue.usedMb };
    for (const { id, liveMb } of queue.applications) got[id] = liveMb;
    const difference = compareExpected(step, got);
    if (difference !== '') return `steps[${index}]: ${difference}`;
  }
  return '';
}

function runLeafStep(queue: LeafQueue, nodes: ReadonlyMap<string, LeafNode>, step: Fields): void {
  const nodeOf = (): LeafNode => {
    const node = nodes.get(textAt(step, 'node'));
    if (node === undefined) throw new Error(`unknown node ${String(step.node)}`);
    return node;
  };
  const applicationOf = (): LeafApplication => {
    const application = queue.applications.find(({ id }) => id === step.app);
    if (application === undefined) throw new Error(`unknown application ${String(step.app)}`);
    return application;
  };
  const op = textAt(step, 'op');
  if (op === 'assign') queue.assign(nodeOf());
  else if (op === 'ask') askOf(applicationOf(), step.ask);
  else if (op === 'complete') queue.complete(applicationOf(), nodeOf(), numberAt(step, 'mb'));
  else if (op === 'set') {
    for (const name of Object.keys(step)) {
      if (name === 'op' || name === 'expect') continue;
      const field = CHANGEABLE[name];
      if (field === undefined) throw new Error(`unknown setting "${name}"`);
      queue.settings = { ...queue.settings, [field]: numberAt(step, name) };
    }
  } else throw new Error(`unknown step "${op}"`);
}

function askOf(application: LeafApplication, ask: unknown): void {
  const [mb, count] = Array.isArray(ask) ? ask : [];
  if (typeof mb !== 'number' || typeof count !== 'number')
    throw new Error(`ask ${JSON.stringify(ask)} is not [MB, count]`);
  application.askMb = mb;
  application.outstanding = count;
}

export function checkOperatorConvert(entry: Fields): string {
  const input = fieldsAt(entry, 'input');
  const unit = input.memory_unit ?? 'upstream';
  if (unit !== 'upstream' && unit !== 'mib') return `unknown memory_unit ${JSON.stringify(unit)}`;
  const batch = { milliCpu: numberAt(input, 'batch_cpu_milli'), memBytes: numberAt(input, 'batch_memory_bytes') };
  const { vcores, memoryMb } = yarnNodeResource(batch, undefined, unit === 'upstream');
  return compareExpected(entry, { nm_vcores: vcores, nm_memory_mb: memoryMb });
}

export function checkOperatorReport(entry: Fields): string {
  const input = fieldsAt(entry, 'input');
  const used = { vcores: numberAt(input, 'nm_vcores'), memoryMb: numberAt(input, 'nm_memory_mb') };
  const { milliCpu, memBytes } = yarnUsedAsBatch(used);
  return compareExpected(entry, { batch_cpu_milli: milliCpu, batch_memory_bytes: memBytes });
}

export function checkBatchLeft(entry: Fields): string {
  const input = fieldsAt(entry, 'input');
  const origin = { milliCpu: numberAt(input, 'origin_milli'), memBytes: numberAt(input, 'origin_bytes') };
  const taken = { milliCpu: numberAt(input, 'yarn_milli'), memBytes: numberAt(input, 'yarn_bytes') };
  const left = afterThirdParties(origin, [{ priorityClass: 'koord-batch', resources: taken }]);
  return compareExpected(entry, { k8s_milli: left.milliCpu, k8s_bytes: left.memBytes });
}
