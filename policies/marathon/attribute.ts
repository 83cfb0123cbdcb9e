/**
 * Agent attributes in Mesos' text syntax, brought to the one text that Marathon compares.
 *
 * Number = scalar, printed with at most three decimals, half to even, thousands grouped by commas (Java's NumberFormat);
 * `{b,a}` = set, items sorted; `[7-9,1-2]` = ranges, sorted by their begin; anything else is text.
 * Source: Mesos Attributes::parse, Marathon Constraints.getValueString.
 */

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const RANGES = /^\[\s*\d+\s*-\s*\d+\s*(?:,\s*\d+\s*-\s*\d+\s*)*\]$/;

/** Whether Mesos reads the text as a scalar. */
export function isScalar(text: string): boolean {
  return NUMBER.test(text.trim());
}

/** The text that Marathon compares for an attribute. */
export function canonicalAttribute(text: string): string {
  const trimmed = text.trim();
  if (NUMBER.test(trimmed)) return formatScalar(Number(trimmed));
  if (trimmed.startsWith('{') && trimmed.endsWith('}')) {
    const items = trimmed
      .slice(1, -1)
      .split(',')
      .map((item) => item.trim());
    return `{${items.sort(compareText).join(',')}}`;
  }
  if (RANGES.test(trimmed)) {
    const ranges = trimmed
      .slice(1, -1)
      .split(',')
      .map((range) => range.split('-').map((bound) => Number(bound.trim())));
    ranges.sort((a, b) => a[0] - b[0]);
    return `[${ranges.map(([begin, end]) => `${begin}-${end}`).join(',')}]`;
  }
  return text;
}

/** Prints a scalar: `1`, `1.001`, `1,000`. Rounding: three decimals of the exact binary value, ties to even. */
export function formatScalar(value: number): string {
  const negative = value < 0;
  const size = Math.abs(value);
  const sixteenths = size * 16;
  // x.xxx5 is exact in binary only when x is an odd number of sixteenths (0.0625, 0.1875, ...): the only true ties.
  const tie = Number.isInteger(sixteenths) && sixteenths % 2 === 1;
  const low = Math.floor(size * 1000);
  const [whole, fraction] = tie ? thousandths(low % 2 === 0 ? low : low + 1) : size.toFixed(3).split('.');
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, ',');
  const decimals = fraction.replace(/0+$/, '');
  const text = decimals === '' ? grouped : `${grouped}.${decimals}`;
  return negative ? `-${text}` : text;
}

function thousandths(count: number): [string, string] {
  return [String(Math.floor(count / 1000)), String(count % 1000).padStart(3, '0')];
}

/** Order by UTF-16 code units, as Java's String.compareTo. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
