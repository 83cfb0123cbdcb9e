import { describe, expect, test } from 'vitest';
import { ConfigError } from '../base/assert.ts';
import { addDependency, addJob, childStarted, createDag, type JobDag, removeJob, succeed } from './job-dag.ts';

function dagOf(edges: readonly (readonly [string, string])[]): JobDag {
  const dag = createDag();
  for (const edge of edges) for (const job of edge) addJob(dag, job);
  for (const [parent, child] of edges) addDependency(dag, parent, child);
  return dag;
}

describe('job graph', () => {
  test('an edge that closes a cycle is refused, and the message walks it', () => {
    const dag = dagOf([
      ['a', 'b'],
      ['b', 'c'],
    ]);
    expect(() => addDependency(dag, 'c', 'a')).toThrow(ConfigError);
    expect(() => addDependency(dag, 'c', 'a')).toThrow('dependency c -> a makes a cycle: a -> b -> c -> a');
    expect(() => addDependency(dag, 'a', 'a')).toThrow('a -> a');
    // The refused edge left nothing behind.
    expect(succeed(dag, 'c')).toEqual([]);
  });
  test('an edge from a job that is not registered is refused by name', () => {
    expect(() => addDependency(dagOf([['a', 'b']]), 'x', 'b')).toThrow('job "x" is not registered');
  });
  test('the slower of two parents sets the pace: a a b b a makes c ready at both b, and again only after b', () => {
    const dag = dagOf([
      ['a', 'c'],
      ['b', 'c'],
    ]);
    // counts (a,b): 1,0 no; 2,0 no; 2,1 b=min yes; 2,2 b=min yes; 3,2 no
    expect(['a', 'a', 'b', 'b', 'a'].map((job) => succeed(dag, job).length)).toEqual([0, 0, 1, 1, 0]);
  });
  test('a start of the child loses the triggers counted so far', () => {
    const dag = dagOf([
      ['a', 'c'],
      ['b', 'c'],
    ]);
    succeed(dag, 'a');
    childStarted(dag, 'c');
    expect(succeed(dag, 'b')).toEqual([]);
    expect(succeed(dag, 'a')).toEqual(['c']);
  });
  test('removing one of two parents makes every success of the other a trigger', () => {
    const dag = dagOf([
      ['a', 'c'],
      ['b', 'c'],
    ]);
    removeJob(dag, 'b');
    expect([succeed(dag, 'a'), succeed(dag, 'a')]).toEqual([['c'], ['c']]);
  });
});
