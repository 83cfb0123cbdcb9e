/**
 * The settings of a plan that reports mention.
 *
 * A report is drawn from stored results, perhaps of another version: a setting that the plan lacks is null or has the
 * neutral value said below, and whatever is drawn from it is left out.
 */

export interface PlanSettings {
  readonly title: string;
  readonly windowMs: number;
  /** 0 when the plan has none. */
  readonly warmUpMs: number;
  readonly horizonMs: number;
  readonly cpuReclaimPercent: number | null;
  readonly memReclaimPercent: number | null;
  readonly cpuSuppressPercent: number | null;
  readonly memEvictPercent: number | null;
  readonly loadAwareCpuPercent: number | null;
  /** 99 when the plan has none. */
  readonly objectivePercent: number;
  readonly currency: string;
  readonly pue: number | null;
  readonly isolation: string | null;
  /** Coefficients that the plan changed from the parameter table. */
  readonly changedParameters: readonly (readonly [name: string, value: string])[];
}

function at(value: unknown, path: string): unknown {
  let here = value;
  for (const key of path.split('.')) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = (here as Record<string, unknown>)[key];
  }
  return here;
}

function numberAt(plan: unknown, path: string): number | null {
  const value = at(plan, path);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function textAt(plan: unknown, path: string): string | null {
  const value = at(plan, path);
  return typeof value === 'string' ? value : null;
}

/** Reads the settings; `fallbackName` is the title of a plan without one. Water-lines are null where Koordinator is off. */
export function settingsOf(plan: unknown, fallbackName: string): PlanSettings {
  const line = (path: string): number | null => {
    const value = at(plan, 'koordinator.enabled') === false ? null : numberAt(plan, `koordinator.${path}`);
    return value === null || value <= 0 ? null : value;
  };
  const parameters = at(plan, 'physics.parameters');
  return {
    title: textAt(plan, 'title') ?? fallbackName,
    windowMs: numberAt(plan, 'windowMs') ?? 60_000,
    warmUpMs: numberAt(plan, 'warmUpMs') ?? 0,
    horizonMs: numberAt(plan, 'horizonMs') ?? 0,
    cpuReclaimPercent: line('cpuReclaimThresholdPercent'),
    memReclaimPercent: line('memoryReclaimThresholdPercent'),
    cpuSuppressPercent: line('cpuSuppressThresholdPercent'),
    memEvictPercent: line('memoryEvictThresholdPercent'),
    loadAwareCpuPercent: line('loadAwareCpuThresholdPercent'),
    objectivePercent: numberAt(plan, 'slo.objectivePercent') ?? 99,
    currency: textAt(plan, 'cost.currency') ?? '',
    pue: numberAt(plan, 'cost.pue'),
    isolation: textAt(plan, 'physics.isolation'),
    changedParameters:
      typeof parameters === 'object' && parameters !== null
        ? Object.entries(parameters).map(([name, value]) => [name, String(value)] as const)
        : [],
  };
}
