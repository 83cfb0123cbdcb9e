import { describe, expect, test } from 'vitest';
import { readBag } from './conformance-resources.ts';
import { ResourceCatalog } from './resource-catalog.ts';
import { frameworkRolesProblem, idProblem, roleProblem, taskProblem } from './validation.ts';

describe('validation', () => {
  test.each(['*', 'a', 'a/b/c', 'eng.web', 'a-b'])('role "%s" is valid', (role) => {
    expect(roleProblem(role)).toBe('');
  });

  test.each(['', '/', 'a/', '/a', 'a//b', '.', 'a/..', '-a', 'a/-b', 'a/*', 'a b', 'a\tb'])(
    'role "%s" is not',
    (role) => {
      expect(roleProblem(role)).not.toBe('');
    },
  );

  test('a role named twice, or suppressed without being subscribed, is refused', () => {
    expect(frameworkRolesProblem(['a', 'a'], [])).not.toBe('');
    expect(frameworkRolesProblem(['a'], ['b'])).not.toBe('');
    expect(frameworkRolesProblem(['a', 'b'], ['b'])).toBe('');
  });

  test('ids have no slash and are no dots', () => {
    expect([idProblem('t-1'), idProblem('a b')]).toEqual(['', '']);
    for (const id of ['', '.', '..', 'a/b', 'a\nb']) expect(idProblem(id)).not.toBe('');
  });

  test('a task may mix revocable cpus with regular memory, not with regular cpus', () => {
    const catalog = new ResourceCatalog(4);
    const left = readBag(catalog, [{ q: { cpus: 4, mem: 64 } }, { revocable: true, q: { cpus: 4 } }]);
    const mixed = readBag(catalog, [{ q: { mem: 64 } }, { revocable: true, q: { cpus: 1 } }]);
    const both = readBag(catalog, [{ q: { cpus: 1 } }, { revocable: true, q: { cpus: 1 } }]);
    expect(taskProblem(catalog, 't', false, mixed, left)).toBe('');
    expect(taskProblem(catalog, 't', false, both, left)).toBe('task "t" mixes revocable and regular cpus');
    expect(taskProblem(catalog, 't', true, mixed, left)).toBe('task "t" has the id of a running task');
    expect(taskProblem(catalog, 't', false, readBag(catalog, {}), left)).toBe('task "t" uses no resources');
  });
});
