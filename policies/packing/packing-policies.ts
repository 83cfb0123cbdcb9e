/** The GPU packing policies by name. To add one, add its file and its line here. */
import { bestFit } from './gpu/best-fit.ts';
import { dotProduct } from './gpu/dot-product.ts';
import { fragmentationGradient } from './gpu/fragmentation-gradient.ts';
import { gpuClustering } from './gpu/gpu-clustering.ts';
import { gpuPacking } from './gpu/gpu-packing.ts';
import type { PackingPolicy } from './gpu/packing-policy.ts';
import { randomFit } from './gpu/random-fit.ts';

export const PACKING_POLICIES = Object.freeze({
  random: randomFit,
  dotprod: dotProduct,
  'gpu-clustering': gpuClustering,
  'gpu-packing': gpuPacking,
  'best-fit': bestFit,
  fgd: fragmentationGradient,
} satisfies Readonly<Record<string, PackingPolicy>>);
