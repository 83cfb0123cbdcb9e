/** The coefficient table of the host physics, for checking overrides and for reports. */
import { listParameters, parametersWith } from '../sim/host/parameters.ts';

/** Allowed range of every coefficient by name. */
export function parameterRanges(): Record<string, readonly [number, number]> {
  return Object.fromEntries(listParameters(parametersWith({})).map((p) => [p.name, [p.low, p.high] as const]));
}

/** Rows for "what this answer rests on": every coefficient with the plan's changes in force. */
export function parameterRows(
  overrides: Readonly<Record<string, number>>,
): { name: string; value: number; unit: string; source: string }[] {
  return listParameters(parametersWith(overrides)).map((p) => ({
    name: p.name,
    value: p.value,
    unit: p.unit,
    source: `${p.source} [${p.tag}/${p.confidence}, ${p.low} to ${p.high}]`,
  }));
}
