/**
 * The pods' side of LoadAware estimates as columns: what a scheduler adds to the last reports of all hosts.
 *
 * One call a resource after new reports; between reports a bound pod adds its whole estimate to its host's row, and a pod
 * that ends takes back what it added. Row for row the same as sumAssignedPods.
 */

/** Usage of a pod that the last report of its host does not name. */
export const NOT_REPORTED = -1;

/**
 * Adds to each host what its pods will use beyond the last report.
 *
 *   outUsed[h] += max(0, estimate - usage) for pods that are unreported or were bound after reportedAt[h] - interval
 *
 * Shape: pod columns have `pods` rows (`podHost` -1: free row), host columns a row a host; `outUsed` starts as reported
 * usage. `podUsage` is NOT_REPORTED where the report does not name the pod. Units: any, the same for all; ms.
 */
export function addAssignedDeltas(
  pods: number,
  podHost: Int32Array,
  podEstimate: Float64Array,
  podUsage: Float64Array,
  podScheduledAtMs: Float64Array,
  hostReportedAtMs: Float64Array,
  reportIntervalMs: number,
  outUsed: Float64Array,
): void {
  for (let pod = 0; pod < pods; pod++) {
    const host = podHost[pod];
    if (host < 0) continue;
    const usage = podUsage[pod];
    if (usage === NOT_REPORTED) {
      outUsed[host] += podEstimate[pod];
    } else if (hostReportedAtMs[host] - reportIntervalMs < podScheduledAtMs[pod] && podEstimate[pod] > usage) {
      outUsed[host] += podEstimate[pod] - usage;
    }
  }
}

/**
 * Adds the prod side: usage and missing estimates of prod pods.
 *
 *   outProdUsed[h] += usage where pod and report say prod ; + the delta as above ; + the whole estimate where only the
 *   pod says prod but the report names it
 *
 * Shape: as addAssignedDeltas; `podIsProd` and `podReportedAsProd` hold 0 or 1; `outProdUsed` starts as 0, or as system
 * usage where that counts.
 */
export function addProdUsed(
  pods: number,
  podHost: Int32Array,
  podIsProd: Uint8Array,
  podReportedAsProd: Uint8Array,
  podEstimate: Float64Array,
  podUsage: Float64Array,
  podScheduledAtMs: Float64Array,
  hostReportedAtMs: Float64Array,
  reportIntervalMs: number,
  outProdUsed: Float64Array,
): void {
  for (let pod = 0; pod < pods; pod++) {
    const host = podHost[pod];
    if (host < 0 || podIsProd[pod] === 0) continue;
    const usage = podUsage[pod];
    if (usage === NOT_REPORTED || podReportedAsProd[pod] === 0) {
      outProdUsed[host] += podEstimate[pod];
      continue;
    }
    const isTooNew = hostReportedAtMs[host] - reportIntervalMs < podScheduledAtMs[pod];
    outProdUsed[host] += isTooNew && podEstimate[pod] > usage ? podEstimate[pod] : usage;
  }
}
