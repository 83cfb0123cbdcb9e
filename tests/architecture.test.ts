// Who may import whom: the arrows of the design as data, held against the import lines of every source file.
import { dirname, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type SourceFile, sourcesBelow } from './source-files.ts';

/** Longest matching prefix names the room of a file. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  'policies/base': [],
  policies: ['policies/base', 'policies'],
  traces: ['policies/base', 'traces'],
  'sim/plan.ts': ['policies/base', 'policies', 'traces', 'sim/plan'],
  'sim/plan': ['policies/base', 'policies', 'traces', 'sim/plan'],
  'sim/kernel': ['policies/base', 'sim/kernel'],
  'sim/cluster': ['policies/base', 'policies', 'sim/kernel', 'sim/cluster'],
  'sim/host': ['policies/base', 'policies', 'traces/format.ts', 'sim/kernel', 'sim/cluster', 'sim/host'],
  'sim/planes': ['policies/base', 'policies', 'sim/plan.ts', 'sim/plan', 'sim/kernel', 'sim/cluster', 'sim/planes'],
  'sim/results': ['policies/base', 'sim/plan.ts', 'sim/plan', 'sim/kernel', 'sim/results'],
  // The workload of a plan is drawn by the generators, and its type is the engine's.
  'sim/workload': [
    'policies/base',
    'policies',
    'traces',
    'sim/plan.ts',
    'sim/plan',
    'sim/kernel',
    'sim/cluster',
    'sim/workload',
    'sim/engine',
  ],
  'sim/engine': [
    'policies/base',
    'policies',
    'traces',
    'sim/plan.ts',
    'sim/plan',
    'sim/kernel',
    'sim/cluster',
    'sim/host',
    'sim/planes',
    'sim/results',
    'sim/workload',
    'sim/engine',
  ],
  scenarios: ['policies/base', 'policies', 'sim/plan.ts', 'sim/plan', 'scenarios', 'traces'],
  lab: ['policies/base', 'policies', 'sim', 'traces', 'scenarios', 'lab'],
  reports: ['policies/base', 'sim/plan.ts', 'sim/plan', 'sim/results', 'sim/kernel', 'reports'],
  bench: ['policies/base', 'policies', 'traces', 'sim', 'scenarios', 'lab', 'reports', 'bench'],
  cli: ['policies/base', 'policies', 'traces', 'sim', 'scenarios', 'lab', 'reports', 'bench', 'cli'],
};

/** Arrows that the list forbids and that stand all the same, each with its reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'sim/planes/launch-pipeline.ts -> sim/host/start-up.ts':
    'how long an image takes to arrive is a time, not physics of the host',
  'scenarios/checks-mesos.ts -> sim/planes/mesos/frameworks.ts': 'the names of frameworks stand where they are built',
};

const sources = sourcesBelow(['policies', 'traces', 'sim', 'scenarios', 'lab', 'reports', 'bench', 'cli']);

function roomOf(path: string): string | null {
  const rooms = Object.keys(ROOMS).filter((room) => path === room || path.startsWith(`${room}/`));
  return rooms.sort((a, b) => b.length - a.length)[0] ?? null;
}

function importsOf({ text }: SourceFile): string[] {
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\s[^;'"]*?from\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|(?:^|\n)import\s+'([^']+)'/g,
  );
  return [...found].map((match) => match[1] ?? match[2] ?? match[3]);
}

test('every source file belongs to a room of the list', () => {
  expect(sources.length).toBeGreaterThan(200);
  // sim/ has no file of its own but plan.ts.
  expect(sources.filter(({ path }) => roomOf(path) === null).map(({ path }) => path)).toEqual([]);
});

describe.each(Object.entries(ROOMS))('%s', (room, allowed) => {
  test(`imports only ${allowed.length === 0 ? 'itself' : allowed.join(', ')}`, () => {
    const forbidden: string[] = [];
    for (const file of sources.filter(({ path }) => roomOf(path) === room))
      for (const target of importsOf(file)) {
        if (!target.startsWith('.')) continue;
        const path = normalize(`${dirname(file.path)}/${target}`);
        const isAllowed = path.startsWith(`${room}/`) || allowed.some((to) => path === to || path.startsWith(`${to}/`));
        if (!isAllowed && EXCEPTIONS[`${file.path} -> ${path}`] === undefined)
          forbidden.push(`${file.path} -> ${path}`);
      }
    expect(forbidden).toEqual([]);
  });
});

test('policies and the simulator use no package but fastpriorityqueue, seedrandom and what writes results', () => {
  const allowed: Readonly<Record<string, readonly string[]>> = {
    policies: [],
    'sim/kernel': ['fastpriorityqueue', 'seedrandom'],
    'sim/planes': ['fastpriorityqueue'],
    'sim/results': ['hyparquet', 'hyparquet-writer', 'hyparquet-compressors', 'node:'],
  };
  const found: string[] = [];
  for (const file of sources.filter(({ path }) => path.startsWith('policies/') || path.startsWith('sim/'))) {
    const may = Object.entries(allowed).find(([room]) => file.path.startsWith(`${room}/`))?.[1] ?? [];
    for (const target of importsOf(file))
      if (
        !target.startsWith('.') &&
        !may.some((name) => target === name || (name.endsWith(':') && target.startsWith(name)))
      )
        found.push(`${file.path} -> ${target}`);
  }
  expect(found).toEqual([]);
});

test('every exception is still needed', () => {
  const arrows = sources.flatMap((file) =>
    importsOf(file)
      .filter((target) => target.startsWith('.'))
      .map((target) => `${file.path} -> ${normalize(`${dirname(file.path)}/${target}`)}`),
  );
  expect(Object.keys(EXCEPTIONS).filter((arrow) => !arrows.includes(arrow))).toEqual([]);
});

test('no file imports a test', () => {
  const found = sources.flatMap((file) => importsOf(file).filter((target) => target.includes('.test.')));
  expect(found).toEqual([]);
});

test('a relative import names its file with .ts or .json', () => {
  const found = sources.flatMap((file) =>
    importsOf(file).filter((target) => target.startsWith('.') && !/\.(ts|json)$/.test(target)),
  );
  expect(found).toEqual([]);
});
