/** Times written as `YYYY-MM-DD HH:MM:SS` without a zone, or with PST/PDT behind them. */
import { MS_PER_DAY, MS_PER_HOUR } from '../../policies/base/units.ts';

/** Unix time as if the text were UTC; NaN when it is something else. */
export function parseWallClock(text: string): number {
  const match = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)/.exec(text);
  if (match === null) return Number.NaN;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** Unix time of a US Pacific time: by the zone it names, else by the rule since 2007 (the repeated hour counts as summer time). */
export function parsePacific(text: string): number {
  const wall = parseWallClock(text);
  if (text.endsWith('PST')) return wall + 8 * MS_PER_HOUR;
  if (text.endsWith('PDT')) return wall + 7 * MS_PER_HOUR;
  const year = new Date(wall).getUTCFullYear();
  const summer = wall >= sunday(year, 2, 2) + 2 * MS_PER_HOUR && wall < sunday(year, 10, 1) + 2 * MS_PER_HOUR;
  return wall + (summer ? 7 : 8) * MS_PER_HOUR;
}

/** Midnight of the nth Sunday of a month (0 = January), as wall clock. */
function sunday(year: number, month: number, nth: number): number {
  const first = Date.UTC(year, month, 1);
  const ahead = (7 - new Date(first).getUTCDay()) % 7;
  return first + (ahead + 7 * (nth - 1)) * MS_PER_DAY;
}
