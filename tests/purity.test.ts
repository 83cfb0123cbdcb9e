// What would make a run depend on anything but its plan may not stand in policies/ and sim/.
import { describe, expect, test } from 'vitest';
import { sourcesBelow, withoutComments } from './source-files.ts';

const BANS: Readonly<Record<string, RegExp>> = {
  'the wall clock': /\bDate\b|\bperformance\b|\bhrtime\b/,
  'Math.random': /\bMath\.random\b|\bcrypto\b/,
  'the environment': /\bprocess\b|\bglobalThis\b|\brequire\b/,
  'timers and promises': /\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bPromise\b|\bawait\b|\basync\b/,
  'powers by operator': /\*\*/,
  'functions that engines approximate':
    /\bMath\.(?:exp|log|pow|sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|asinh|acosh|atanh|cbrt|log2|log10|log1p|expm1|hypot)\b/,
  'state of a module':
    /^(?:export )?(?:let|var)\b|^(?:export )?const \w+(?:: [^=]+)? = new (?:Weak)?(?:Map|Set)(?:<.*>)?\(\)/m,
  'the locale': /\btoLocale\w*\b|\blocaleCompare\b|\bIntl\b/,
};

interface Exception {
  readonly path: string;
  /** Bans that do not hold there. */
  readonly bans: readonly string[];
  readonly why: string;
}

const EXCEPTIONS: readonly Exception[] = [
  { path: 'sim/results/store.ts', bans: ['timers and promises', 'the environment'], why: 'writes run directories' },
  { path: 'sim/results/parquet.ts', bans: ['timers and promises'], why: 'reads and writes Parquet files' },
  { path: 'policies/mesos/allocator-records.ts', bans: ['state of a module'], why: 'names an empty map, read-only' },
  {
    path: 'policies/contract-world.ts',
    bans: ['state of a module'],
    why: 'numbers the worlds of the laws, not of a run',
  },
  { path: 'policies/chronos/zone.ts', bans: ['the locale'], why: 'reads the zone rules that the engine carries' },
];

const sources = sourcesBelow(['policies', 'sim']);

describe.each(Object.entries(BANS))('%s', (what, pattern) => {
  test('stands nowhere in policies/ and sim/', () => {
    const free = EXCEPTIONS.filter(({ bans }) => bans.includes(what)).map(({ path }) => path);
    const bound = sources.filter(({ path }) => !free.includes(path));
    const found = bound.flatMap(({ path, code }) =>
      code.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
    );
    expect(found).toEqual([]);
  });
});

test.each(EXCEPTIONS)('$path is still an exception: it $why', ({ path, bans }) => {
  const file = sources.find((source) => source.path === path);
  for (const ban of bans) expect(BANS[ban].test(file?.code ?? '')).toBe(true);
});

test('the bans see through comments and strings, and into templates', () => {
  const code = withoutComments(`a; // Math.random\nb('Date'); /* await\n await */ c(\`x \${Math.random()} Date\`);`);
  expect(BANS['Math.random'].test(code)).toBe(true);
  expect(BANS['the wall clock'].test(code)).toBe(false);
  expect(BANS['timers and promises'].test(code)).toBe(false);
  expect(code.split('\n')).toHaveLength(3);
  expect(BANS['state of a module'].test('let x = 1;')).toBe(true);
  expect(BANS['state of a module'].test('  let x = 1;')).toBe(false);
  expect(BANS['state of a module'].test('const KEPT = new Map<string, number>();')).toBe(true);
  expect(BANS['state of a module'].test("const NAMES = new Set(['a']);")).toBe(false);
  expect(BANS['powers by operator'].test('a ** b')).toBe(true);
});
