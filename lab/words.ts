/** Numbers as they stand in sentences. */

/** Three significant digits, whole numbers from 100 on, thousands separated: 0.0123, 4.57, 12,346. */
export function numberWords(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'unknown' : value > 0 ? 'infinite' : '-infinite';
  const size = Math.abs(value);
  const rounded = size >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  if (rounded === 0) return '0';
  const [whole, fraction] = String(Math.abs(rounded)).split('.');
  if (whole.includes('e')) return String(rounded);
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${rounded < 0 ? '-' : ''}${grouped}${fraction === undefined ? '' : `.${fraction}`}`;
}

/** `numberWords` with a plus sign in front of positive numbers. */
export function signedWords(value: number): string {
  const words = numberWords(value);
  return value > 0 && words !== '0' ? `+${words}` : words;
}

/** Words with their unit behind them: `1.23 %`; without a unit the words alone. */
export function withUnit(words: string, unit: string): string {
  return unit === '' ? words : `${words} ${unit}`;
}

/** Milliseconds in each unit of time, the largest first. */
const DURATIONS: readonly (readonly [number, string])[] = [
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

/** `1.23 %`, `45 min`, `12`; milliseconds in the unit that fits: `250 ms`, `3.5 s`, `24 min`, `2.3 h`. */
export function amountWords(value: number, unit: string, words: (value: number) => string = numberWords): string {
  const fitting = unit === 'ms' ? DURATIONS.find(([ms]) => Math.abs(value) >= ms) : undefined;
  return fitting === undefined ? withUnit(words(value), unit) : `${words(value / fitting[0])} ${fitting[1]}`;
}

/** Day and hour of an hour counted from the start: `day 2, 13:00`. */
export function hourWords(hour: number): string {
  return `day ${Math.floor(hour / 24) + 1}, ${String(hour % 24).padStart(2, '0')}:00`;
}
