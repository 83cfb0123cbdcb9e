/**
 * What the scheduler counts for a pod.
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
    const located = memberAt(container, 'resources', kind, resource);
    if (located.value !== undefined && located.value !== null) return parseQuantity(located.value, located.where);
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
  const overhead = memberAt(spec, 'overhead', resource);
  const extra =
    overhead.value === undefined || overhead.value === null ? 0 : parseQuantity(overhead.value, overhead.where);
  const whole = memberAt(spec, 'resources', 'requests', resource);
  if (whole.value !== undefined && whole.value !== null) return parseQuantity(whole.value, whole.where) + extra;
  return Math.max(containers + sidecars, initPeak) + extra;
}
