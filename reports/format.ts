/** Numbers as text, always with their unit; the same on every machine (no locale). */
import { log } from '../policies/base/exact-math.ts';
import { MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE, MS_PER_SECOND } from '../policies/base/units.ts';

const MISSING = 'n/a';

/** `value` with `digits` decimals and a thin grouping of thousands by commas; `n/a` when it is no number. */
export function fixed(value: number, digits = 0): string {
  if (!Number.isFinite(value)) return MISSING;
  const [whole, rest] = Math.abs(value).toFixed(digits).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  const text = rest === undefined ? grouped : `${grouped}.${rest}`;
  return value < 0 && /[1-9]/.test(text) ? `-${text}` : text;
}

/** Decimals that leave about `figures` significant figures. */
function digitsFor(value: number, figures: number): number {
  const size = Math.abs(value);
  if (!(size > 0)) return 0;
  return Math.max(0, Math.min(6, figures - 1 - Math.floor(log(size) / Math.LN10 + 1e-9)));
}

/** About three significant figures, grouped: 0.0123, 4.57, 83.2, 12,345. */
export function figures(value: number, significant = 3): string {
  return fixed(value, digitsFor(value, significant));
}

/** A percentage 0..100: one decimal, more where the value is small. 61.3 %, 0.42 %, 0.0031 %, 0 %. */
export function percent(value: number): string {
  if (!Number.isFinite(value)) return MISSING;
  if (value === 0) return '0 %';
  return Math.abs(value) >= 1 ? `${fixed(value, 1)} %` : `${fixed(value, Math.min(4, digitsFor(value, 2)))} %`;
}

/** A percentage as it was set: 1 %, 0.5 %, 99.95 %; at most four decimals. */
export function setPercent(value: number): string {
  return `${Math.round(value * 10_000) / 10_000} %`;
}

/** Milli-CPU as cores. */
export function cores(milliCpu: number): string {
  const value = milliCpu / 1000;
  return `${value >= 100 ? fixed(value) : figures(value)} cores`;
}

/** MiB as GiB or TiB. */
export function memory(mib: number): string {
  const gib = mib / 1024;
  return gib >= 10_240 ? `${figures(gib / 1024)} TiB` : `${gib >= 100 ? fixed(gib) : figures(gib)} GiB`;
}

/** A length of time in the unit that reads best: 340 ms, 9 s, 3.6 min, 2.1 h, 3.5 days. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return MISSING;
  const size = Math.abs(ms);
  if (size < MS_PER_SECOND) return `${fixed(ms)} ms`;
  if (size < 2 * MS_PER_MINUTE) return `${short(ms / MS_PER_SECOND)} s`;
  if (size < 2 * MS_PER_HOUR) return `${short(ms / MS_PER_MINUTE)} min`;
  if (size < 2 * MS_PER_DAY) return `${short(ms / MS_PER_HOUR)} h`;
  return `${short(ms / MS_PER_DAY)} days`;
}

function short(value: number): string {
  return figures(value, 2).replace(/\.0$/, '');
}

/** A moment of the run by its hour: hour 55 is `day 3, 07:00`. */
export function dayHour(hour: number): string {
  return `day ${Math.floor(hour / 24) + 1}, ${String(Math.floor(hour % 24)).padStart(2, '0')}:00`;
}

/** An amount of money, code after the number. */
export function money(amount: number, currency: string): string {
  return `${Math.abs(amount) >= 100 ? fixed(amount) : figures(amount)} ${currency}`.trim();
}

/** `1 host`, `2,000 hosts`. */
export function count(value: number, noun: string, plural = `${noun}s`): string {
  return `${fixed(value)} ${value === 1 ? noun : plural}`;
}

/** Text that is safe inside HTML and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
