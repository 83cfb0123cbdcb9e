/** Amounts of the two resources that co-location shares, and the few sums and maxima over them. */

/** CPU in milli-cores and memory in bytes; integers. */
export interface CpuMem {
  readonly milliCpu: number;
  readonly memBytes: number;
}

export const NOTHING: CpuMem = Object.freeze({ milliCpu: 0, memBytes: 0 });

export function addCpuMem(a: CpuMem, b: CpuMem): CpuMem {
  return { milliCpu: a.milliCpu + b.milliCpu, memBytes: a.memBytes + b.memBytes };
}

export function maxCpuMem(a: CpuMem, b: CpuMem): CpuMem {
  return { milliCpu: Math.max(a.milliCpu, b.milliCpu), memBytes: Math.max(a.memBytes, b.memBytes) };
}

/**
 * x scaled by a percent: trunc(x * (percent / 100)), the ratio formed first as a double.
 *
 * Not trunc(x * percent / 100): the two differ by one unit where percent / 100 is not exact.
 * Source: pkg/util/resource.go MultiplyMilliQuant, MultiplyQuant.
 */
export function percentOf(x: number, percent: number): number {
  return Math.trunc(x * (percent / 100));
}
