/** What no single field can know: rules that tie fields together. Errors stop the run, notes are told. */
import { MS_PER_HOUR } from '../policies/base/units.ts';
import { checkBestEffort } from './checks-load.ts';
import { checkMesos } from './checks-mesos.ts';
import { checkPhysics } from './checks-physics.ts';
import { checkScheduling } from './checks-scheduling.ts';
import { checkExplicitServices } from './checks-services.ts';
import { estimateMemoryBytes, LIMITS } from './limits.ts';
import { covered, type ParsedScenario, touchesLeftOut } from './parse-scenario.ts';
import { type PathKey, type Problem, pathText } from './problems.ts';
import { DURATION_MS, show } from './quantities.ts';
import type { Scenario } from './schema.ts';
import { checkBatch } from './schema-batch.ts';
import { hasPath, type MapNode, placeAt } from './source-tree.ts';
import { knownText } from './suggest.ts';

/** Where a check tells what it found. `uses` names further values it looked at, `*` standing for any key. */
export interface Report {
  readonly error: (path: readonly PathKey[], text: string, uses?: readonly (readonly PathKey[])[]) => void;
  readonly note: (text: string) => void;
}

/** Names that only other rooms know; null where the caller does not say. */
export interface Known {
  readonly policies: readonly string[] | null;
  readonly parameters: Readonly<Record<string, readonly [low: number, high: number]>> | null;
}

/** Runs every check whose sections could be read; nothing is said about values already reported as unreadable. */
export function checkScenario(
  parsed: ParsedScenario,
  tree: MapNode,
  known: Known,
  problems: Problem[],
  notes: string[],
): void {
  const report: Report = {
    error: (path, text, uses = []) => {
      if (covered(parsed.leftOut, path) || uses.some((used) => touchesLeftOut(parsed.leftOut, used))) return;
      const candidates = path.length === 0 ? uses : [path, ...uses];
      const written = candidates.find((used) => hasPath(tree, used)) ?? path;
      problems.push({ place: placeAt(tree, written), path: pathText(path), text });
    },
    note: (text) => {
      notes.push(text);
    },
  };
  const scenario = parsed.sections;
  checkTime(scenario, report);
  checkCluster(scenario, report);
  checkOnline(scenario, report);
  checkExplicitServices(scenario, report);
  checkBestEffort(scenario, report);
  checkKoordinator(scenario, report);
  checkControlPlane(scenario, report);
  checkScheduling(scenario, report);
  checkPhysics(scenario, report);
  checkPolicies(scenario, known.policies, report);
  checkParameters(scenario, known.parameters, report);
  checkSize(scenario, report);
}

function checkTime({ horizon, window, warmUp }: Partial<Scenario>, report: Report): void {
  const time = (ms: number) => show(ms, DURATION_MS);
  if (window !== undefined && MS_PER_HOUR % window !== 0)
    report.error(
      ['window'],
      `is ${time(window)}; an hour must be a whole number of windows, as with 1s, 10s, 60s or 5m`,
    );
  if (horizon !== undefined && window !== undefined) {
    if (window > horizon)
      report.error(['window'], `is ${time(window)}, longer than the horizon of ${time(horizon)}`, [['horizon']]);
    else if (horizon % window !== 0)
      report.error(['horizon'], `is ${time(horizon)}; it must be a whole number of windows of ${time(window)}`, [
        ['window'],
      ]);
  }
  if (horizon !== undefined && warmUp !== undefined && warmUp >= horizon)
    report.error(['warmUp'], `is ${time(warmUp)}; it must end before the horizon of ${time(horizon)}`, [['horizon']]);
}

