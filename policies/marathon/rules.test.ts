import { describe, expect, test } from 'vitest';
import { ConfigError } from '../base/assert.ts';
import { canonicalAttribute, formatScalar } from './attribute.ts';
import { DEFAULT_BACKOFF, deadlineMs, delayChange, increased, isOverdue, type LaunchDelay } from './backoff.ts';
import { checkConstraint, meetsConstraint } from './constraints.ts';
import { createHealth, DEFAULT_HEALTH_CHECK, fatalFailures, resetHealth, takeResult } from './health-check.ts';
import { selectToKill } from './kill-selection.ts';
import { createReviveStream, nextSignal, offerOrder } from './launch-queue.ts';
import { matcherOrder, matchOffer } from './offer-matching.ts';
import { proposeScaling } from './scaling.ts';
import { nextExpungeMs, unreachableStage } from './unreachable.ts';
import { DEFAULT_UPGRADE, isUpgraded, newBecameHealthy, oldDied, restartStrategy, startUpgrade } from './upgrade.ts';

describe('attributes', () => {
  test('numbers have three decimals, exact ties go to even: 0.0625 is 0.062, 0.1875 is 0.188; thousands have commas', () => {
    expect([0.0625, 0.1875, 1.0005, 1.00051, 1234567.5, -0.5].map(formatScalar)).toEqual([
      '0.062',
      '0.188',
      '1',
      '1.001',
      '1,234,567.5',
      '-0.5',
    ]);
  });
  test('sets are sorted by text, ranges by number, text stays', () => {
    expect(['{b,a, c}', '[10-12,2-3]', '5-7', '7.0', 'rack 1'].map(canonicalAttribute)).toEqual([
      '{a,b,c}',
      '[2-3,10-12]',
      '5-7',
      '7',
      'rack 1',
    ]);
  });
});

describe('constraints', () => {
  const place = (rack: string | null): Parameters<typeof meetsConstraint>[1] => ({
    hostname: 'h',
    attributes: rack === null ? {} : { rack },
  });
  const meets = (
    operator: string,
    value: string,
    rack: string | null,
    placed: (string | null)[],
    instances = 1,
  ): boolean => meetsConstraint({ field: 'rack', operator, value }, place(rack), placed.map(place), instances, 'v1.11');

  test('5 instances over 2 racks: the first rack takes 3, the second 2', () => {
    // per = 2, remainder 1
    expect(meets('GROUP_BY', '2', 'a', ['a', 'a', 'b'], 5)).toBe(true);
    expect(meets('GROUP_BY', '2', 'b', ['a', 'a', 'a', 'b', 'b'], 5)).toBe(false);
    expect(meets('GROUP_BY', '2', 'c', ['a', 'b'], 5)).toBe(false);
  });
  test('a placed instance without the attribute is a group of its own', () => {
    expect(meets('GROUP_BY', '2', 'b', ['a', null], 4)).toBe(false);
    expect(meets('GROUP_BY', '3', 'b', ['a', null], 4)).toBe(true);
  });
  test('LIKE matches the whole value, not a part', () => {
    expect([meets('LIKE', 'a|b', 'ab', []), meets('LIKE', 'a|b', 'b', []), meets('UNLIKE', 'a|b', 'ab', [])]).toEqual([
      false,
      true,
      true,
    ]);
  });
  test('an attribute named like a method of objects is missing when the agent lacks it', () => {
    const constraint = { field: 'constructor', operator: 'UNLIKE', value: 'x' };
    expect(meetsConstraint(constraint, place('a'), [], 1, 'v1.11')).toBe(true);
  });
  for (const [operator, value, rule] of [
    ['UNIQUE', '1', 'Value specified but not used'],
    ['CLUSTER', '', 'Missing value'],
    ['GROUP_BY', 'two', 'GROUP_BY may either have no value or an integer value'],
    ['MAX_PER', '', 'MAX_PER must have an integer value'],
    ['MAX_PER', '1.5', 'MAX_PER must have an integer value'],
    ['LIKE', '', 'A regular expression value must be provided'],
    ['UNLIKE', '(', "'(' is not a valid regular expression"],
    ['IS', '', 'IS only supports text and float values'],
    ['NEAR', '1', 'Operator must be one of UNIQUE, CLUSTER, GROUP_BY, LIKE, UNLIKE, MAX_PER, IS'],
  ] as const)
    test(`${operator} "${value}" is refused: ${rule}`, () => {
      expect(() => checkConstraint({ field: 'rack', operator, value })).toThrow(ConfigError);
      expect(() => checkConstraint({ field: 'rack', operator, value })).toThrow(rule);
    });
  test('a constraint without a field is refused, GROUP_BY without a number divides by zero and is refused when met', () => {
    expect(() => checkConstraint({ field: '', operator: 'UNIQUE', value: '' })).toThrow('Missing field and operator');
    expect(() => meets('GROUP_BY', '', 'a', ['a'], 3)).toThrow('no positive integer');
  });
});

