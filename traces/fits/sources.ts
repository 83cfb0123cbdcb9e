/** The public files that fits are learned from and replays read, by path inside the folder named by TIDEMARK_DATA. */

export interface SourceFile {
  readonly path: string;
  readonly origin: string;
  readonly commit: string;
  readonly licence: string;
}

export const SOURCES = {
  alibabaBatch: {
    path: 'alibaba-2018-batch-dist/distributions.json.gz',
    origin: 'github.com/All-less/trace-generator spar/data/distributions/*.pkl, histograms as (value, count) pairs',
    commit: '5a689312fef8',
    licence: 'MIT; Tian, Zheng, Wang, SoCC 2019',
  },
  hourOfDay: {
    path: 'profiles/hour_of_day.json',
    origin: 'mean-normalised hour-of-day profiles derived from Azure V1, Alibaba 2018, Google 2011 and NYC taxi counts',
    commit: 'derived',
    licence: 'facts (aggregates)',
  },
} as const satisfies Record<string, SourceFile>;