function checkCluster({ cluster, failures, controlPlane }: Partial<Scenario>, report: Report): void {
  if (cluster === undefined) return;
  const hosts = Object.entries(cluster.hosts);
  if (hosts.length > LIMITS.hostShapes.max)
    report.error(
      ['cluster', 'hosts'],
      `holds ${hosts.length} shapes; at most ${LIMITS.hostShapes.max}: ${LIMITS.hostShapes.why}`,
    );
  const total = hosts.reduce((sum, [, host]) => sum + host.count, 0);
  if (total === 0)
    report.error(['cluster', 'hosts'], 'has no host; give at least one shape with a count of 1 or more', [
      ['cluster', 'hosts', '*'],
    ]);
  if (total > LIMITS.hosts.max)
    report.error(['cluster', 'hosts'], `has ${total} hosts; at most ${LIMITS.hosts.max}: ${LIMITS.hosts.why}`);
  failures?.blackHoles.forEach((hole, index) => {
    if (hole.services && controlPlane !== undefined && controlPlane.kind !== 'mesos')
      report.error(
        ['failures', 'blackHoles', index, 'services'],
        'is true; only Marathon starts a failed replica anew after a back-off, a kubelet restarts its container in place',
        [['controlPlane', 'kind']],
      );
    if (hole.host >= total)
      report.error(['failures', 'blackHoles', index, 'host'], `is ${hole.host}; hosts are numbered 0 to ${total - 1}`, [
        ['cluster', 'hosts', '*'],
      ]);
  });
  failures?.outages.forEach((outage, index) => {
    if (outage.host >= total)
      report.error(['failures', 'outages', index, 'host'], `is ${outage.host}; hosts are numbered 0 to ${total - 1}`, [
        ['cluster', 'hosts', '*'],
      ]);
  });
  for (const [name, host] of hosts) {
    const path = ['cluster', 'hosts', name];
    const cores = host.cpu / 1000;
    if (!Number.isInteger(cores)) report.error([...path, 'cpu'], `is ${host.cpu}m; a host has a whole number of cores`);
    else if (cores % host.threadsPerCore !== 0)
      report.error([...path, 'cpu'], `is ${cores} cores, no multiple of its ${host.threadsPerCore} threads per core`, [
        [...path, 'threadsPerCore'],
      ]);
    else if ((cores / host.threadsPerCore) % host.numaNodes !== 0)
      report.error(
        [...path, 'numaNodes'],
        `is ${host.numaNodes}; the ${cores / host.threadsPerCore} physical cores do not divide over that many`,
        [
          [...path, 'cpu'],
          [...path, 'threadsPerCore'],
        ],
      );
    if (host.maxPower < host.idlePower)
      report.error([...path, 'maxPower'], `is ${host.maxPower}W, below the idle power of ${host.idlePower}W`, [
        [...path, 'idlePower'],
      ]);
  }
  for (const resource of ['Cpu', 'Mem'] as const) {
    const system = cluster[`system${resource}Percent`];
    const reserved = cluster[`reserved${resource}Percent`];
    if (system + reserved >= 100)
      report.error(
        ['cluster', `reserved${resource}Percent`],
        `is ${reserved} % and the system uses ${system} %; together they must leave something of the host`,
        [['cluster', `system${resource}Percent`]],
      );
  }
}

function checkOnline({ online, cluster }: Partial<Scenario>, report: Report): void {
  if (online === undefined) return;
  if (online.trace !== undefined && online.source !== 'replay')
    report.error(['online', 'trace'], `is set, but source is ${online.source}; only source: replay reads it`, [
      ['online', 'source'],
    ]);
  if (online.source === 'none') {
    if (Object.keys(online.explicit).length === 0)
      report.note('online.source is none and no explicit service is given: nothing but best effort runs');
    return;
  }
  if (online.limitOverRequest > 0 && online.limitOverRequest < 1)
    report.error(
      ['online', 'limitOverRequest'],
      `is ${online.limitOverRequest}; a limit below the request is refused by Kubernetes`,
    );
  if (online.startDay > 6 && online.trace === undefined)
    report.error(
      ['online', 'startDay'],
      `is ${online.startDay}; must be at most 6, Sunday, unless a trace is replayed`,
    );
  // A trace says how many services there are and what they request.
  if (online.trace !== undefined) return;
  if (online.services === 0)
    report.error(
      ['online', 'services'],
      `is 0, but source is ${online.source}; use source: none for no generated services`,
    );
  if (online.pods < online.services)
    report.error(
      ['online', 'pods'],
      `is ${online.pods}, fewer than the ${online.services} services: each needs a pod`,
      [['online', 'services']],
    );
  for (const [field, reservedField] of [
    ['cpuRequestPercent', 'reservedCpuPercent'],
    ['memRequestPercent', 'reservedMemPercent'],
  ] as const) {
    if (online[field] === 0) report.error(['online', field], 'is 0 %; generated services must request something');
    const reserved = cluster?.[reservedField] ?? 0;
    if (online[field] + reserved > 100)
      report.error(
        ['online', field],
        `is ${online[field]} %, but ${reserved} % is reserved: at most ${100 - reserved} % can be requested`,
        [['cluster', reservedField]],
      );
  }
}

function checkKoordinator({ koordinator }: Partial<Scenario>, report: Report): void {
  if (koordinator === undefined) return;
  const k = koordinator;
  const path = (field: keyof typeof k) => ['koordinator', field];
  for (const field of ['cpuReclaimThresholdPercent', 'memoryReclaimThresholdPercent'] as const)
    if (k[field] > 100)
      report.note(
        `koordinator.${field} is ${k[field]}: Koordinator accepts more than 100 and then sells more than the host has`,
      );
  const off = Object.entries(k.quirks).filter(([, on]) => !on);
  if (off.length > 0)
    report.note(
      `koordinator.quirks: ${off.map(([name]) => name).join(', ')} off: this acts as meant, not as production does`,
    );
  if (k.memoryEvictLowerPercent !== null && k.memoryEvictLowerPercent >= k.memoryEvictThresholdPercent)
    report.error(
      path('memoryEvictLowerPercent'),
      `is ${k.memoryEvictLowerPercent}; it must be below memoryEvictThresholdPercent ${k.memoryEvictThresholdPercent}, or nothing is ever evicted`,
      [path('memoryEvictThresholdPercent')],
    );
  const lower = k.cpuEvictSatisfactionLowerPercent;
  const upper = k.cpuEvictSatisfactionUpperPercent;
  if ((lower === null) !== (upper === null))
    report.error(
      path(lower === null ? 'cpuEvictSatisfactionLowerPercent' : 'cpuEvictSatisfactionUpperPercent'),
      'is not set although its partner is; Koordinator needs both (or neither, which turns eviction by satisfaction off)',
      [path('cpuEvictSatisfactionLowerPercent'), path('cpuEvictSatisfactionUpperPercent')],
    );
  if (lower !== null && upper !== null && upper < lower)
    report.error(
      path('cpuEvictSatisfactionUpperPercent'),
      `is ${upper}, below cpuEvictSatisfactionLowerPercent ${lower}`,
      [path('cpuEvictSatisfactionLowerPercent')],
    );
  if (k.cpuSuppressMinPercent !== null && k.cpuSuppressMinPercent > k.cpuSuppressThresholdPercent)
    report.note(
      `koordinator.cpuSuppressMinPercent ${k.cpuSuppressMinPercent} is above cpuSuppressThresholdPercent ${k.cpuSuppressThresholdPercent}: best effort is never squeezed below the former`,
    );
  if (k.aggregate < k.report)
    report.error(
      path('aggregate'),
      `is ${show(k.aggregate, DURATION_MS)}, shorter than the report period of ${show(k.report, DURATION_MS)}`,
      [path('report')],
    );
}

