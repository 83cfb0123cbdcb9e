/**
 * GPU sharing: a pod asks for percent of a card, or for whole cards.
 *
 * Core and memory are percent of one card: 1..100 is a share, a multiple of 100 is that many whole cards.
 */

import { ConfigError } from '../base/assert.ts';

/** What a pod writes; at most one of the three ways. Percent of one card, bytes, or cards. */
export interface GpuRequestFields {
  /** `nvidia.com/gpu`: whole cards. */
  readonly cards?: number;
  /** `koordinator.sh/gpu`: percent of core and memory alike. */
  readonly gpuPercent?: number;
  readonly corePercent?: number;
  readonly memoryRatioPercent?: number;
  readonly memoryBytes?: number;
}

/** A request spread over cards: `cards` of them, each with these shares. */
export interface GpuRequest {
  readonly cards: number;
  readonly corePercentPerCard: number;
  readonly memoryBytesPerCard: number;
  readonly memoryRatioPercentPerCard: number;
}

/** One card, with what is in use. Percent of the card, bytes. */
export interface GpuCard {
  readonly id: number;
  readonly healthy: boolean;
  readonly memoryBytes: number;
  readonly usedCorePercent: number;
  readonly usedMemoryBytes: number;
}

/** What one pod holds of one card. */
export interface GpuAllocation {
  readonly card: number;
  readonly corePercent: number;
  readonly memoryBytes: number;
  readonly memoryRatioPercent: number;
}

/** Whether the fullest or the emptiest card is taken first. Production: LeastAllocated. */
export type GpuStrategy = 'LeastAllocated' | 'MostAllocated';

function assertShare(percent: number, what: string): void {
  const isShare = percent >= 1 && percent <= 100;
  if (!isShare && !(percent > 100 && percent % 100 === 0))
    throw new ConfigError(`${what} is ${percent} %; write 1 to 100 for a share of a card, or a multiple of 100`);
}

/**
 * Resolves what a pod wrote against the size of a card.
 *
 *   missing bytes = trunc(ratio x card / 100) ; missing ratio = trunc(bytes / card x 100)
 *   core >= 100 : core / 100 cards with a share of everything each ; else one card
 *
 * Throws ConfigError on a percentage above 100 that is no multiple of 100, and on a request without core.
 * Source: Koordinator scheduler, deviceshare.
 */
export function resolveGpuRequest(fields: GpuRequestFields, cardMemoryBytes: number): GpuRequest {
  const whole = fields.cards === undefined ? fields.gpuPercent : fields.cards * 100;
  const core = whole ?? fields.corePercent ?? 0;
  if (core <= 0) throw new ConfigError('a GPU request needs a core percentage, a GPU percentage or a number of cards');
  assertShare(core, 'GPU core');
  const ratio = whole ?? fields.memoryRatioPercent;
  if (ratio !== undefined) assertShare(ratio, 'GPU memory');
  const bytes = whole === undefined ? fields.memoryBytes : undefined;
  const totalBytes = bytes ?? Math.trunc(((ratio ?? 0) * cardMemoryBytes) / 100);
  const totalRatio = ratio ?? Math.trunc((totalBytes / cardMemoryBytes) * 100);
  const cards = core >= 100 ? core / 100 : 1;
  return {
    cards,
    corePercentPerCard: core / cards,
    memoryBytesPerCard: Math.trunc(totalBytes / cards),
    memoryRatioPercentPerCard: Math.trunc(totalRatio / cards),
  };
}

/**
 * Score of a card after it took the request, 0..100: its memory that is free (LeastAllocated) or in use, rounded down.
 *
 * Source: Koordinator scheduler, deviceshare scoring; by default memory is the only resource of a GPU that is weighed.
 */
export function scoreCard(card: GpuCard, request: GpuRequest, strategy: GpuStrategy): number {
  return memoryScore(card.usedMemoryBytes + request.memoryBytesPerCard, card.memoryBytes, strategy);
}

/** Least or most allocated share of `capacity` bytes, 0..100, rounded down; 0 without capacity. */
export function memoryScore(requested: number, capacity: number, strategy: GpuStrategy): number {
  if (capacity === 0 || requested > capacity) return capacity > 0 && strategy === 'MostAllocated' ? 100 : 0;
  const counted = strategy === 'MostAllocated' ? requested : capacity - requested;
  return Math.trunc((counted * 100) / capacity);
}

/**
 * Chooses cards for a request: healthy ones with room, best score first, then smallest id.
 *
 * Returns undefined when there are too few of them.
 */
export function allocateGpu(
  cards: readonly GpuCard[],
  request: GpuRequest,
  strategy: GpuStrategy,
): readonly GpuAllocation[] | undefined {
  const fitting = cards.filter(
    (card) =>
      card.healthy &&
      card.usedCorePercent + request.corePercentPerCard <= 100 &&
      card.usedMemoryBytes + request.memoryBytesPerCard <= card.memoryBytes,
  );
  if (fitting.length < request.cards) return undefined;
  fitting.sort((a, b) => scoreCard(b, request, strategy) - scoreCard(a, request, strategy) || a.id - b.id);
  return fitting.slice(0, request.cards).map((card) => ({
    card: card.id,
    corePercent: request.corePercentPerCard,
    memoryBytes: request.memoryBytesPerCard,
    memoryRatioPercent: request.memoryRatioPercentPerCard,
  }));
}
