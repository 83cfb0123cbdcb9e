/** What commands that make many runs share: scenario and checks, code version, progress, Ctrl-C. */
import { InvalidArgumentError } from 'commander';
import { ConfigError } from '../policies/base/assert.ts';
import type { LabSection, LoadedPlan, LoadOptions } from '../scenarios/load.ts';
import type { OnlineServices } from '../traces/format.ts';
import { findScenario } from './find-scenario.ts';
import { createProgress } from './progress.ts';
import { tidemarkVersion } from './version.ts';

export const EXIT_INTERRUPTED = 130;

/** A scenario and all that runs of it need. */
export interface LabSession {
  readonly scenario: string;
  readonly load: LoadOptions;
  readonly code: { readonly codeVersion: string; readonly replayVersion: string };
  readonly identity: { readonly tidemarkVersion: string; readonly nodeVersion: string };
  readonly replayed: OnlineServices | undefined;
  /** Of the scenario's costs. */
  readonly currency: string;
  /** What a backtest says about the load of the scenario: sentences for every answer that rests on it. */
  readonly backtest: readonly string[];
  /** The scenario's own questions, and where they stand. */
  readonly lab: LabSection;
  readonly placeOf: LoadedPlan['placeOf'];
}

/** Opens a scenario (a file, or the name of one in the library) with its overrides; everything is checked. */
export async function openSession(name: string, sets: readonly string[]): Promise<LabSession> {
  const [{ loadPlan }, { codeVersion, replayVersion }, { POLICIES }, { parameterRanges }] = await Promise.all([
    import('../scenarios/load.ts'),
    import('../lab/code-version.ts'),
    import('../policies/registry.ts'),
    import('./parameters.ts'),
  ]);
  const scenario = findScenario(name);
  const load: LoadOptions = { knownPolicies: Object.keys(POLICIES), knownParameters: parameterRanges() };
  const { plan, lab, placeOf } = await loadPlan(scenario, { ...load, sets });
  let replayed: OnlineServices | undefined;
  if (plan.online.source === 'replay') replayed = (await (await import('./replay.ts')).replayFor(plan)).services;
  const code = { codeVersion: codeVersion(), replayVersion: replayVersion(replayed) };
  const { backtestNotes } = await import('./backtest-file.ts');
  return {
    scenario,
    load,
    code,
    identity: identity(),
    replayed,
    currency: plan.cost.currency,
    backtest: backtestNotes(scenario, plan),
    lab,
    placeOf,
  };
}

/** Throws ConfigError when a setting would change the load of a scenario whose series were read for it as written. */
export function refuseOnReplay(session: LabSession, paths: readonly string[]): void {
  // Services of an imported trace are what they are on any cluster; drawn sizes of public series follow it.
  const fixed = session.replayed?.stream === undefined ? /^(online|cluster)\b/ : /^online\b/;
  const path = paths.find((own) => fixed.test(own));
  if (session.replayed !== undefined && path !== undefined)
    throw new ConfigError(
      `${path} cannot vary while online.source is "replay": the series are read for the scenario as written; use --set online.source=fit`,
    );
}

/** What runs of this installation carry in their manifests. */
export function identity(): LabSession['identity'] {
  return { tidemarkVersion: tidemarkVersion(), nodeVersion: process.version };
}

export interface Attended {
  readonly signal: AbortSignal;
  /** `below` gives lines that stand under the bar on a terminal. */
  readonly onProgress: (done0to1: number, detail: string, below?: () => readonly string[]) => void;
  readonly onNote: (text: string) => void;
}

/** Does work with a progress line on stderr; Ctrl-C and SIGTERM stop it cleanly, and the answer is then null. */
export async function attended<T>(label: string, work: (attended: Attended) => Promise<T | null>): Promise<T | null> {
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const progress = createProgress(process.stderr, label);
  const notes: string[] = [];
  try {
    return await work({
      signal: abort.signal,
      onProgress: (done, detail, below) => progress.update(done, detail, below),
      onNote: (text) => notes.push(text),
    });
  } finally {
    progress.close();
    for (const note of notes) process.stderr.write(`note: ${note}\n`);
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

/** Collects an option that may be repeated. */
export function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

/** A whole number of 0 or more. */
export function wholeOrZero(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < 0)
    throw new InvalidArgumentError('give a whole number of 0 or more');
  return value;
}

/** A whole number of 1 or more. */
export function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('give a whole number of 1 or more');
  return value;
}

/** A finite number. */
export function real(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('give a number');
  return value;
}

/** A share in 0..1, written as 0.05 or 5%. */
export function share(text: string): number {
  const value = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError('give a share between 0 and 1, as 0.05 or 5%');
  return value;
}

/** A duration of an option, in ms. Throws ConfigError that says how durations are written. */
export async function durationOf(option: string, text: string): Promise<number> {
  const { DURATION_MS, parseQuantity } = await import('../scenarios/quantities.ts');
  const parsed = parseQuantity(text, DURATION_MS, 1, Number.MAX_SAFE_INTEGER);
  if (!parsed.ok) throw new ConfigError(`${option} ${parsed.problem}`);
  return parsed.value;
}

/** The figure of that name. Throws ConfigError with the nearest known ones. */
export async function figureOf(name: string) {
  const [{ knownText }, { OUTCOMES }] = await Promise.all([
    import('../scenarios/suggest.ts'),
    import('../lab/outcomes.ts'),
  ]);
  const known = OUTCOMES.filter((outcome) => outcome.better === 'lower').map((outcome) => outcome.figure);
  const figure = known.find((candidate) => candidate === name);
  if (figure === undefined) throw new ConfigError(`--figure ${name} is unknown; known: ${knownText(name, known)}`);
  return figure;
}

export function interrupted(kept: string): number {
  process.stderr.write(`interrupted; ${kept}\n`);
  return EXIT_INTERRUPTED;
}
