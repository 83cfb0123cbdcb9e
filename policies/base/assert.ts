/**
 * The three kinds of error and the assertions every room uses.
 *
 * ConfigError: the person can fix it (file, line and column in the message). TraceError: outside data is wrong (file and
 * row). InvariantError: our bug; the command line adds seed, plan hash, simulated time and the command that repeats it.
 */

/** What a person wrote cannot be run; the message says what, where and how to fix. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Outside data is not what its format promises; the message names file and row. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
}

/** A fact that our own code must keep did not hold. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/**
 * Throws InvariantError with `fact` when `holds` is false.
 *
 * For use outside hot loops: a template passed as `fact` is built on every call. Inside loops write
 * ``if (!ok) fail(`host ${host} ...`)``.
 */
export function assert(holds: boolean, fact: string): asserts holds {
  if (!holds) fail(fact);
}

/** Throws InvariantError. */
export function fail(fact: string): never {
  throw new InvariantError(fact);
}

/** Marks a branch that the type system proves unreachable; throws InvariantError when it is reached all the same. */
export function unreachable(value: never): never {
  return fail(`unreachable value ${String(value)}`);
}