function checkControlPlane(scenario: Partial<Scenario>, report: Report): void {
  const { controlPlane, koordinator, physics } = scenario;
  if (controlPlane === undefined) return;
  checkBatch(scenario, report);
  if (controlPlane.kind === 'batch') return;
  if (controlPlane.kind === 'mesos') {
    checkMesos(controlPlane, scenario, report);
    return;
  }
  const { initialBackoff, maxBackoff } = controlPlane;
  if (maxBackoff < initialBackoff)
    report.error(
      ['controlPlane', 'maxBackoff'],
      `is ${show(maxBackoff, DURATION_MS)}, shorter than initialBackoff ${show(initialBackoff, DURATION_MS)}`,
      [['controlPlane', 'initialBackoff']],
    );
  if (controlPlane.fitWeight + controlPlane.loadAwareWeight + controlPlane.spreadWeight === 0)
    report.note('all score weights of the control plane are 0: ties are broken by host number alone');
  if (koordinator?.enabled === false && physics?.isolation === 'group-identity')
    report.note(
      'koordinator is off but physics.isolation is group-identity: hosts isolate although nothing protects them',
    );
}

function checkParameters({ physics }: Partial<Scenario>, known: Known['parameters'], report: Report): void {
  if (physics === undefined || known === null) return;
  for (const [name, value] of Object.entries(physics.parameters)) {
    const path = ['physics', 'parameters', name];
    const range = Object.hasOwn(known, name) ? known[name] : undefined;
    if (range === undefined)
      report.error(path, `is an unknown coefficient; known: ${knownText(name, Object.keys(known))}`);
    else if (value < range[0] || value > range[1])
      report.error(path, `is ${value}; its range is ${range[0]} to ${range[1]}`);
  }
}

function checkPolicies({ policies }: Partial<Scenario>, known: readonly string[] | null, report: Report): void {
  if (policies === undefined) return;
  const seen = new Set<string>();
  policies.forEach((policy, index) => {
    const path = ['policies', index, 'name'];
    if (known !== null && !known.includes(policy.name)) {
      const sorted = [...known].sort();
      report.error(path, `is ${JSON.stringify(policy.name)}; known: ${knownText(policy.name, sorted)}`);
    }
    if (seen.has(policy.name)) report.error(path, `is ${JSON.stringify(policy.name)}, which is listed already`);
    seen.add(policy.name);
  });
}

function checkSize({ cluster, online, bestEffort, horizon, window }: Partial<Scenario>, report: Report): void {
  if (!cluster || !online || !bestEffort || horizon === undefined || window === undefined) return;
  const generated = online.source !== 'none' && online.trace === undefined;
  const explicit = Object.values(online.explicit);
  const explicitPods = explicit.reduce(
    (sum, service) => sum + Math.max(service.replicas, service.autoscale?.maxReplicas ?? 0),
    0,
  );
  const bytes = estimateMemoryBytes({
    hosts: Object.values(cluster.hosts).reduce((sum, host) => sum + host.count, 0),
    pods: (generated ? online.pods : 0) + explicitPods,
    services: (generated ? online.services : 0) + explicit.length,
    tasksPerWeek: bestEffort.tasksPerWeek,
    windows: horizon / window,
  });
  const gib = (value: number) => `${(value / 1024 ** 3).toFixed(1)} GiB`;
  if (bytes > LIMITS.memoryBytes.max)
    report.error(
      [],
      `would need about ${gib(bytes)} of memory; limit ${gib(LIMITS.memoryBytes.max)}: ${LIMITS.memoryBytes.why}`,
      [['horizon'], ['window'], ['cluster'], ['online'], ['bestEffort']],
    );
  else if (bytes > 1024 ** 3) report.note(`the run is expected to need about ${gib(bytes)} of memory`);
}
