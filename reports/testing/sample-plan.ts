/** The part of a plan that reports look at, for made-up results. */

interface SampleShape {
  readonly name: string;
  readonly milliCpu: number;
  readonly memMib: number;
}

/** A plan of `size` with the usual water-lines: sold 60, squeezed 65, evicted 70, refused 65 percent. */
export function samplePlan(
  size: { readonly hosts: number; readonly hours: number; readonly windowMs: number; readonly seed: number },
  warmUpMs: number,
  shapes: readonly SampleShape[],
) {
  return {
    version: 1,
    name: `sample-${size.hosts}`,
    title: `${size.hosts} hosts, online services and best effort (made-up sample)`,
    seed: String(size.seed),
    horizonMs: size.hours * 3_600_000,
    windowMs: size.windowMs,
    warmUpMs,
    cluster: {
      shapes: shapes.map((shape) => ({
        name: shape.name,
        cpuCores: shape.milliCpu / 1000,
        memGib: shape.memMib / 1024,
      })),
    },
    koordinator: {
      enabled: true,
      cpuReclaimThresholdPercent: 60,
      memoryReclaimThresholdPercent: 65,
      cpuSuppressThresholdPercent: 65,
      memoryEvictThresholdPercent: 70,
      loadAwareCpuThresholdPercent: 65,
      loadAwareMemoryThresholdPercent: 95,
    },
    physics: { isolation: 'group-identity', corePlacement: 'core-aware', parameters: { smtContentionRatio: 1.25 } },
    slo: { objectivePercent: 99, targetOverBaseline: 1.5, designLoadPercent: 35 },
    cost: {
      pue: 1.3,
      pricePerKwh: 0.1,
      capexPerHost: 9000,
      lifetimeYears: 4,
      yearlyOverheadPercent: 10,
      currency: 'EUR',
    },
  } as const;
}
