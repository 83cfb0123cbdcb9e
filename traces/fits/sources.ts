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
  azureV2Vms: {
    path: 'azure-v2/vmtable.csv.gz',
    origin:
      'github.com/RyanChenJung/Time-Serie-Analysis-for-Azure-VM Data/selected_vms_500.csv and deep_study_vms_metadata.csv, ' +
      'VMs of the full 30 days in the layout of vmtable.csv',
    commit: '99cade7b0357',
    licence: 'CC-BY-4.0, Azure Public Dataset V2; Cortez et al., SOSP 2017',
  },
  azureV2Readings: {
    path: 'azure-v2/vm_cpu_readings.csv.gz',
    origin:
      'github.com/RyanChenJung/Time-Serie-Analysis-for-Azure-VM Data/checkpoints/readings_checkpoint_*.csv, 14 VMs, merged, ' +
      'sorted, 4 decimals',
    commit: '99cade7b0357',
    licence: 'CC-BY-4.0, Azure Public Dataset V2; Cortez et al., SOSP 2017',
  },
  azureV1Region: {
    path: 'azure-v1/total_cpu_5min.csv.gz',
    origin:
      'github.com/amcs1729/Predicting-cloud-CPU-usage-on-Azure-data azure.csv, sums over all VMs per 5 min, 30 days',
    commit: '56958485e229',
    licence: 'Apache-2.0 over CC-BY-4.0, Azure Public Dataset V1; Cortez et al., SOSP 2017',
  },
  google2011Jobs: {
    path: 'google-2011/job_usage_10d.csv.gz',
    origin:
      'github.com/HiPro-IT/CPU-and-Memory-resource-usage-from-Google-Cluster-Data GCD_VMs.tar.gz, 49 jobs with all 10 days',
    commit: '327b8ce301d4',
    licence: 'CC-BY-4.0, Google ClusterData2011; Reiss, Wilkes, Hellerstein 2011',
  },
  hourOfDay: {
    path: 'profiles/hour_of_day.json',
    origin: 'mean-normalised hour-of-day profiles derived from Azure V1, Alibaba 2018, Google 2011 and NYC taxi counts',
    commit: 'derived',
    licence: 'facts (aggregates)',
  },
} as const satisfies Record<string, SourceFile>;
