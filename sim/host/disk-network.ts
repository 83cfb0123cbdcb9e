/**
 * Disk and network of one host: who gets how much of a device, and how long a request waits in front of it.
 *
 * Source: docs/performance-models.md 5.
 */

/**
 * What services get of a device that they share with best effort, the rest of which is best effort's: all of both while they fit, else weighted
 * max-min with weight 1 against `weight`.
 *
 *   min(services, max(room / (1 + weight), room - best effort))
 */
export function serviceShareOfDevice(services: number, bestEffort: number, room: number, weight: number): number {
  const entitled = room / (1 + weight);
  const left = room - bestEffort;
  const most = entitled > left ? entitled : left;
  return services < most ? services : most;
}

/** Wait of a request in front of a device beyond its own time, in the unit of `own`: own x u / (1 - u), so that wait + own = own / (1 - u). */
export function deviceWait(own: number, use: number, cap: number): number {
  const u = use < cap ? use : cap;
  return (own * u) / (1 - u);
}
