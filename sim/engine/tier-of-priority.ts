/** Which of the sold resources a best-effort task asks for, by the band of its Koordinator priority. */
import { TIER } from '../cluster/hosts.ts';

/** mid for 7000..7999, free for 3000..3999, else batch. Where nothing is sold on top of the host, everything is `bestEffortTier`. */
export function tierOfPriority(priority: number, bestEffortTier: number): number {
  if (bestEffortTier !== TIER.batch) return bestEffortTier;
  const band = Math.floor(priority / 1000);
  return band === 7 ? TIER.mid : band === 3 ? TIER.free : TIER.batch;
}
