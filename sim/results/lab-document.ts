/**
 * What an experiment of many runs (sweep, comparison, search, headroom) hands to whoever shows it: numbers, names and sentences as plain
 * JSON. The lab writes it, reports draw it, other tools may read `document.json`. Neither side knows more of the other than this file.
 *
 * Numbers that do not exist (an interval with one seed, a bound that is infinite) are null.
 */
import { ConfigError } from '../../policies/base/assert.ts';
import type { RunLines } from './run-hours.ts';

export const LAB_FORMAT = 'tidemark-lab/1';

export interface LabDocument {
  readonly format: typeof LAB_FORMAT;
  readonly kind: 'sweep' | 'compare' | 'search' | 'headroom';
  readonly title: string;
  /** Size and conditions in one line. */
  readonly subtitle: string;
  /** The command that repeats it. */
  readonly command: string;
  /** The answer, a paragraph each, what matters most first. */
  readonly answer: readonly string[];
  readonly cards: readonly LabCard[];
  readonly currency: string;
  /** Policies, points, candidates or seeds; the baseline first where there is one. */
  readonly arms: readonly LabArm[];
  /** Figures that charts show, in order of importance. */
  readonly figures: readonly LabFigure[];
  /** Every other arm against the first. */
  readonly differences: readonly LabDifference[];
  /** What a search tested, least risk first. */
  readonly risk: LabRisk | null;
  /** What a reader must know. */
  readonly notes: readonly string[];
  /** The first is the machine's table (table.csv, table.parquet); others go by their id. */
  readonly tables: readonly LabTable[];
}

export interface LabCard {
  readonly name: string;
  readonly value: string;
  readonly detail: string;
}

/** A mean over seeds with half of its interval. */
export interface LabEstimate {
  readonly mean: number;
  readonly halfWidth: number | null;
  readonly n: number;
}

export interface LabArm {
  readonly name: string;
  readonly seeds: readonly string[];
  readonly digests: readonly string[];
  /** By the name of the figure. */
  readonly estimates: Readonly<Record<string, LabEstimate>>;
  /** The choice between four goods; null where an arm is no policy. */
  readonly pareto: LabPareto | null;
  /** Where the arm lies on the horizontal axis of a response: a number or a text per factor; empty without factors. */
  readonly at: readonly (number | string)[];
  readonly hours: LabHours | null;
}

/** Means over seeds. */
export interface LabPareto {
  readonly cpuUtilisationMeanPercent: number;
  readonly violationServiceHourPercent: number;
  readonly wastedPercent: number;
  readonly costPerUsefulCoreHour: number;
  /** No other arm is at least as good on all four and better on one. */
  readonly efficient: boolean;
}

/** The run hour by hour. */
export interface LabHours {
  /** Seeds behind the means. */
  readonly n: number;
  readonly lines: RunLines | null;
  /** Hour of the first number of every column. */
  readonly fromHour: number;
  /** Means over the seeds, one number an hour, by column (`HourColumn`, or `fits` for headroom). */
  readonly columns: Readonly<Record<string, readonly number[]>>;
  /** Services of one seed (services differ between seeds): percent of late requests an hour. */
  readonly services: readonly { readonly name: string; readonly latePercent: readonly number[] }[];
  readonly serviceSeed: string;
}

export interface LabFigure {
  readonly figure: string;
  readonly words: string;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
}

export interface LabDifference {
  readonly arm: string;
  readonly figure: string;
  /** Arm minus baseline, in the unit of the figure. */
  readonly difference: number;
  readonly low: number | null;
  readonly high: number | null;
  /** Differences inside -margin..margin do not matter. */
  readonly margin: number;
  readonly verdict: 'better' | 'worse' | 'equivalent' | 'undecided' | 'one seed';
}

export interface LabRisk {
  readonly figure: LabFigure;
  readonly budget: number;
  /** Largest share of runs that may violate, 0..1, and the confidence of the answer. */
  readonly epsilon: number;
  readonly confidence: number;
  readonly candidates: readonly LabCandidate[];
}

export interface LabCandidate {
  readonly name: string;
  readonly verdict: 'safe' | 'unsafe' | 'not shown safe' | 'only looked at';
  readonly recommended: boolean;
  readonly n: number;
  readonly hits: number;
  /** P(violation) with its bounds, 0..1. */
  readonly low: number;
  readonly high: number;
  readonly figure: LabEstimate;
}

export interface LabColumn {
  readonly name: string;
  readonly type: 'int32' | 'float64' | 'string';
  /** Shown behind headings: `%`, `ms`, `CNY`; empty for plain numbers and texts; `row`: what the column `unit` of the row says. */
  readonly unit: string;
  readonly about: string;
}

export interface LabTable {
  /** File name without its ending. */
  readonly id: string;
  readonly caption: string;
  readonly columns: readonly LabColumn[];
  readonly rows: readonly (readonly (string | number | null)[])[];
  /** Whether pages and Markdown show it; a table of every run is for files only. */
  readonly shown: boolean;
}

/** Throws ConfigError, `path` named, when a parsed value is no document of this version. */
export function checkLabDocument(value: unknown, path: string): LabDocument {
  const document = value as LabDocument | null;
  if (document?.format !== LAB_FORMAT || !Array.isArray(document.arms) || !Array.isArray(document.tables))
    throw new ConfigError(`${path}: is no document of an experiment; expected format "${LAB_FORMAT}"`);
  return document;
}
