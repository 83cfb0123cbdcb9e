/** What a scenario writes about GPUs: the cards of hosts, and what pods ask of them. */
import { z } from 'zod';
import type { GpuRequest } from '../traces/format.ts';
import { GPU_DEFAULTS } from './defaults.ts';
import { count, memory, ratio } from './fields.ts';

/** Cards of a host are kept as a bit mask. */
export const MOST_CARDS = 31;

/** What one pod asks of GPUs. */
export const gpuRequestSchema = z
  .strictObject({
    cards: count('GPUs; a share is of one.', 1, MOST_CARDS).prefault(GPU_DEFAULTS.cards),
    percent: ratio('Core of each GPU; below 100 the GPU is shared (koordinator.sh/gpu-core).', 0.1, 100).prefault(
      GPU_DEFAULTS.percent,
    ),
    memoryPercent: ratio(
      'Memory of each GPU (koordinator.sh/gpu-memory-ratio); when left out, as `percent`.',
      0.1,
      100,
    ).optional(),
    memory: memory(
      'Memory of each GPU as an amount (koordinator.sh/gpu-memory), in place of the percentage.',
      1,
    ).optional(),
    models: z
      .array(z.string().min(1))
      .max(31)
      .describe('Models it may run on, as `gpuModel` of a host; empty = any.')
      .prefault([]),
  })
  .describe('What one pod asks of GPUs.');

export type GpuFields = z.output<typeof gpuRequestSchema>;

/** The request in the units of the plan: milli of a card, bytes. */
export function gpuRequestOf(gpu: GpuFields): GpuRequest {
  return {
    cards: gpu.cards,
    milliPerCard: Math.round(gpu.percent * 10),
    memMilliPerCard: Math.round((gpu.memoryPercent ?? gpu.percent) * 10),
    memBytesPerCard: (gpu.memory ?? 0) * 1_048_576,
    models: [...gpu.models],
  };
}
