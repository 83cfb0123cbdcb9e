/** Rules of A/B tests, gray releases, QAE's autoscaler and the exchange of replicas. */
import { checkGrayRelease, splitByWeight } from '../policies/marathon/qae.ts';
import type { Report } from './checks.ts';
import { AUTOSCALE_DEFAULTS } from './defaults.ts';
import { refusalOf } from './problems.ts';
import { DURATION_MS, parseQuantity } from './quantities.ts';
import type { Scenario } from './schema.ts';

type Service = Scenario['online']['explicit'][string];

/** Checks what a service says of its versions. */
export function checkVersions(
  scenario: Partial<Scenario>,
  service: Service,
  path: readonly string[],
  report: Report,
): void {
  checkWeights(service, path, report);
  checkRelease(scenario, service, path, report);
  checkQae(service, path, report);
  const several = service.release !== null ? 'release' : Object.keys(service.versions).length > 0 ? 'versions' : '';
  if (several === '') return;
  if (service.autoscale !== null)
    report.error([...path, several], 'is given, and an autoscaler too; which version it would scale is not defined', [
      [...path, 'autoscale'],
    ]);
  if (service.verticalAutoscale !== null)
    report.error([...path, several], 'is given, and a vertical autoscaler too; it knows services of one version', [
      [...path, 'verticalAutoscale'],
    ]);
  if (scenario.controlPlane?.kind === 'batch')
    report.error([...path, several], 'is given; a batch system runs no services', [['controlPlane', 'kind']]);
}

function checkWeights({ replicas, versions, weight, release }: Service, path: readonly string[], report: Report): void {
  const names = Object.keys(versions);
  if (names.length === 0) {
    if (weight !== 100) report.error([...path, 'weight'], 'is given without versions');
    return;
  }
  if (release !== null)
    report.error([...path, 'release'], 'is given, and versions too; end the A/B test first', [[...path, 'versions']]);
  if (names.includes('next')) report.error([...path, 'versions', 'next'], 'has the name of the version of a release');
  const weights = [weight, ...Object.values(versions).map((version) => version.weight)];
  const counts = refusalOf(() => splitByWeight(replicas, weights));
  if (typeof counts === 'string') {
    report.error([...path, 'versions'], `is refused: ${counts}`);
    return;
  }
  counts.forEach((count, i) => {
    if (count > 0 || weights[i] === 0) return;
    const at = i === 0 ? [...path, 'weight'] : [...path, 'versions', names[i - 1], 'weight'];
    report.error(
      at,
      `is ${weights[i]}, for which there is no replica among ${replicas}; nobody would answer its requests`,
      [[...path, 'replicas']],
    );
  });
}

function checkRelease(
  { horizon }: Partial<Scenario>,
  { release, rollingRestartAt }: Service,
  path: readonly string[],
  report: Report,
): void {
  if (release === null) return;
  const { stages, stage, errorMargin } = release;
  const problem = refusalOf(() =>
    checkGrayRelease({ stagePercents: stages, stageMs: stage, errorMarginPercent: errorMargin }),
  );
  if (typeof problem === 'string') report.error([...path, 'release', 'stages'], `is refused: ${problem}`);
  if (rollingRestartAt.length > 0)
    report.error([...path, 'release'], 'is given, and a rolling restart too; a release starts every replica anew', [
      [...path, 'rollingRestartAt'],
    ]);
  if (horizon !== undefined && release.at >= horizon)
    report.error([...path, 'release', 'at'], 'is after the run has ended', [['horizon']]);
}

function checkQae({ autoscale }: Service, path: readonly string[], report: Report): void {
  if (autoscale === null) return;
  const own = [...path, 'autoscale'];
  const usual = (text: string) => {
    const parsed = parseQuantity(text, DURATION_MS, 0, Number.MAX_SAFE_INTEGER);
    return parsed.ok ? parsed.value : 0;
  };
  const { rules, maxStep, growCooldown, shrinkCooldown, scaleDownStabilisation } = autoscale;
  if (rules === 'qae') {
    if (scaleDownStabilisation !== usual(AUTOSCALE_DEFAULTS.scaleDownStabilisation))
      report.error([...own, 'scaleDownStabilisation'], 'is given, but rules are qae; shrinkCooldown is theirs', [
        [...own, 'rules'],
      ]);
    return;
  }
  const given = [
    ['maxStep', maxStep !== AUTOSCALE_DEFAULTS.maxStep],
    ['growCooldown', growCooldown !== usual(AUTOSCALE_DEFAULTS.growCooldown)],
    ['shrinkCooldown', shrinkCooldown !== usual(AUTOSCALE_DEFAULTS.shrinkCooldown)],
  ] as const;
  for (const [name, isGiven] of given)
    if (isGiven) report.error([...own, name], 'is given, but rules are hpa, which have none', [[...own, 'rules']]);
}
