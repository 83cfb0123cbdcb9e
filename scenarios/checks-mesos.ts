/** Rules of a Mesos control plane that tie fields together, with Mesos' own rules for roles and quotas. */
import { checkConstraint } from '../policies/marathon/constraints.ts';
import { roleProblem } from '../policies/mesos/validation.ts';
import { FRAMEWORK_KINDS, settingProblems } from '../sim/planes/mesos/frameworks.ts';
import type { Report } from './checks.ts';
import { checkChronosJobs } from './checks-chronos.ts';
import { checkUnreachable } from './checks-marathon.ts';
import { checkMesosGpus } from './checks-mesos-gpus.ts';
import { checkOperations } from './checks-mesos-operations.ts';
import { checkQuotas } from './checks-mesos-quotas.ts';
import { checkReservations } from './checks-reservations.ts';
import { checkSpark } from './checks-spark.ts';
import { refusalOf } from './problems.ts';
import { constraintOf, type MesosSection } from './resolve-mesos.ts';
import type { Scenario } from './schema.ts';
import { knownText } from './suggest.ts';

/** Checks `mesos` against the rest of the scenario. */
export function checkMesos(mesos: MesosSection, scenario: Partial<Scenario>, report: Report): void {
  checkQuotas(mesos, scenario, report);
  checkFrameworks(mesos, scenario, report);
  checkClusters(mesos, scenario, report);
  checkNested(mesos, scenario, report);
  checkIncidents(mesos, scenario, report);
  checkMesosGpus(mesos, scenario, report);
  checkChronosJobs(mesos, scenario, report);
  checkReservations(mesos, scenario, report);
  checkUnreachable(mesos, scenario, report);
  checkSpark(mesos, scenario, report);
  checkOperations(mesos, scenario, report);
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

function checkFrameworks(mesos: MesosSection, { online, bestEffort }: Partial<Scenario>, report: Report): void {
  const frameworks = Object.entries(mesos.frameworks);
  const path = ['controlPlane', 'frameworks'];
  const marathons = frameworks.filter(([, framework]) => framework.kind === 'marathon');
  const marathonOf = new Map<string, string>();
  for (const [name, { cluster }] of marathons) {
    const other = marathonOf.get(cluster);
    if (other !== undefined)
      report.error(
        [...path, name, 'kind'],
        `is marathon, as "${other}" is; one Marathon runs all services of a cluster`,
      );
    marathonOf.set(cluster, name);
  }
  const services = online === undefined ? 0 : Object.keys(online.explicit).length + (online.source === 'none' ? 0 : 1);
  if (services > 0 && marathons.length === 0)
    report.error(path, 'hold no marathon, but there are services; a framework of kind marathon runs them', [
      ['online'],
    ]);
  const known = Object.keys(bestEffort?.populations ?? {});
  const runBy = new Map<string, string>();
  for (const [name, framework] of frameworks) {
    const own = [...path, name];
    if (framework.partitionAware && mesos.variant === '0.2x')
      report.error(
        [...own, 'partitionAware'],
        'is true, but variant is 0.2x; partition-aware frameworks came with Mesos 1.1',
        [['controlPlane', 'variant']],
      );
    if (roleProblem(framework.role) !== '')
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
  for (const { path, text, known } of settingProblems(kind, settings))
    report.error(
      [...own, 'settings', ...path],
      known.length === 0 ? text : `${text}${knownText(path.at(-1) ?? '', known)}`,
    );
}

/** Each shape of hosts belongs to one cluster, and each framework registers with one. */
function checkClusters(mesos: MesosSection, { cluster }: Partial<Scenario>, report: Report): void {
  const names = Object.keys(mesos.clusters);
  const shapes = Object.keys(cluster?.hosts ?? {});
  const owner = new Map<string, string>();
  for (const [name, { hosts }] of Object.entries(mesos.clusters))
    hosts.forEach((shape, index) => {
      const at = ['controlPlane', 'clusters', name, 'hosts', index];
      if (cluster !== undefined && !shapes.includes(shape))
        report.error(at, `is "${shape}"; known: ${knownText(shape, shapes)}`, [['cluster', 'hosts']]);
      if (owner.has(shape)) report.error(at, `is "${shape}", which is in cluster "${owner.get(shape)}" already`);
      owner.set(shape, name);
    });
  for (const shape of names.length > 0 ? shapes : [])
    if (!owner.has(shape))
      report.error(['controlPlane', 'clusters'], `leave out the hosts "${shape}"`, [['cluster', 'hosts']]);
  for (const [name, framework] of Object.entries(mesos.frameworks)) {
    const at = ['controlPlane', 'frameworks', name, 'cluster'];
    if (names.length === 0 && framework.cluster !== '')
      report.error(at, `is "${framework.cluster}", but there are no clusters`);
    if (names.length > 0 && !names.includes(framework.cluster))
      report.error(at, `is "${framework.cluster}"; known: ${knownText(framework.cluster, names)}`);
  }
}

/** Nested schedulers are services of one replica; queues spill to frameworks that run tasks. */
function checkNested(mesos: MesosSection, { online }: Partial<Scenario>, report: Report): void {
  const services = online?.explicit;
  const single = (at: (string | number)[], service: string): void => {
    if (services === undefined) return;
    const known = Object.keys(services);
    if (services[service] === undefined)
      report.error(at, `is "${service}"; known: ${knownText(service, known)}`, [['online', 'explicit']]);
    else if (services[service].replicas !== 1)
      report.error(at, `is "${service}" of ${services[service].replicas} replicas; a scheduler has one`, [
        ['online', 'explicit', service],
      ]);
  };
  for (const [name, framework] of Object.entries(mesos.frameworks)) {
    const own = ['controlPlane', 'frameworks', name];
    const root = framework.kind === 'root-framework';
    if (!root && framework.services.length > 0)
      report.error(
        [...own, 'services'],
        `are given, but kind is ${framework.kind}; only root-framework lists services`,
      );
    if (root && framework.populations.length > 0)
      report.error([...own, 'populations'], 'are given, but kind is root-framework, which runs services');
    framework.services.forEach((service, index) => {
      single([...own, 'services', index], service);
    });
    const known = Object.keys(services ?? {});
    for (const [service, rules] of Object.entries(framework.constraints)) {
      const at = [...own, 'constraints', service];
      if (framework.kind !== 'marathon')
        report.error(at, `are given, but kind is ${framework.kind}; only marathon places by them`);
      if (services !== undefined && services[service] === undefined)
        report.error(at, `is no service; known: ${knownText(service, known)}`, [['online', 'explicit']]);
      rules.forEach((rule, index) => {
        const problem = refusalOf(() => checkConstraint(constraintOf(rule)));
        if (typeof problem === 'string') report.error([...at, index], `is "${rule}": ${problem}`);
      });
    }
    if (framework.scheduler !== '') single([...own, 'scheduler'], framework.scheduler);
    if (framework.spillAtQueue > 0 && framework.spillTo.length === 0)
      report.error([...own, 'spillAtQueue'], 'is given without spillTo');
    framework.spillTo.forEach((other, index) => {
      const at = [...own, 'spillTo', index];
      const target = mesos.frameworks[other];
      if (target === undefined || other === name)
        report.error(
          at,
          `is "${other}"; known: ${knownText(
            other,
            Object.keys(mesos.frameworks).filter((it) => it !== name),
          )}`,
        );
      else if (target.kind === 'marathon' || target.kind === 'root-framework')
        report.error(at, `is "${other}" of kind ${target.kind}, which runs no tasks`);
    });
  }
}

/** Nodes that disagree believe in nodes there are, for a while. */
function checkLeaders(
  { kind, believed, lasts }: MesosSection['incidents'][number],
  own: readonly (string | number)[],
  report: Report,
): void {
  if (kind !== 'leaders-disagree') {
    if (believed.length > 0) report.error([...own, 'believed'], `is given, but kind is ${kind}`);
    return;
  }
  if (believed.length === 0) report.error([...own, 'believed'], 'is empty; it names the leader each node believes in');
  if (lasts === 0) report.error([...own, 'lasts'], 'is 0; leaders disagree for a while');
  believed.forEach((leader, node) => {
    if (leader >= believed.length)
      report.error([...own, 'believed', node], `is ${leader}; the nodes are 0 to ${believed.length - 1}`);
  });
}

function checkIncidents(mesos: MesosSection, { cluster }: Partial<Scenario>, report: Report): void {
  const hostCount = Object.values(cluster?.hosts ?? {}).reduce((sum, { count }) => sum + count, 0);
  const clusters = Object.keys(mesos.clusters);
  mesos.incidents.forEach((incident, index) => {
    const { kind, framework } = incident;
    const own = ['controlPlane', 'incidents', index];
    const path = [...own, 'framework'];
    const ofHosts = kind === 'partition' || kind === 'maintenance';
    if (ofHosts && incident.hosts.length === 0) report.error([...own, 'hosts'], `is empty; a ${kind} names its hosts`);
    if (ofHosts && incident.lasts === 0) report.error([...own, 'lasts'], `is 0; a ${kind} lasts a while`);
    const split = kind === 'leaders-disagree';
    if (!ofHosts && incident.hosts.length > 0) report.error([...own, 'hosts'], `is given, but kind is ${kind}`);
    if (!ofHosts && !split && incident.lasts > 0) report.error([...own, 'lasts'], `is given, but kind is ${kind}`);
    checkLeaders(incident, own, report);
    if (kind !== 'maintenance' && incident.notice > 0)
      report.error([...own, 'notice'], `is given, but kind is ${kind}`);
    if (incident.notice > incident.at) report.error([...own, 'notice'], 'is longer than the time before the window');
    incident.hosts.forEach((host, at) => {
      if (cluster !== undefined && host >= hostCount)
        report.error([...own, 'hosts', at], `is ${host}; the hosts are 0 to ${hostCount - 1}`, [['cluster', 'hosts']]);
    });
    if (kind === 'master-lost' || ofHosts) {
      if (framework !== '')
        report.error(
          path,
          `is "${framework}", but ${ofHosts ? 'hosts are struck' : 'the master is lost'}; leave it out`,
        );
      if (kind === 'master-lost' && clusters.length > 0 && !clusters.includes(incident.cluster))
        report.error([...own, 'cluster'], `is "${incident.cluster}"; known: ${knownText(incident.cluster, clusters)}`);
      return;
    }
    const known = Object.keys(mesos.frameworks);
    const struck = mesos.frameworks[framework];
    if (struck === undefined) report.error(path, `is "${framework}"; known: ${knownText(framework, known)}`);
    else if (split && struck.kind !== 'chronos' && struck.kind !== 'sisyphus')
      report.error(path, `is "${framework}" of kind ${struck.kind}; chronos and sisyphus redirect among their nodes`);
    else if ((kind === 'store-fails' || kind === 'store-mended') && struck.kind !== 'chronos')
      report.error(path, `is "${framework}" of kind ${struck.kind}; only chronos has a store that fails`);
  });
}
