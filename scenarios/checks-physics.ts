/** Rules of the host physics that tie sections together. */
import type { Report } from './checks.ts';
import type { Scenario } from './schema.ts';

/** What acts on hosts once a window, and so has no place where hosts are shared again at every change. */
const BY_WINDOW = ['memoryRamp'] as const;

export function checkPhysics(scenario: Partial<Scenario>, report: Report): void {
  const { physics, bestEffort } = scenario;
  checkIo(scenario, report);
  checkSoftEviction(scenario, report);
  checkFlaps(scenario, report);
  for (const [name, { execution, kind, gang }] of Object.entries(bestEffort?.populations ?? {})) {
    const path = ['bestEffort', 'populations', name, 'execution'];
    if (execution.shuffle !== 'none' && kind === 'transcode' && bestEffort?.trace === undefined)
      report.error(
        [...path, 'shuffle'],
        `is ${execution.shuffle}; tasks of kind transcode have no stages, so nothing is shuffled`,
        [['bestEffort', 'populations', name, 'kind']],
      );
    if (execution.speculation && (gang !== null || bestEffort?.trace !== undefined))
      report.error(
        [...path, 'speculation'],
        gang === null
          ? 'is true; tasks of a trace are found by number, so none can be copied'
          : 'is true; pods of a gang start together, so none can be copied alone',
        [
          ['bestEffort', 'populations', name, 'gang'],
          ['bestEffort', 'trace'],
        ],
      );
    if (physics?.accounting === 'event' && (execution.shuffle !== 'none' || Object.values(execution).includes(true)))
      report.error(path, 'is set; it needs the physics of windows', [['physics', 'accounting']]);
  }
  if (physics?.accounting !== 'event') return;
  for (const key of BY_WINDOW)
    if (physics[key])
      report.error(['physics', key], 'is true; it needs the physics of windows', [['physics', 'accounting']]);
}

/** Work that asks for a device that no host has is a mistake. */
function checkIo({ cluster, online, bestEffort, physics }: Partial<Scenario>, report: Report): void {
  const hosts = Object.values(cluster?.hosts ?? {}).filter((host) => host.count > 0);
  const askers = [
    ...Object.entries(online?.explicit ?? {}).map(([name, asks]) => [['online', 'explicit', name], asks] as const),
    ...Object.entries(bestEffort?.populations ?? {}).map(
      ([name, asks]) => [['bestEffort', 'populations', name], asks] as const,
    ),
  ];
  for (const [path, asks] of askers)
    for (const [key, device, has] of [
      ['diskIopsPerCore', 'disk', hosts.some((host) => host.disk !== 'none')],
      ['networkMbPerCore', 'network', hosts.some((host) => host.network !== null)],
    ] as const) {
      if (asks[key] === 0) continue;
      if (!has && cluster !== undefined)
        report.error(
          [...path, key],
          `is ${asks[key]}, but no host has a ${device}; give cluster.hosts.<name>.${device}`,
          [['cluster', 'hosts', '*', device]],
        );
      else if (physics?.accounting === 'event')
        report.error([...path, key], 'is set; it needs the physics of windows', [['physics', 'accounting']]);
    }
}

/** As the kubelet refuses to start: a soft threshold needs a grace period; one below the hard threshold never comes to act. */
function checkSoftEviction({ cluster, controlPlane }: Partial<Scenario>, report: Report): void {
  if (cluster === undefined) return;
  const { evictionSoftMemory: soft, evictionHardMemory: hard, evictionSoftGracePeriod: grace } = cluster;
  const path = ['cluster', 'evictionSoftMemory'];
  if (soft === 0) {
    if (grace > 0) report.error(['cluster', 'evictionSoftGracePeriod'], 'is set, but evictionSoftMemory is 0', [path]);
    return;
  }
  if (grace === 0)
    report.error(path, 'is set without evictionSoftGracePeriod; the kubelet does not start without one', [
      ['cluster', 'evictionSoftGracePeriod'],
    ]);
  if (soft <= hard)
    report.error(path, `is ${soft} MiB, not above evictionHardMemory of ${hard} MiB, which acts first`, [
      ['cluster', 'evictionHardMemory'],
    ]);
  if (controlPlane !== undefined && controlPlane.kind !== undefined && controlPlane.kind !== 'kubernetes')
    report.error(path, `is set; under ${controlPlane.kind} no kubelet evicts`, [['controlPlane', 'kind']]);
}

function checkFlaps({ cluster, failures }: Partial<Scenario>, report: Report): void {
  if (cluster === undefined) return;
  const hosts = Object.values(cluster.hosts).reduce((sum, host) => sum + host.count, 0);
  const racks = Math.max(1, Math.ceil(hosts / cluster.hostsPerRack));
  failures?.flaps.forEach((flap, index) => {
    if (flap.rack >= racks)
      report.error(['failures', 'flaps', index, 'rack'], `is ${flap.rack}; racks are numbered 0 to ${racks - 1}`, [
        ['cluster', 'hostsPerRack'],
        ['cluster', 'hosts', '*'],
      ]);
  });
}