describe('back-off', () => {
  test('41 failures come to 267.9 s, 42 to the limit of 300 s', () => {
    let delay: LaunchDelay | null = null;
    const seconds: number[] = [];
    for (let i = 0; i < 42; i++) {
      delay = increased(delay, DEFAULT_BACKOFF, 0);
      seconds.push(delay.delayNs / 1e9);
    }
    expect(seconds[40]).toBeCloseTo(267.8635, 3);
    expect(seconds[41]).toBe(300);
    expect(deadlineMs(delay, 0)).toBe(300_000);
    // Forgotten only after more than the largest delay without a change.
    expect([
      isOverdue(delay as LaunchDelay, DEFAULT_BACKOFF, 300_000),
      isOverdue(delay as LaunchDelay, DEFAULT_BACKOFF, 300_001),
    ]).toEqual([false, true]);
  });
  test('a drained agent resets for killed and gone, not for failed', () => {
    expect(
      ['killed', 'gone', 'TASK_GONE_BY_OPERATOR'.slice(5), 'failed'].map((name) => delayChange(name, true)),
    ).toEqual(['reset', 'reset', 'reset', 'add']);
    expect(delayChange('TASK_GONE_BY_OPERATOR'.slice(5), false)).toBe('add');
  });
});

describe('who is killed', () => {
  test('groups of 3, 2 and 1 give up 3 as 2, 1, 0', () => {
    // 3,2,1 -> largest 3 -> 2,2,1 -> a -> 1,2,1 -> b -> 1,1,1
    const groups = ['a', 'a', 'a', 'b', 'b', 'c'];
    expect(
      selectToKill([groups], 6, 3)
        .map((row) => groups[row])
        .sort(),
    ).toEqual(['a', 'a', 'b']);
  });
  test('two constraints are kept even together: of a1 a1 b2 b2, two go as one a1 and one b2', () => {
    const chosen = selectToKill(
      [
        ['a', 'a', 'b', 'b'],
        ['1', '1', '2', '2'],
      ],
      4,
      2,
    );
    expect(chosen.map((row) => (row < 2 ? 'a1' : 'b2')).sort()).toEqual(['a1', 'b2']);
  });
  test('killing more than there are is refused', () => {
    expect(() => selectToKill([], 2, 3)).toThrow('cannot kill 3 instances of 2 running');
  });
  test('unreachable goes before staging, staging before running; the oldest first when so set', () => {
    const instances = [
      { id: 'run-old', condition: 'Running', sinceMs: 1 },
      { id: 'run-new', condition: 'Running', sinceMs: 9 },
      { id: 'staging', condition: 'Staging', sinceMs: 5 },
      { id: 'lost', condition: 'Unreachable', sinceMs: 3 },
      { id: 'gone', condition: 'UnreachableInactive', sinceMs: 2 },
    ];
    const order = (selection: 'YOUNGEST_FIRST' | 'OLDEST_FIRST'): readonly string[] =>
      proposeScaling(instances, [], () => [], 0, selection).decommission;
    expect(order('YOUNGEST_FIRST')).toEqual(['lost', 'staging', 'run-new', 'run-old']);
    expect(order('OLDEST_FIRST')).toEqual(['lost', 'staging', 'run-old', 'run-new']);
  });
});

