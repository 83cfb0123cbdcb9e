/** How long a plan takes compared with another: only the order matters, to start the longest first. */
import { MS_PER_WEEK } from '../policies/base/units.ts';
import type { Plan } from '../sim/plan.ts';

/** A best-effort task costs about as much as this many host-windows (placement, start, finish, booking). */
const HOST_WINDOWS_PER_TASK = 40;

/** Host-windows of a run, tasks counted as host-windows. */
export function runCost(plan: Plan): number {
  const hosts = plan.cluster.shapes.reduce((sum, shape) => sum + shape.count, 0);
  const tasks = (plan.bestEffort.tasksPerWeek * plan.horizonMs) / MS_PER_WEEK;
  return (hosts * plan.horizonMs) / plan.windowMs + HOST_WINDOWS_PER_TASK * tasks;
}
