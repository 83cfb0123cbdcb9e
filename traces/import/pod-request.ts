/**
 * What the scheduler counts for a pod, and what holds it back.
 *
 *   sidecars: init containers with restartPolicy Always, which keep running
 *   init peak = max over the other init containers of (own + sidecars started before it)
 *   request = max(sum of containers + all sidecars, init peak) + overhead
 *
 * per resource. A container without a request counts its limit, as the API server would fill it in. Requests of the pod as a whole
 * (spec.resources) replace the sum over containers. Source: Kubernetes component-helpers resource.PodRequests.
 */
import { asList, type Located, memberAt, textOr } from './json-access.ts';
import { parseQuantity } from './quantity.ts';

/** Resource of a container under requests, else limits, else 0. */
function containerRequest(container: Located, resource: string): number {
  for (const kind of ['requests', 'limits']) {
    const quantity = quantityAt(memberAt(container, 'resources', kind, resource));
    if (quantity !== null) return quantity;
  }
  return 0;
}

/** Effective request of a pod `spec` for one resource, in its base unit. */
export function effectiveRequest(spec: Located, resource: string): number {
  let containers = 0;
  for (const container of asList(memberAt(spec, 'containers'))) containers += containerRequest(container, resource);
  let sidecars = 0;
  let initPeak = 0;
  for (const container of asList(memberAt(spec, 'initContainers'), true)) {
    const own = containerRequest(container, resource);
    if (textOr(memberAt(container, 'restartPolicy'), '') === 'Always') {
      sidecars += own;
      initPeak = Math.max(initPeak, sidecars);
    } else initPeak = Math.max(initPeak, own + sidecars);
  }
  const extra = quantityAt(memberAt(spec, 'overhead', resource)) ?? 0;
  const whole = quantityAt(memberAt(spec, 'resources', 'requests', resource));
  if (whole !== null) return whole + extra;
  return Math.max(containers + sidecars, initPeak) + extra;
}

/**
 * Limit of a pod that runs for one resource, in its base unit: that of the pod as a whole, else the sum over containers and sidecars; NaN when one of
 * them has none, because then nothing holds the pod back. Overhead is added, as kubelet adds it to the pod's quota.
 */
export function effectiveLimit(spec: Located, resource: string): number {
  const overhead = quantityAt(memberAt(spec, 'overhead', resource)) ?? 0;
  const whole = quantityAt(memberAt(spec, 'resources', 'limits', resource));
  if (whole !== null) return whole + overhead;
  const sidecars = asList(memberAt(spec, 'initContainers'), true).filter(
    (container) => textOr(memberAt(container, 'restartPolicy'), '') === 'Always',
  );
  let sum = overhead;
  for (const container of [...asList(memberAt(spec, 'containers')), ...sidecars])
    sum += quantityAt(memberAt(container, 'resources', 'limits', resource)) ?? Number.NaN;
  return sum;
}

/** The quantity, null when there is none. */
function quantityAt(located: Located): number | null {
  return located.value === undefined || located.value === null ? null : parseQuantity(located.value, located.where);
}
