/** A backtest in words: a table for the command, one sentence for every report that rests on the load tested. */
import type { BacktestError, ScenarioBacktest } from './backtest.ts';

const percent = (value: number) => `${Number(value.toFixed(value < 10 ? 2 : 1))} %`;
const points = (value: number) => {
  const rounded = Number(value.toFixed(2));
  return rounded > 0 ? `+${rounded}` : String(rounded);
};

/** Days of the trace, as "days 20 to 29"; hours where they are not whole days. */
export function spanWords(fromHour: number, toHour: number): string {
  if (fromHour % 24 === 0 && toHour % 24 === 0) return `days ${fromHour / 24} to ${toHour / 24}`;
  return `hours ${fromHour} to ${toHour}`;
}

export function backtestLines(backtest: ScenarioBacktest): string[] {
  const { measured, of, hours, rows, scenario } = backtest;
  const head = ['', 'series', 'mean', 'measured', 'bias', 'MAE', 'p95', 'measured', 'peak', 'measured'];
  const cells = (row: BacktestError) => [
    row.name,
    `${row.runSeries}/${row.measuredSeries}`,
    percent(row.runMeanPercent),
    percent(row.measuredMeanPercent),
    points(row.biasPoints),
    String(Number(row.maePoints.toFixed(2))),
    percent(row.runP95Percent),
    percent(row.measuredP95Percent),
    percent(row.runPeakPercent),
    percent(row.measuredPeakPercent),
  ];
  const table = [head, ...rows.map(cells)].map((row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(8) : cell.padStart(10))).join(''),
  );
  const what = of === 'hosts' ? 'CPU of hosts over capacity' : 'CPU of services over request';
  return [
    `${what}: ${scenario} against ${spanWords(measured.fromHour, measured.toHour)} of ${measured.folder}, ${hours} hours; errors in points`,
    ...table,
  ];
}

/** How the sentence begins; results keep it among their notes. */
const QUOTE = 'Backtest of this load: ';

/** The sentences of backtests among the notes of some results, each once. */
export function quotedBacktests(...notes: readonly (readonly string[])[]): string[] {
  return [...new Set(notes.flat().filter((note) => note.startsWith(QUOTE)))];
}

/** The sentence that planning reports carry. */
export function backtestSentence({ measured, of, hours, rows }: ScenarioBacktest): string {
  const [all] = rows;
  const what = of === 'hosts' ? 'CPU of hosts' : 'online CPU over request';
  return (
    `${QUOTE}${what} was foretold as ${percent(all.runMeanPercent)} and measured as ${percent(all.measuredMeanPercent)} over ${hours} hours ` +
    `(${spanWords(measured.fromHour, measured.toHour)} of ${measured.folder}); an hour is off by ${Number(all.maePoints.toFixed(2))} points on average, bias ${points(all.biasPoints)}, ` +
    `p95 ${points(all.runP95Percent - all.measuredP95Percent)}, peak ${points(all.runPeakPercent - all.measuredPeakPercent)}.`
  );
}
