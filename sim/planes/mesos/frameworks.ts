/** Which framework of the plan is which policy, with its settings: upstream's defaults, then what the plan changes. */
import { ConfigError } from '../../../policies/base/assert.ts';
import { chronosFramework } from '../../../policies/chronos/framework.ts';
import { CHRONOS_DEFAULTS } from '../../../policies/chronos/state.ts';
import type { Framework } from '../../../policies/framework.ts';
import { marathonFramework } from '../../../policies/marathon/framework.ts';
import { MARATHON_DEFAULTS } from '../../../policies/marathon/state.ts';
import { ROOT_DEFAULTS, rootFramework } from '../../../policies/root-framework/framework.ts';
import { SISYPHUS_DEFAULTS, sisyphusFramework } from '../../../policies/sisyphus/framework.ts';
import { SPARK_DEFAULTS, sparkLikeFramework } from '../../../policies/spark-like/framework.ts';
import { STORM_DEFAULTS, stormLikeFramework } from '../../../policies/storm-like/framework.ts';
import type { MesosFrameworkPlan } from '../../plan/mesos.ts';

export type FrameworkKind = MesosFrameworkPlan['kind'];

/** A framework whose state and settings only it can read. */
export type AnyFramework = Framework<unknown, unknown>;

interface KindOfFramework {
  readonly framework: AnyFramework;
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Its tasks are replicas of services, not tasks of populations. */
  readonly runsServices: boolean;
  /** Can be told to take revocable CPU. */
  readonly takesRevocable: boolean;
  /** Tells its works apart by number alone, so that works of one shape may be one record. */
  readonly sharesWork?: true;
  /** Priority lanes: the setting that counts them, or null. */
  readonly lanesSetting: string | null;
}

/** The engine alone counts attempts and gives a task up, so a framework never does. */
const RETRY_ALWAYS = 1_000_000;

export const FRAMEWORK_KINDS: Readonly<Record<FrameworkKind, KindOfFramework>> = {
  marathon: {
    runsServices: true,
    framework: marathonFramework as unknown as AnyFramework,
    defaults: MARATHON_DEFAULTS as unknown as Readonly<Record<string, unknown>>,
    takesRevocable: false,
    lanesSetting: null,
  },
  chronos: {
    runsServices: false,
    framework: chronosFramework as unknown as AnyFramework,
    defaults: { ...CHRONOS_DEFAULTS, retries: RETRY_ALWAYS },
    takesRevocable: false,
    lanesSetting: 'lanes',
  },
  sisyphus: {
    runsServices: false,
    sharesWork: true,
    framework: sisyphusFramework as unknown as AnyFramework,
    defaults: { ...SISYPHUS_DEFAULTS, retries: RETRY_ALWAYS },
    takesRevocable: true,
    lanesSetting: 'lanes',
  },
  'spark-like': {
    runsServices: false,
    framework: sparkLikeFramework as unknown as AnyFramework,
    defaults: { ...SPARK_DEFAULTS },
    takesRevocable: true,
    lanesSetting: null,
  },
  'storm-like': {
    runsServices: false,
    framework: stormLikeFramework as unknown as AnyFramework,
    defaults: { ...STORM_DEFAULTS },
    takesRevocable: true,
    lanesSetting: null,
  },
  'root-framework': {
    runsServices: true,
    framework: rootFramework as unknown as AnyFramework,
    defaults: { ...ROOT_DEFAULTS },
    takesRevocable: false,
    lanesSetting: null,
  },
};

/** Settings that are no person's: retries of populations are the engine's, and the calendar is the control plane's. */
const NOT_SETTABLE = ['retries', 'epochMs'];

/** Something wrong with a setting: where (names from the outside in), and what, as the rest of a sentence. */
export interface SettingProblem {
  readonly path: readonly string[];
  readonly text: string;
  /** What may stand there instead, where that is a list of names. */
  readonly known: readonly string[];
}

/** Everything wrong with the settings of a framework: unknown names, other types, and what the framework itself refuses. */
export function settingProblems(
  kind: FrameworkKind,
  settings: Readonly<Record<string, unknown>>,
): readonly SettingProblem[] {
  const problems: SettingProblem[] = [];
  compare(kind, knownSettings(kind), FRAMEWORK_KINDS[kind].defaults, settings, [], problems);
  if (problems.length > 0) return problems;
  try {
    FRAMEWORK_KINDS[kind].framework.create(merged(kind, settings));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // "health check" names healthCheck.
    const said = error.message.replaceAll(' ', '').toLowerCase();
    const named = Object.keys(settings).find((name) => said.includes(name.toLowerCase()));
    problems.push({ path: named === undefined ? [] : [named], text: `is refused: ${error.message}`, known: [] });
  }
  return problems;
}

function compare(
  kind: FrameworkKind,
  known: readonly string[],
  defaults: Readonly<Record<string, unknown>>,
  given: Readonly<Record<string, unknown>>,
  path: readonly string[],
  problems: SettingProblem[],
): void {
  for (const [name, value] of Object.entries(given)) {
    const at = [...path, name];
    const usual = defaults[name];
    if (!known.includes(name)) problems.push({ path: at, text: `is no setting of ${kind}; known: `, known });
    else if (usual === null || value === null) continue;
    else if (typeof usual !== typeof value)
      problems.push({ path: at, text: `is ${JSON.stringify(value)}; expected a ${typeof usual}`, known: [] });
    else if (isRecord(usual) && isRecord(value)) compare(kind, Object.keys(usual), usual, value, at, problems);
  }
}

/** Settings of a framework: its defaults with the plan's on top, also where only a part of a group is given. Throws ConfigError. */
export function settingsOf(plan: MesosFrameworkPlan): Readonly<Record<string, unknown>> {
  const [problem] = settingProblems(plan.kind, plan.settings);
  if (problem !== undefined) {
    const { path, text, known } = problem;
    throw new ConfigError(`framework "${plan.name}": ${path.join('.')} ${text}${known.join(', ')}`);
  }
  return merged(plan.kind, plan.settings);
}

function merged(kind: FrameworkKind, settings: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const all: Record<string, unknown> = { ...FRAMEWORK_KINDS[kind].defaults };
  for (const [name, value] of Object.entries(settings)) {
    const usual = all[name];
    all[name] = isRecord(usual) && isRecord(value) ? { ...usual, ...value } : value;
  }
  return all;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Names of the settings of a kind that a person may change. */
export function knownSettings(kind: FrameworkKind): string[] {
  return Object.keys(FRAMEWORK_KINDS[kind].defaults)
    .filter((name) => !NOT_SETTABLE.includes(name))
    .sort();
}
