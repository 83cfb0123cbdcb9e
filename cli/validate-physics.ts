/** `tidemark validate-physics`: published facts against the model, judged by bands that were fixed before it ran. */
import type { Command } from 'commander';
import type { AblationRow } from '../sim/host/validation/ablations.ts';
import type { ModelMetric, ValidationRow } from '../sim/host/validation/validate.ts';
import { withProgress } from './progress.ts';

export interface ValidatePhysicsCommand {
  readonly json: boolean;
  readonly ablations: boolean;
  /** Runs the facts that need whole runs too. */
  readonly engine: boolean;
  /** Exit code 1 when a fact outside its band is found. */
  readonly strict: boolean;
}

/** Adds the command. */
export function register(program: Command): void {
  program
    .command('validate-physics')
    .description('hold the host model against published figures; bands are fixed before, calibration is not counted')
    .option('--engine', 'run the facts that need whole runs too (about 15 s)', false)
    .option('--ablations', 'show what each part of the model contributes', false)
    .option('--strict', 'end with code 1 when a fact disagrees', false)
    .option('--json', 'print rows as JSON', false)
    .action(async (options: ValidatePhysicsCommand) => {
      process.exitCode = await validatePhysicsCommand(options, (text) => process.stdout.write(text));
    });
}

/** Runs the suite and returns the exit code: a fact that disagrees is information, not a failure, unless `strict`. */
export async function validatePhysicsCommand(
  command: ValidatePhysicsCommand,
  write: (text: string) => void,
): Promise<number> {
  const [{ validatePhysics }, { defaultParameters }] = await Promise.all([
    import('../sim/host/validation/validate.ts'),
    import('../sim/host/parameters.ts'),
  ]);
  const parameters = defaultParameters();
  let rows: readonly ValidationRow[] = validatePhysics(parameters);
  if (command.engine) {
    const { validateEngine } = await import('../lab/validate-engine.ts');
    const open = rows.filter((row) => row.needs === 'engine').length;
    let begun = 0;
    const found = await withProgress('validate-physics', ({ update }) =>
      validateEngine((id) => update(begun++ / Math.max(1, open), id)),
    );
    const answers = new Map(found.map((row) => [row.id, row]));
    rows = rows.map((row) => answers.get(row.id) ?? row);
  }
  let ablations: readonly AblationRow[] | null = null;
  if (command.ablations) {
    const { ablatePhysics } = await import('../sim/host/validation/ablations.ts');
    ablations = ablatePhysics(parameters);
  }
  write(command.json ? jsonOf(rows, ablations) : textOf(rows, ablations, command.engine));
  return command.strict && rows.some((row) => row.verdict === 'fail') ? 1 : 0;
}

function jsonOf(rows: readonly ValidationRow[], ablations: readonly AblationRow[] | null): string {
  return `${JSON.stringify({ counts: countsOf(rows), rows, ...(ablations === null ? {} : { ablations }) }, null, 2)}\n`;
}

const VERDICT_TEXT: Readonly<Record<ValidationRow['verdict'], string>> = {
  pass: 'PASS',
  fail: 'FAIL',
  calibration: 'CALIBRATION',
  'not-modelled': 'NOT RUN',
};

const TAG_TEXT: Readonly<Record<ValidationRow['tag'], string>> = {
  F: 'found in the source',
  V: 'verified by computation',
  S: 'stated by the operator',
  M: 'from memory',
  A: 'assumed',
};

const WIDTH = 110;
const INDENT = 6;

function textOf(rows: readonly ValidationRow[], ablations: readonly AblationRow[] | null, withEngine: boolean): string {
  const lines: string[] = [];
  for (const row of rows) {
    lines.push(`${row.id.padEnd(INDENT)}${VERDICT_TEXT[row.verdict]}`);
    lines.push(...wrapped('fact', row.fact), ...wrapped('source', `${row.source} (${TAG_TEXT[row.tag]})`));
    for (const metric of row.model) lines.push(...wrapped(metric.isWithin ? 'model' : 'model !', metricText(metric)));
    if (row.model.length === 0) lines.push(...wrapped('band', row.band));
    if (row.verdict === 'calibration')
      lines.push(...wrapped('note', 'fitted a coefficient of the model, so it never counts as validation'));
    if (row.reason !== '') lines.push(...wrapped(row.verdict === 'pass' ? 'note' : 'reason', row.reason));
    lines.push('');
  }
  if (ablations !== null) {
    lines.push('What each part of the model contributes');
    for (const { part, measure, withPart, withoutPart } of ablations)
      lines.push(...wrapped(part, `${measure}: ${numberText(withPart)} with, ${numberText(withoutPart)} without`));
    lines.push('');
  }
  const waiting = rows.some((row) => row.verdict === 'not-modelled' && row.needs === 'engine');
  if (!withEngine && waiting) lines.push('Facts that need whole runs: tidemark validate-physics --engine');
  const { passed, failed, calibration, notRun } = countsOf(rows);
  lines.push(
    `${passed} passed, ${failed} failed, ${calibration} used for calibration (not counted), ${notRun} not run`,
  );
  return `${lines.join('\n')}\n`;
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly calibration: number;
  readonly notRun: number;
}

function countsOf(rows: readonly ValidationRow[]): Counts {
  const count = (verdict: ValidationRow['verdict']) => rows.filter((row) => row.verdict === verdict).length;
  return {
    passed: count('pass'),
    failed: count('fail'),
    calibration: count('calibration'),
    notRun: count('not-modelled'),
  };
}

/** `p99ChangePercent 145 in 90..200, published 140.8`. */
function metricText({ name, model, isWithin, low, high, target }: ModelMetric): string {
  const band = low === null ? `at most ${high}` : high === null ? `at least ${low}` : `${low}..${high}`;
  return `${name} ${numberText(model)}, ${isWithin ? 'within' : 'outside'} ${band}; published ${target}`;
}

/** Four significant digits. */
function numberText(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** Words after a label, broken at WIDTH columns. */
function wrapped(label: string, text: string): string[] {
  const column = INDENT + Math.max(9, label.length + 1);
  const lines: string[] = [];
  let line = `${' '.repeat(INDENT)}${label}`.padEnd(column);
  let isFirst = true;
  for (const word of text.split(' ')) {
    if (!isFirst && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = ' '.repeat(column) + word;
      continue;
    }
    line = isFirst ? line + word : `${line} ${word}`;
    isFirst = false;
  }
  return [...lines, line];
}
