/**
 * Making cpus of different models count alike: normalization of batch cpu, amplification of allocatable.
 *
 * Source: pkg/slo-controller/noderesource/plugins/{cpunormalization,resourceamplification}/plugin.go,
 * apis/extension/{cpu_normalization,node_resource_amplification}.go, pkg/util/resource.go.
 */

export const MIN_RATIO = 1;
export const MAX_RATIO = 5;

/** Ratios of one cpu model by what the BIOS has switched on; undefined = not measured. */
export interface CpuModelRatios {
  readonly base?: number;
  readonly hyperThreads?: number;
  readonly turbo?: number;
  readonly hyperThreadsTurbo?: number;
}

export interface CpuNormalizationConfig {
  readonly enable: boolean;
  readonly defaultRatio?: number;
  readonly models: Readonly<Record<string, CpuModelRatios>>;
}

export interface NodeCpuModel {
  readonly model: string;
  readonly hyperThreads: boolean;
  readonly turbo: boolean;
  /** Node label cpu-normalization-enabled; overrides the configuration when set. */
  readonly enabledLabel?: boolean;
}

/**
 * Normalization ratio of a node; 1 when switched off, undefined when no legal ratio (1.00 to 5.00) is configured.
 *
 * A configured ratio outside the range is an error that leaves the node as it is, not a reason to clamp.
 */
export function normalizationRatio(config: CpuNormalizationConfig, node: NodeCpuModel): number | undefined {
  if (!(node.enabledLabel ?? config.enable)) return 1;
  const ratio = modelRatio(config.models[node.model], node) ?? config.defaultRatio;
  return ratio !== undefined && ratio >= MIN_RATIO && ratio <= MAX_RATIO ? ratio : undefined;
}

function modelRatio(ratios: CpuModelRatios | undefined, node: NodeCpuModel): number | undefined {
  if (node.hyperThreads) return node.turbo ? ratios?.hyperThreadsTurbo : ratios?.hyperThreads;
  return node.turbo ? ratios?.turbo : ratios?.base;
}

/** Whether the annotation is rewritten: never written, or off by more than 0.01. Ratios are published with 2 decimals. */
export function ratioChanged(publishedRatio: number | undefined, ratio: number): boolean {
  return publishedRatio === undefined || Math.abs(publishedRatio - ratio) > 0.01;
}

/**
 * Batch cpu of a node whose cpus count for more.
 *
 *   ceil(trunc(batchMilliCpu * 1000 * ratio) / 1000)          when ratio > 1, else unchanged
 *
 * The amount is a quantity of whole milli-cores, scaled in thousandths and rounded up. Memory is untouched.
 */
export function normalizedBatchCpu(batchMilliCpu: number, ratio: number): number {
  return ratio > 1 ? Math.ceil(Math.trunc(batchMilliCpu * 1000 * ratio) / 1000) : batchMilliCpu;
}

/** Ratio by which allocatable cpu is amplified: configured (1 if not) times normalization. */
export function amplificationRatio(configuredRatio: number | undefined, normalization: number): number {
  return Math.max(1, configuredRatio ?? 1) * Math.max(1, normalization);
}

/** Allocatable the node webhook publishes: trunc(raw * ratio). The capacity stays as it is. */
export function amplifiedAllocatable(rawMilliCpu: number, ratio: number): number {
  return ratio > 1 ? Math.trunc(rawMilliCpu * ratio) : rawMilliCpu;
}

/** Request of a cpu-bound pod as the scheduler counts it on an amplified node: ceil(request * ratio). */
export function amplifiedRequest(requestMilliCpu: number, ratio: number): number {
  return ratio > 1 ? Math.ceil(requestMilliCpu * ratio) : requestMilliCpu;
}
