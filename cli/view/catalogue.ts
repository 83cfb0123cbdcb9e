/** What lies below a folder: runs, runs under several seeds, sweeps (finished or not), plans and comparisons. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { readCell } from '../../lab/cache.ts';
import { identityOf } from '../../lab/sweep.ts';
import { pointName, type SweepDescription } from '../../lab/sweep-plan.ts';
import { readDescription } from '../../lab/sweep-table.ts';
import type { ListEntry, ListFigures, SweepProgress } from '../../reports/view/list-page.ts';
import type { RunSummary } from '../../sim/results/schema.ts';
import { kindOfDirectory, readReplications } from '../../sim/results/store.ts';

/** Folders are looked into so deep, and so many entries are listed. */
const MOST_LEVELS = 4;
const MOST_ENTRIES = 500;
const SKIPPED = /^(\.|node_modules$|cells$|seed-\d+$)/;

/** A catalogue remembers the results of cells it has read: a poll reads only what is new. */
export interface Catalogue {
  list(nowMs: number): readonly ListEntry[];
}

export function createCatalogue(root: string): Catalogue {
  const known = new Map<string, ListFigures>();
  return {
    list(nowMs) {
      const entries: ListEntry[] = [];
      const look = (dir: string, level: number): void => {
        if (entries.length >= MOST_ENTRIES) return;
        const entry = entryOf(root, dir, nowMs, known);
        if (entry !== null) entries.push(entry);
        if (level === MOST_LEVELS) return;
        for (const name of foldersIn(dir)) look(join(dir, name), level + 1);
      };
      look(root, 0);
      return entries.sort((a, b) => b.changedMs - a.changedMs || (a.path < b.path ? -1 : 1));
    },
  };
}

function foldersIn(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !SKIPPED.test(entry.name))
      .map((entry) => entry.name)
      .sort();
  } catch {
    // Removed or unreadable between two looks: not there.
    return [];
  }
}

/** Null when `dir` itself holds no results, or when what it holds cannot be read: a half-written folder is not there yet. */
function entryOf(root: string, dir: string, nowMs: number, known: Map<string, ListFigures>): ListEntry | null {
  try {
    const path = relative(root, dir).split(sep).join('/');
    const base = {
      path: path === '' ? '.' : path,
      report: existsSync(join(dir, 'report.html')),
      figures: null,
      progress: null,
      points: [],
    };
    const changedMs = (name: string): number => statSync(join(dir, name)).mtimeMs;
    const description = readDescription(dir);
    if (description !== null) {
      const progress = progressOf(dir, description, nowMs, known);
      const points = description.points.map((_, point) => pointName(description, point));
      const text = `${description.points.length} points x ${description.seeds.length} seeds of ${description.name}`;
      return { ...base, kind: 'sweep', text, changedMs: changedMs('sweep.json'), progress, points };
    }
    if (existsSync(join(dir, 'comparison.json')))
      return { ...base, kind: 'comparison', text: 'comparison', changedMs: changedMs('comparison.json') };
    if (existsSync(join(dir, 'cells')) || existsSync(join(dir, 'answer.json'))) {
      const cells = readdirSync(join(dir, 'cells')).filter((name) => name.endsWith('.json')).length;
      const finished = existsSync(join(dir, 'answer.json'));
      const text = finished ? `${cells} runs, answered` : `${cells} runs so far, no answer yet`;
      return { ...base, kind: 'plan', text, changedMs: changedMs(finished ? 'answer.json' : 'cells') };
    }
    const kind = kindOfDirectory(dir);
    if (kind === 'run') {
      const manifest = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8'));
      const summary: RunSummary = JSON.parse(readFileSync(join(dir, 'summary.json'), 'utf8'));
      const text = `${manifest.name}, seed ${manifest.seed}`;
      return { ...base, kind, text, changedMs: changedMs('manifest.json'), figures: figuresOf(summary) };
    }
    if (kind === 'replications') {
      const { seeds, estimates } = readReplications(dir);
      const means = Object.fromEntries(Object.entries(estimates).map(([figure, { mean }]) => [figure, mean]));
      const text = `${seeds.length} seeds, the first ${seeds[0]}`;
      return {
        ...base,
        kind,
        text,
        changedMs: changedMs('summary.json'),
        figures: figuresOf(means as unknown as RunSummary),
      };
    }
    return null;
  } catch {
    return null;
  }
}

function figuresOf(summary: RunSummary): ListFigures {
  return {
    cpuPercent: summary.cpuUtilisationMeanPercent,
    violationPercent: summary.violationServiceHourPercent,
    doneCoreHours: summary.doneCoreHours,
    wastedPercent: summary.wastedPercent,
    costPerCoreHour: summary.costPerUsefulCoreHour,
  };
}

/** Cells that are there, and the means of every point over them. */
function progressOf(
  dir: string,
  description: SweepDescription,
  nowMs: number,
  known: Map<string, ListFigures>,
): SweepProgress {
  const cellDir = join(dir, 'cells');
  const wanted = new Set(description.cells.map((cell) => cell.key));
  const sums = description.points.map(() => ({ runs: 0, figures: null as ListFigures | null }));
  const seen = new Set<string>();
  let lastMs = 0;
  for (const [index, cell] of description.cells.entries()) {
    const path = join(cellDir, `${cell.key}.json`);
    let figures = known.get(path);
    if (figures === undefined) {
      const found = readCell(cellDir, identityOf(description, index));
      if (found.kind !== 'found') continue;
      figures = figuresOf(found.result.summary);
      known.set(path, figures);
    }
    // A cell removed since then is not there any more, whatever is remembered of it.
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    lastMs = Math.max(lastMs, stat.mtimeMs);
    seen.add(cell.key);
    const sum = sums[cell.point];
    sum.runs++;
    sum.figures = sum.figures === null ? figures : added(sum.figures, figures);
  }
  return {
    done: seen.size,
    cells: wanted.size,
    secondsSinceLast: lastMs === 0 ? null : Math.max(0, Math.round((nowMs - lastMs) / 1000)),
    rows: sums.map(({ runs, figures }, point) => ({
      name: pointName(description, point),
      runs,
      figures: figures === null ? null : divided(figures, runs),
    })),
  };
}

function mapped(make: (figure: keyof ListFigures) => number): ListFigures {
  return {
    cpuPercent: make('cpuPercent'),
    violationPercent: make('violationPercent'),
    doneCoreHours: make('doneCoreHours'),
    wastedPercent: make('wastedPercent'),
    costPerCoreHour: make('costPerCoreHour'),
  };
}

function added(a: ListFigures, b: ListFigures): ListFigures {
  return mapped((figure) => a[figure] + b[figure]);
}

function divided(a: ListFigures, by: number): ListFigures {
  return mapped((figure) => a[figure] / by);
}
