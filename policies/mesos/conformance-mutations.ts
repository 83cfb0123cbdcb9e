/**
 * Unseen cases from upstream's: a case changed in a way that says by itself what becomes of the expectation.
 *
 * Scaling every amount by a whole number scales every offer: shares are ratios, cuts and remainders are linear, and the least amounts that are
 * offered are scaled too. Names with a common prefix keep their order, so ties fall as before. Agents that come in one batch may come in any
 * order. Changed inputs with the expectations of before must fail wherever an expectation names what was changed.
 */
import { isRecord } from '../conformance.ts';

/** Amounts of resources, whatever they stand for. */
const AMOUNTS = new Set(['cpus', 'mem', 'disk', 'gpus', 'revocableCpus', 'offerCpus', 'reservedCpus', 'reservedMem']);
/** Keys whose strings are no names. */
const WORDS = new Set([
  'op',
  'id',
  'source',
  'note',
  'schema',
  'type',
  'kind',
  'state',
  'variant',
  'reason',
  'attributes',
]);
/** Keys whose strings (or keys) name roles, frameworks, agents and tasks. */
const NAMES = new Set([
  'agent',
  'agents',
  'fw',
  'role',
  'roles',
  'reserved',
  'client',
  'watch',
  'decliners',
  'task',
  'hosts',
  'path',
]);
/** Keys whose values are maps by name. */
const MAPS = new Set(['used', 'agents']);
/** What is offered at least, where a scenario does not say. */
const LEAST = [{ cpus: 0.01 }, { mem: 32 }];

/** Which parts of a case a change concerns: inputs, expectations, or both. */
export type Part = 'all' | 'inputs';

/** A file with every amount `factor` times what it was. */
export function scaled(file: unknown, factor: number, part: Part = 'all'): unknown {
  const scale = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(scale);
    if (!isRecord(value)) return value;
    if (part === 'inputs' && isExpectation(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        AMOUNTS.has(key) && typeof inner === 'number' ? inner * factor : scale(inner),
      ]),
    );
  };
  return overScenarios(scale(withLeast(file)), (scenario) => scenario);
}

/** The least amounts of every scenario written out, so that they are scaled with the rest. */
function withLeast(file: unknown): unknown {
  return overScenarios(file, (scenario) => {
    const options = isRecord(scenario['options']) ? scenario['options'] : {};
    return { ...scenario, options: { minAllocatable: LEAST, ...options } };
  });
}

function overScenarios(file: unknown, change: (scenario: Record<string, unknown>) => unknown): unknown {
  if (!isRecord(file) || !Array.isArray(file['scenarios'])) return file;
  return {
    ...file,
    scenarios: file['scenarios'].map((scenario) => (isRecord(scenario) ? change(scenario) : scenario)),
  };
}

function isExpectation(step: Record<string, unknown>): boolean {
  return typeof step['op'] === 'string' && step['op'].startsWith('expect');
}

/** A file whose roles, frameworks, agents and tasks have a letter before every part of their names. */
export function renamed(file: unknown, part: Part = 'all'): unknown {
  return overScenarios(file, (scenario) => {
    const names = new Set<string>();
    collect(scenario, names, false);
    return rename(scenario, names, part, false);
  });
}

function collect(value: unknown, names: Set<string>, isName: boolean): void {
  if (typeof value === 'string' && isName) names.add(value);
  else if (Array.isArray(value)) for (const inner of value) collect(inner, names, isName);
  else if (isRecord(value))
    for (const [key, inner] of Object.entries(value)) {
      if (WORDS.has(key)) continue;
      // Keys of a map by name are names; its values are resources or maps of them.
      if (isName && !AMOUNTS.has(key)) names.add(key);
      collect(inner, names, NAMES.has(key) || MAPS.has(key));
    }
}

/** `byName`: the keys of `value` are names, even those that look like a key of a step. */
function rename(value: unknown, names: ReadonlySet<string>, part: Part, byName: boolean): unknown {
  if (typeof value === 'string') return names.has(value) ? newName(value) : value;
  if (Array.isArray(value)) return value.map((inner) => rename(inner, names, part, false));
  if (!isRecord(value) || (part === 'inputs' && isExpectation(value))) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      names.has(key) && (byName || !NAMES.has(key)) ? newName(key) : key,
      WORDS.has(key) ? inner : rename(inner, names, part, byName || MAPS.has(key)),
    ]),
  );
}

function newName(name: string): string {
  return name
    .split('/')
    .map((component) => (component === '*' || component === '.' ? component : `q${component}`))
    .join('/');
}

/** A file in which agents that are added one after another before anything is allocated come in the opposite order. */
export function reversed(file: unknown, isOneRun: (step: Record<string, unknown>) => boolean): unknown {
  return overScenarios(file, (scenario) => {
    const steps = Array.isArray(scenario['steps']) ? scenario['steps'].filter(isRecord) : [];
    const out: Record<string, unknown>[] = [];
    let run: Record<string, unknown>[] = [];
    const close = () => {
      // Which of them lets the allocator run belongs to the place, not to the agent.
      const agents = [...run].reverse();
      run.forEach(({ batch }, place) => {
        const { batch: _, ...agent } = agents[place];
        out.push(batch === undefined ? agent : { ...agent, batch });
      });
      run = [];
    };
    for (const step of steps) {
      if (step['op'] !== 'addAgent') {
        close();
        out.push(step);
        continue;
      }
      run.push(step);
      if (!isOneRun(step)) close();
    }
    close();
    return { ...scenario, steps: out };
  });
}

/** Scenarios in which an expectation holds something that `changes` alters. */
export function namesOfChanged(file: unknown, changes: (step: unknown) => boolean): string[] {
  const names: string[] = [];
  overScenarios(file, (scenario) => {
    const steps = Array.isArray(scenario['steps']) ? scenario['steps'].filter(isRecord) : [];
    if (steps.some((step) => isExpectation(step) && changes(step))) names.push(String(scenario['id']));
    return scenario;
  });
  return names;
}

/** Whether a value holds an amount above 0. */
export function hasAmount(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasAmount);
  if (!isRecord(value)) return false;
  return Object.entries(value).some(
    ([key, inner]) => (AMOUNTS.has(key) && typeof inner === 'number' && inner > 0) || hasAmount(inner),
  );
}
