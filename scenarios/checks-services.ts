/** Rules of services written out by hand. */
import type { Report } from './checks.ts';
import { checkGpu } from './checks-gpus.ts';
import { checkHealth } from './checks-health.ts';
import { checkVersions } from './checks-versions.ts';
import { SERVICE_DEFAULTS } from './defaults.ts';
import { DURATION_MS, show } from './quantities.ts';
import type { Scenario } from './schema.ts';

type Host = Scenario['cluster']['hosts'][string];
type Service = Scenario['online']['explicit'][string];

const TOLERATION = /^[^=:\s]+=[^=:\s]*:(NoSchedule|PreferNoSchedule|NoExecute)$/;

export function checkExplicitServices(scenario: Partial<Scenario>, report: Report): void {
  for (const [name, service] of Object.entries(scenario.online?.explicit ?? {})) {
    const path = ['online', 'explicit', name];
    checkShape(service, path, report);
    checkPlace(scenario, service, path, report);
    checkOwnCpus(scenario, service, path, report);
    checkVertical(scenario, name, service, [...path, 'verticalAutoscale'], report);
    checkGpu(scenario, service.gpu, [...path, 'gpu'], report);
    checkVersions(scenario, service, path, report);
    checkHealth(scenario, name, service, path, report);
    service.rollingRestartAt.forEach((atMs, index) => {
      if (scenario.horizon !== undefined && atMs >= scenario.horizon)
        report.error([...path, 'rollingRestartAt', index], `is ${show(atMs, DURATION_MS)}, after the run has ended`, [
          ['horizon'],
        ]);
    });
  }
}

function checkShape(service: Service, path: readonly string[], report: Report): void {
  if (service.cpuLimit > 0 && service.cpuLimit < service.cpuRequest)
    report.error([...path, 'cpuLimit'], `is ${service.cpuLimit}m, below the request of ${service.cpuRequest}m`, [
      [...path, 'cpuRequest'],
    ]);
  const usedMib = (service.memRequest * service.memUsagePercent) / 100;
  if (service.memLimit > 0 && service.memLimit < service.memRequest)
    report.error([...path, 'memLimit'], `is ${service.memLimit} MiB, below the request of ${service.memRequest} MiB`, [
      [...path, 'memRequest'],
    ]);
  else if (service.memLimit > 0 && service.memLimit < usedMib)
    report.error(
      [...path, 'memLimit'],
      `is ${service.memLimit} MiB; a pod uses ${Math.ceil(usedMib)} MiB from its start on and would be killed at once`,
      [[...path, 'memUsagePercent']],
    );
  service.tolerations.forEach((toleration, index) => {
    if (!TOLERATION.test(toleration))
      report.error([...path, 'tolerations', index], `is ${JSON.stringify(toleration)}; expected key=value:Effect`);
  });
  const scale = service.autoscale;
  if (scale === null) return;
  if (scale.minReplicas > scale.maxReplicas)
    report.error(
      [...path, 'autoscale', 'minReplicas'],
      `is ${scale.minReplicas}, above maxReplicas ${scale.maxReplicas}`,
      [[...path, 'autoscale', 'maxReplicas']],
    );
  else if (service.replicas < scale.minReplicas || service.replicas > scale.maxReplicas)
    report.error(
      [...path, 'replicas'],
      `is ${service.replicas}, outside the autoscaler's ${scale.minReplicas} to ${scale.maxReplicas}`,
      [[...path, 'autoscale']],
    );
}

/** LSR and LSE pods need whole CPUs, a scheduler that binds them, hosts with enough of them and no amplification. */
function checkOwnCpus(scenario: Partial<Scenario>, service: Service, path: readonly string[], report: Report): void {
  if (service.qos === 'LS') {
    for (const field of ['cpuBindPolicy', 'cpuExclusivePolicy'] as const)
      if (service[field] !== SERVICE_DEFAULTS[field])
        report.error([...path, field], `is ${service[field]}, but LS pods own no CPUs`, [[...path, 'qos']]);
    return;
  }
  if (service.cpuRequest % 1000 !== 0)
    report.error([...path, 'cpuRequest'], `is ${service.cpuRequest}m; ${service.qos} pods ask for whole CPUs`, [
      [...path, 'qos'],
    ]);
  if (scenario.controlPlane?.kind !== undefined && scenario.controlPlane.kind !== 'kubernetes')
    report.error([...path, 'qos'], `is ${service.qos}; only the Kubernetes control plane binds CPUs`, [
      ['controlPlane', 'kind'],
    ]);
  for (const [name, host] of Object.entries(scenario.cluster?.hosts ?? {}))
    if (host.count > 0 && (host.cpuAmplificationRatio > 1 || host.cpuNormalizationRatio > 1))
      report.error([...path, 'qos'], `is ${service.qos}; CPUs are not bound on hosts that count them otherwise`, [
        ['cluster', 'hosts', name],
      ]);
}

