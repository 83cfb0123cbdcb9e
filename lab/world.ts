/** What two policies must share to be compared: the world they meet. What decides may differ. */
import { createHash } from 'node:crypto';
import { canonicalText, type Plan, withTraceFolders } from '../sim/plan.ts';

/** The sections of a plan that make its world. How the kernel isolates is chosen with the policies: it says who yields, not what comes. */
export function worldOf(plan: Plan): Record<string, unknown> {
  const known = withTraceFolders(plan, () => '');
  const { horizonMs, windowMs, warmUpMs, cluster, online, bestEffort, slo, failures, cost, seed } = known;
  const { isolation: _, ...physics } = known.physics;
  return { horizonMs, windowMs, warmUpMs, cluster, online, bestEffort, physics, slo, failures, cost, seed };
}

/** SHA-256 (hex) of a plan's world. */
export function worldHash(plan: Plan): string {
  return createHash('sha256')
    .update(canonicalText(worldOf(plan)))
    .digest('hex');
}
