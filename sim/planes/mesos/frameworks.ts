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
import type { MesosFrameworkPlan } from '../../plan.ts';

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

/** Settings of a framework: its defaults with the plan's on top. Throws ConfigError for a setting it does not have. */
export function settingsOf(plan: MesosFrameworkPlan): Readonly<Record<string, unknown>> {
  const { defaults } = FRAMEWORK_KINDS[plan.kind];
  for (const [name, value] of Object.entries(plan.settings)) {
    if (!Object.hasOwn(defaults, name) || name === 'retries')
      throw new ConfigError(
        `framework "${plan.name}": "${name}" is no setting of ${plan.kind}; known: ${knownSettings(plan.kind).join(', ')}`,
      );
    const known = defaults[name];
    if (known !== null && value !== null && typeof known !== typeof value)
      throw new ConfigError(
        `framework "${plan.name}": ${name} is ${JSON.stringify(value)}; a ${typeof known} is meant`,
      );
  }
  return { ...defaults, ...plan.settings };
}

/** Names of the settings of a kind; retries are the engine's and no setting. */
export function knownSettings(kind: FrameworkKind): string[] {
  return Object.keys(FRAMEWORK_KINDS[kind].defaults)
    .filter((name) => name !== 'retries')
    .sort();
}
