/** Rules of a Mesos control plane that tie fields together, with Mesos' own rules for roles and quotas. */
import { FRAMEWORK_KINDS, knownSettings } from '../sim/planes/mesos/frameworks.ts';
import type { Report } from './checks.ts';
import type { MesosSection } from './resolve-mesos.ts';
import type { Scenario } from './schema.ts';
import { shownValue } from './schema-problems.ts';
import { knownText } from './suggest.ts';

/** Role names as Mesos takes them: path components that do not begin with `-`, and are not `.`, `..` or `*` below a role. */
const ROLE_PATTERN = /^(\*|(?!\.{1,2}(\/|$)|-)[^\s/*]+(\/(?!\.{1,2}(\/|$)|-|\*)[^\s/]+)*)$/;

/** Checks `mesos` against the rest of the scenario. */
export function checkMesos(mesos: MesosSection, scenario: Partial<Scenario>, report: Report): void {
  checkRoles(mesos, scenario, report);
  checkFrameworks(mesos, scenario, report);
  checkIncidents(mesos, report);
  const { kind, cpuRatio, memRatio } = mesos.oversubscription;
  const path = ['controlPlane', 'oversubscription'];
  if (kind !== 'static' && (cpuRatio !== 1 || memRatio !== 1))
    report.error(
      [...path, cpuRatio !== 1 ? 'cpuRatio' : 'memRatio'],
      `is given, but kind is ${kind}; ratios are for static`,
    );
  if (kind === 'revocable' && mesos.variant === '0.2x')
    report.error([...path, 'kind'], 'is revocable, but variant is 0.2x; revocable resources came with Mesos 0.23', [
      ['controlPlane', 'variant'],
    ]);
}

function checkRoles(mesos: MesosSection, { cluster }: Partial<Scenario>, report: Report): void {
  let cpuSum = 0;
  let memSum = 0;
  for (const [name, role] of Object.entries(mesos.roles)) {
    const path = ['controlPlane', 'roles', name];
    if (!ROLE_PATTERN.test(name))
      report.error(path, 'is no role name: Mesos allows no blanks, no leading "-", no "." or ".."');
    for (const resource of ['cpu', 'mem'] as const) {
      const guarantee = role[`${resource}Guarantee`];
      const limit = role[`${resource}Limit`];
      if (limit > 0 && guarantee > limit)
        report.error([...path, `${resource}Guarantee`], 'is above the limit of the role', [
          [...path, `${resource}Limit`],
        ]);
    }
    cpuSum += role.cpuGuarantee;
    memSum += role.memGuarantee;
    const quota = role.cpuGuarantee + role.memGuarantee + role.cpuLimit + role.memLimit > 0;
    if (quota && mesos.variant === '0.2x')
      report.error(path, 'has a quota, but variant is 0.2x; guarantees came with Mesos 0.27, limits with 1.9', [
        ['controlPlane', 'variant'],
      ]);
    if (quota && name.includes('/')) report.error(path, 'has a quota; Mesos takes quotas for top-level roles only');
  }
  if (cluster === undefined) return;
  const hosts = Object.values(cluster.hosts);
  const cpus = hosts.reduce((sum, host) => sum + host.count * host.cpu, 0) * (1 - cluster.reservedCpuPercent / 100);
  const mem = hosts.reduce((sum, host) => sum + host.count * host.memory, 0) * (1 - cluster.reservedMemPercent / 100);
  const uses = [['cluster', 'hosts', '*']];
  if (cpuSum > cpus)
    report.error(
      ['controlPlane', 'roles'],
      `guarantee ${cpuSum / 1000} cores; the agents have ${Math.floor(cpus / 1000)}`,
      uses,
    );
  if (memSum > mem)
    report.error(
      ['controlPlane', 'roles'],
      `guarantee ${memSum / 1024} GiB; the agents have ${Math.floor(mem / 1024)}`,
      uses,
    );
}

function checkFrameworks(mesos: MesosSection, { online, bestEffort }: Partial<Scenario>, report: Report): void {
  const frameworks = Object.entries(mesos.frameworks);
  const path = ['controlPlane', 'frameworks'];
  const marathons = frameworks.filter(([, framework]) => framework.kind === 'marathon');
  if (marathons.length > 1)
    report.error(
      [...path, marathons[1][0], 'kind'],
      `is marathon, as "${marathons[0][0]}" is; one Marathon runs all services`,
    );
  const services = online === undefined ? 0 : Object.keys(online.explicit).length + (online.source === 'none' ? 0 : 1);
  if (services > 0 && marathons.length === 0)
    report.error(path, 'hold no marathon, but there are services; a framework of kind marathon runs them', [
      ['online'],
    ]);
  const known = Object.keys(bestEffort?.populations ?? {});
  const runBy = new Map<string, string>();
  for (const [name, framework] of frameworks) {
    const own = [...path, name];
    if (!ROLE_PATTERN.test(framework.role))
      report.error([...own, 'role'], `is "${framework.role}", no role name of Mesos`);
    framework.populations.forEach((population, index) => {
      const at = [...own, 'populations', index];
      if (framework.kind === 'marathon') report.error(at, `is "${population}", but marathon runs services only`);
      else if (bestEffort !== undefined && !known.includes(population))
        report.error(at, `is "${population}"; known: ${knownText(population, known)}`, [['bestEffort', 'populations']]);
      if (runBy.has(population)) report.error(at, `is "${population}", which "${runBy.get(population)}" runs already`);
      runBy.set(population, name);
    });
    if (
      mesos.oversubscription.kind === 'revocable' &&
      framework.populations.length > 0 &&
      !FRAMEWORK_KINDS[framework.kind].takesRevocable
    )
      report.error(
        [...own, 'kind'],
        `is ${framework.kind}, which cannot take revocable resources; sisyphus, spark-like and storm-like can`,
        [['controlPlane', 'oversubscription', 'kind']],
      );
    checkSettings(own, framework, report);
  }
  for (const [name, { priority }] of Object.entries(bestEffort?.populations ?? {}))
    if (mesos.oversubscription.kind === 'revocable' && (priority < 5000 || priority > 5999))
      report.error(
        ['bestEffort', 'populations', name, 'priority'],
        `is ${priority}; Mesos knows one class of revocable work, 5000 to 5999`,
        [['controlPlane', 'oversubscription', 'kind']],
      );
  for (const population of known)
    if (!runBy.has(population))
      report.error(path, `leave out the population "${population}"; a framework must list it`, [
        ['bestEffort', 'populations'],
      ]);
}

function checkSettings(
  own: readonly string[],
  { kind, settings }: MesosSection['frameworks'][string],
  report: Report,
): void {
  const known = knownSettings(kind);
  const { defaults } = FRAMEWORK_KINDS[kind];
  for (const [name, value] of Object.entries(settings)) {
    const at = [...own, 'settings', name];
    if (!known.includes(name)) report.error(at, `is no setting of ${kind}; known: ${knownText(name, known)}`);
    else if (defaults[name] !== null && value !== null && typeof defaults[name] !== typeof value)
      report.error(at, `is ${shownValue(value)}; expected a ${typeof defaults[name]}`);
  }
}

function checkIncidents(mesos: MesosSection, report: Report): void {
  mesos.incidents.forEach(({ kind, framework }, index) => {
    const path = ['controlPlane', 'incidents', index, 'framework'];
    if (kind === 'master-lost') {
      if (framework !== '') report.error(path, `is "${framework}", but the master is lost; leave it out`);
      return;
    }
    const known = Object.keys(mesos.frameworks);
    const struck = mesos.frameworks[framework];
    if (struck === undefined) report.error(path, `is "${framework}"; known: ${knownText(framework, known)}`);
    else if ((kind === 'store-fails' || kind === 'store-mended') && struck.kind !== 'chronos')
      report.error(path, `is "${framework}" of kind ${struck.kind}; only chronos has a store that fails`);
  });
}