/** Requests move only where a scheduler keeps books of them and nobody else moves them or has taken them for fixed. */
function checkVertical(
  scenario: Partial<Scenario>,
  name: string,
  service: Service,
  path: readonly string[],
  report: Report,
): void {
  const vertical = service.verticalAutoscale;
  if (vertical === null) return;
  const own = path.slice(0, -1);
  if (scenario.controlPlane?.kind !== undefined && scenario.controlPlane.kind !== 'kubernetes')
    report.error(path, 'is set; only the Kubernetes control plane resizes pods', [['controlPlane', 'kind']]);
  if (scenario.physics?.isolation === 'kata')
    report.error(path, 'is set; how a guest is resized with its pod is not modelled', [['physics', 'isolation']]);
  if (service.qos !== 'LS')
    report.error(path, `is set; ${service.qos} pods own whole CPUs, which the kubelet does not resize`, [
      [...own, 'qos'],
    ]);
  if (service.autoscale !== null && vertical.controlled.includes('cpu'))
    report.error(
      [...path, 'controlled'],
      'has cpu, and so has the horizontal autoscaler: the two would chase each other',
      [[...own, 'autoscale']],
    );
  const limit = service.cpuLimit > 0 ? service.cpuLimit : Infinity;
  if (vertical.controlledValues === 'requests-only' && vertical.minCpu > limit)
    report.error([...path, 'minCpu'], `is ${vertical.minCpu}m, above the limit of ${limit}m`, [[...own, 'cpuLimit']]);
  if (vertical.maxCpu > 0 && vertical.minCpu > vertical.maxCpu)
    report.error([...path, 'minCpu'], `is ${vertical.minCpu}m, above maxCpu ${vertical.maxCpu}m`, [
      [...path, 'maxCpu'],
    ]);
  if (vertical.maxMemory > 0 && vertical.minMemory > vertical.maxMemory)
    report.error([...path, 'minMemory'], `is ${vertical.minMemory} MiB, above maxMemory ${vertical.maxMemory} MiB`, [
      [...path, 'maxMemory'],
    ]);
  if (vertical.lowerBoundPercentile > vertical.upperBoundPercentile)
    report.error(
      [...path, 'lowerBoundPercentile'],
      `is ${vertical.lowerBoundPercentile}, above upperBoundPercentile ${vertical.upperBoundPercentile}`,
      [[...path, 'upperBoundPercentile']],
    );
  const { controlPlane } = scenario;
  if (controlPlane === undefined || controlPlane.kind === 'mesos' || controlPlane.kind === 'batch') return;
  for (const [reservation, { services }] of Object.entries(controlPlane.reservations))
    if (services.includes(name))
      report.error(
        path,
        `is set; what reservation ${reservation} holds for the service is as large as its pods are written`,
        [['controlPlane', 'reservations', reservation]],
      );
}

function checkPlace({ cluster }: Partial<Scenario>, service: Service, path: readonly string[], report: Report): void {
  if (cluster === undefined) return;
  const selector = Object.entries(service.nodeSelector);
  const uses = [['cluster', 'hosts']];
  const hosts = Object.values(cluster.hosts).filter((host) => host.count > 0);
  const selected = hosts.filter((host) => selector.every(([key, value]) => host.labels[key] === value));
  if (hosts.length > 0 && selected.length === 0) {
    const wanted = selector.map(([key, value]) => `${key}: ${value}`).join(', ');
    report.error([...path, 'nodeSelector'], `asks for ${wanted}; no host carries that`, uses);
    return;
  }
  const tolerated = selected.filter((host) =>
    host.taints.every((taint) => taint.endsWith(':PreferNoSchedule') || service.tolerations.includes(taint)),
  );
  if (selected.length > 0 && tolerated.length === 0) {
    report.error([...path, 'tolerations'], 'bears the taints of no host that could take the service', uses);
    return;
  }
  const fits = (host: Host) =>
    service.cpuRequest <= host.cpu * (1 - cluster.reservedCpuPercent / 100) &&
    service.memRequest <= host.memory * (1 - cluster.reservedMemPercent / 100);
  if (tolerated.length > 0 && !tolerated.some(fits))
    report.error(
      path,
      `requests ${service.cpuRequest}m and ${service.memRequest} MiB a pod; no host has that much to give`,
      uses,
    );
}
