/** Tasks and executors the master knows, and what they hold: a task until its latest state is terminal, an executor until it exits. */
import { createRisingMap, risingDelete, risingGet, risingSet, risingValues } from '../base/rising-map.ts';
import type { Allocator } from './allocator.ts';
import type { ExecutorInfo, Offer, RunningExecutor, RunningTask, TaskId, TaskInfo } from './master-messages.ts';
import type { ResourceBag } from './resource-bag.ts';
import { addBags, EMPTY_BAG, selectBag, subtractBags } from './resource-bag.ts';
import type { ResourceCatalog } from './resource-catalog.ts';
import { ResourceFlag } from './resource-catalog.ts';
import { taskProblem } from './validation.ts';

export class TaskBook {
  private readonly byName = new Map<string, RunningTask>();
  private readonly byNumber = createRisingMap<RunningTask>();
  private taken = 0;
  /** Records of tasks that were dropped. */
  private readonly spare: RunningTask[] = [];
  private readonly catalog: ResourceCatalog;
  private readonly allocator: Allocator;
  private readonly executors = new Map<string, RunningExecutor>();

  constructor(catalog: ResourceCatalog, allocator: Allocator) {
    this.catalog = catalog;
    this.allocator = allocator;
  }

  /** A task that was launched or came with its agent; undefined when it was dropped. */
  get(id: TaskId): RunningTask | undefined {
    return typeof id === 'number' ? risingGet(this.byNumber, id) : this.byName.get(id);
  }

  /** Takes in a task that runs already. */
  add(task: RunningTask): void {
    const { id } = task;
    task.order = this.get(id)?.order ?? this.taken++;
    if (typeof id === 'number') risingSet(this.byNumber, id, task);
    else this.byName.set(id, task);
  }

  /** Books a task, and its executor when that is new, out of `left`; what remains, or null when the task is invalid. */
  launch(offer: Offer, info: TaskInfo, left: ResourceBag): ResourceBag | null {
    const { framework, agent, role } = offer;
    const newExecutor = info.executor === null ? null : this.unknownExecutor(offer, info.executor);
    const needs = newExecutor === null ? info.bag : addBags(info.bag, newExecutor.bag);
    const taken = this.get(info.id)?.holds === true;
    if (taskProblem(this.catalog, info.id, taken, needs, left) !== '') return null;
    if (newExecutor !== null) {
      const key = executorKey(agent, framework, newExecutor.id);
      this.executors.set(key, { info: newExecutor, framework, role, agent });
    }
    this.add(this.record(info, offer));
    return subtractBags(left, needs);
  }

  /** Ends a task and gives its resources back once. */
  end(task: RunningTask, state: string): void {
    task.latestState = state;
    if (!task.holds) return;
    task.holds = false;
    this.allocator.recoverResources(task.framework, task.agent, task.role, task.bag, null);
  }

  /** Ends a task whose end is acknowledged at once, and drops it; an unknown one is ignored. */
  close(id: TaskId, state: string): void {
    const task = this.get(id);
    if (task === undefined) return;
    this.end(task, state);
    if (typeof id === 'number') risingDelete(this.byNumber, id);
    else this.byName.delete(id);
    this.spare.push(task);
  }

  /** Tasks that still hold something, of one agent or one framework, in the order in which they were taken in. */
  holding(field: 'agent' | 'framework', id: string): RunningTask[] {
    const all = [...this.byName.values(), ...risingValues(this.byNumber)];
    return all.filter((task) => task.holds && task[field] === id).sort((a, b) => a.order - b.order);
  }

  /** Gives back what the chosen executors hold and ends their tasks; the executors that ended. */
  endExecutors(chosen: (executor: RunningExecutor) => boolean, taskState: string): RunningExecutor[] {
    const ended: RunningExecutor[] = [];
    for (const [key, executor] of [...this.executors]) {
      if (!chosen(executor)) continue;
      this.executors.delete(key);
      ended.push(executor);
      for (const task of this.holding('agent', executor.agent)) {
        const own = task.framework === executor.framework && task.executor?.id === executor.info.id;
        if (own) this.end(task, taskState);
      }
      this.allocator.recoverResources(executor.framework, executor.agent, executor.role, executor.info.bag, null);
    }
    return ended;
  }

  /** Revocable resources allocated to executors of an agent. */
  revocableOn(agent: string): ResourceBag {
    let held = EMPTY_BAG;
    for (const task of this.holding('agent', agent)) held = addBags(held, task.bag);
    for (const executor of this.executors.values()) {
      if (executor.agent === agent) held = addBags(held, executor.info.bag);
    }
    return selectBag(this.catalog, held, ResourceFlag.revocable, 0);
  }

  private record({ id, bag, executor }: TaskInfo, { framework, role, agent }: Offer): RunningTask {
    const latestState = 'TASK_STAGING';
    const task = this.spare.pop();
    if (task === undefined) return { id, bag, executor, framework, role, agent, latestState, holds: true, order: 0 };
    task.id = id;
    task.bag = bag;
    task.executor = executor;
    task.framework = framework;
    task.role = role;
    task.agent = agent;
    task.latestState = latestState;
    task.holds = true;
    return task;
  }

  private unknownExecutor(offer: Offer, executor: ExecutorInfo): ExecutorInfo | null {
    return this.executors.has(executorKey(offer.agent, offer.framework, executor.id)) ? null : executor;
  }
}

function executorKey(agent: string, framework: string, executor: string): string {
  return JSON.stringify([agent, framework, executor]);
}
