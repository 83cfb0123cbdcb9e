/** What two policies must share to be compared: the world they meet. What decides may differ. */
import { createHash } from 'node:crypto';
import { canonicalText, type Plan, withTraceFolders } from '../sim/plan.ts';

/** The sections of a plan that make its world. */
export function worldOf(plan: Plan): Record<string, unknown> {
  const { horizonMs, windowMs, warmUpMs, cluster, online, bestEffort, physics, slo, failures, cost, seed } =
    withTraceFolders(plan, () => '');
  return { horizonMs, windowMs, warmUpMs, cluster, online, bestEffort, physics, slo, failures, cost, seed };
}

/** SHA-256 (hex) of a plan's world. */
export function worldHash(plan: Plan): string {
  return createHash('sha256')
    .update(canonicalText(worldOf(plan)))
    .digest('hex');
}
