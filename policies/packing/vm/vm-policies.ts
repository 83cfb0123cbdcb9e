/** The VM placement policies by name. To add one, add its file and its line here. */
import { batchFirstFit } from './batch-first-fit.ts';
import { bestFit } from './best-fit.ts';
import { bestFitThreshold } from './best-fit-threshold.ts';
import { cosineSimilarity } from './cosine-similarity.ts';
import { deltaPerpDistance } from './delta-perp-distance.ts';
import { dotProduct } from './dot-product.ts';
import { firstFit } from './first-fit.ts';
import { l2NormDiff } from './l2-norm-diff.ts';
import { rackAntiAffinity } from './rack-anti-affinity.ts';
import type { VmBatchPolicy, VmPolicy } from './vm-policy.ts';
import { weightedDotProduct } from './weighted-dot-product.ts';
import { worstFit } from './worst-fit.ts';

export const VM_POLICIES: Readonly<Record<string, VmPolicy>> = Object.freeze({
  'first-fit': firstFit,
  'best-fit': bestFit,
  'worst-fit': worstFit,
  'dot-product': dotProduct,
  'weighted-dot-product': weightedDotProduct,
  'l2-norm-diff': l2NormDiff,
  'cosine-similarity': cosineSimilarity,
  'delta-perp-distance': deltaPerpDistance,
  'best-fit-threshold': bestFitThreshold(1),
});

export const VM_BATCH_POLICIES: Readonly<Record<string, VmBatchPolicy>> = Object.freeze({
  'batch-first-fit': batchFirstFit,
  'rack-anti-affinity': rackAntiAffinity,
});

const THRESHOLD = /^best-fit-threshold-(\d+(?:\.\d+)?)$/;

/** The policy of a name: one of the lists, or `best-fit-threshold-0.8` with another bound on use; undefined for any other. */
export function vmPolicyOf(name: string): VmPolicy | VmBatchPolicy | undefined {
  const bound = THRESHOLD.exec(name);
  if (bound !== null) return bestFitThreshold(Number(bound[1]));
  return VM_POLICIES[name] ?? VM_BATCH_POLICIES[name];
}
