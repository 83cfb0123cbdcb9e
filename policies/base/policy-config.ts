/** Completes a policy's configuration from its defaults and refuses what is no parameter of it. */
import { ConfigError } from './assert.ts';

/**
 * Defaults with `config` over them; `undefined` means not given.
 *
 * Throws ConfigError for an unknown name, and for a value of another kind than the default: a number must be finite, a parameter that is
 * null by default is null or a number.
 */
export function completeConfig<Defaults extends Readonly<Record<string, unknown>>>(
  policy: string,
  defaults: Defaults,
  config: Readonly<Record<string, unknown>>,
): { [K in keyof Defaults]: unknown } {
  const full: Record<string, unknown> = { ...defaults };
  for (const [key, value] of Object.entries(config)) {
    if (!Object.hasOwn(defaults, key))
      throw new ConfigError(`policy ${policy}: "${key}" is unknown; known: ${Object.keys(defaults).sort().join(', ')}`);
    if (value === undefined) continue;
    const expected = defaults[key] === null ? 'number' : typeof defaults[key];
    const fits =
      (value === null && defaults[key] === null) ||
      (typeof value === expected && (expected !== 'number' || Number.isFinite(value)));
    if (!fits)
      throw new ConfigError(
        `policy ${policy}: ${key} is ${typeof value === 'number' ? value : JSON.stringify(value)}, expected a ${expected}`,
      );
    full[key] = value;
  }
  return full as { [K in keyof Defaults]: unknown };
}
