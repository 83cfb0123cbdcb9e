/**
 * Power curves in closed form, as other simulators have them: watts = idle + (max - idle) f(u), u = utilisation in 0..1.
 *
 * f: constant 1, linear u, sqrt, square, cubic. Published tables need them exactly; the host model's own curve is a table (power.ts).
 * Source: OpenDC's CPU power models.
 */
export const POWER_MODEL = { constant: 0, linear: 1, sqrt: 2, square: 3, cubic: 4 } as const;

export const POWER_MODEL_NAMES = ['constant', 'linear', 'sqrt', 'square', 'cubic'] as const;

/** Watts of a host at utilisation u; u below 0 counts as 0, above 1 as 1. */
export function modelWatts(model: number, idleWatts: number, maxWatts: number, utilisation: number): number {
  const u = utilisation < 0 ? 0 : utilisation < 1 ? utilisation : 1;
  const range = maxWatts - idleWatts;
  if (model === POWER_MODEL.linear) return idleWatts + range * u;
  if (model === POWER_MODEL.sqrt) return idleWatts + range * Math.sqrt(u);
  if (model === POWER_MODEL.square) return idleWatts + range * u * u;
  if (model === POWER_MODEL.cubic) return idleWatts + range * u * u * u;
  return maxWatts;
}