describe('upgrade', () => {
  test('10 instances, all healthy, defaults: nothing is killed at once, 10 new are launched, each kills one', () => {
    const upgrade = startUpgrade(10, 10, 10, 0, 0, DEFAULT_UPGRADE, false);
    expect([upgrade.killsWanted, upgrade.launchesWanted]).toEqual([0, 10]);
    for (let i = 0; i < 10; i++) {
      newBecameHealthy(upgrade);
      expect(upgrade.killsWanted).toBe(i + 1);
      oldDied(upgrade);
    }
    expect(isUpgraded(upgrade)).toBe(true);
  });
  test('an app that wants no instances has no restart strategy', () => {
    expect(() => restartStrategy(0, 1, 1, DEFAULT_UPGRADE, false)).toThrow('instances must be > 0 but is 0');
  });
});

describe('offers', () => {
  test('of 12 offers with 8 at once and room for 2, the order is 0..7, 9, 8 and two find the stack full', () => {
    expect(offerOrder(12, 8, 2)).toEqual({ matched: [0, 1, 2, 3, 4, 5, 6, 7, 9, 8], overflow: [10, 11] });
  });
  test('three eager matchers share 5 launches as 2, 2, 1', () => {
    expect(matchOffer([0, 1, 2], () => true, 100)).toEqual({ launches: 5, perMatcher: [2, 2, 1] });
  });
  test('a matcher with a reservation comes first whatever is drawn', () => {
    for (const draw of [0, 0.5, 0.99])
      expect(
        matcherOrder(
          4,
          (i) => i === 2,
          () => draw,
        )[0],
      ).toBe(2);
  });
  test('new demand revives, repeats once 5 s later, and is suppressed when served', () => {
    const stream = createReviveStream();
    const at = (nowMs: number, wanted: boolean): string => nextSignal(stream, wanted, nowMs, 5_000, true);
    stream.newDemand = true;
    expect([
      at(0, true),
      at(1_000, true),
      at(5_000, true),
      at(10_000, true),
      at(11_000, false),
      at(12_000, false),
    ]).toEqual(['revive', 'none', 'revive', 'none', 'suppress', 'none']);
  });
});

describe('unreachable and health', () => {
  test('300 s to inactive, 600 s to expunge, and only the timer expunges', () => {
    const strategy = { inactiveAfterMs: 300_000, expungeAfterMs: 600_000 };
    expect(
      [299_999, 300_000, 600_000].map((awayMs) => unreachableStage(strategy, 1_000, 1_000 + awayMs, false)),
    ).toEqual(['unreachable', 'inactive', 'inactive']);
    expect(unreachableStage(strategy, 0, 600_000, true)).toBe('expunge');
    expect([nextExpungeMs(0, 0), nextExpungeMs(0, 300_000), nextExpungeMs(0, 329_999)]).toEqual([
      300_000, 330_000, 330_000,
    ]);
  });
  const health = (nowMs: number[], passed: boolean[] = []): { killed: boolean[]; failures: number } => {
    const columns = createHealth(1);
    resetHealth(columns, 0, 0);
    const fatal = fatalFailures(DEFAULT_HEALTH_CHECK, true);
    const killed = nowMs.map((t, i) => takeResult(columns, 0, DEFAULT_HEALTH_CHECK, fatal, passed[i] === true, t));
    return { killed, failures: columns.consecutiveFailures[0] };
  };
  test('failures in the grace period do not count; the fourth after it kills, because three before it are what Marathon compares', () => {
    expect(health([100_000, 299_999, 300_000, 360_000, 420_000, 480_000]).killed).toEqual([
      false,
      false,
      false,
      false,
      false,
      true,
    ]);
  });
  test('after the first success a failure counts also in the grace period', () => {
    expect(health([10_000, 70_000], [true, false]).failures).toBe(1);
  });
  test('a kubelet kills with the third failure of three, and nobody with a limit of 0', () => {
    expect([true, false].map((isMarathon) => fatalFailures(DEFAULT_HEALTH_CHECK, isMarathon))).toEqual([4, 3]);
    expect(fatalFailures({ ...DEFAULT_HEALTH_CHECK, maxConsecutiveFailures: 0 }, true)).toBe(0);
  });
});
