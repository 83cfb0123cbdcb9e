/** Formats by name, for the command line. */
import { ConfigError } from '../../policies/base/assert.ts';
import { importAlibaba2017 } from './alibaba-2017.ts';
import { importAlibaba2018 } from './alibaba-2018.ts';
import { importAzure } from './azure.ts';
import { importAzurePacking } from './azure-packing.ts';
import { importBatsim } from './batsim.ts';
import type { ImportedTrace } from './canonical.ts';
import { type ImportContext, scaleOf } from './context.ts';
import { importGoogle2011 } from './google-2011.ts';
import { importGoogle2019 } from './google-2019.ts';
import { importGpuV2020 } from './gpu-v2020.ts';
import { importGpuV2025 } from './gpu-v2025.ts';
import { importGwaT12 } from './gwa-t-12.ts';
import { importHelios } from './helios.ts';
import { importKubectl } from './kubectl.ts';
import { importNodeMetric } from './node-metric.ts';
import { importOpenb } from './openb.ts';
import { importOpendc } from './opendc.ts';
import { importPhilly } from './philly.ts';
import { importPrometheus } from './prometheus.ts';
import { importSimkube } from './simkube.ts';
import { importSwf } from './swf.ts';
import { importSwim } from './swim.ts';
import { memorySink } from './usage-sink.ts';
import { importWfformat } from './wfformat.ts';
import { importWtf } from './wtf.ts';
import { importYarnSls } from './yarn-sls.ts';

interface ImportFormat {
  readonly about: string;
  /** Most paths it takes. */
  readonly most: number;
  read(paths: readonly string[], context: ImportContext): Promise<ImportedTrace>;
}

const ANY = Number.POSITIVE_INFINITY;

export const IMPORT_FORMATS: Readonly<Record<string, ImportFormat>> = {
  swf: {
    about: 'Standard Workload Format: one file',
    most: 1,
    read: ([path], context) => importSwf(path, context),
  },
  batsim: { about: 'Batsim workload JSON: one file', most: 1, read: ([path]) => importBatsim(path) },
  openb: {
    about: 'Alibaba GPU v2023: a pod list and, if wanted, a node list (CSV)',
    most: 2,
    read: ([pods, nodes], context) => importOpenb(pods, nodes, context),
  },
  kubectl: { about: '`kubectl get nodes,pods -A -o json`: one file', most: 1, read: ([path]) => importKubectl(path) },
  opendc: {
    about: 'OpenDC workload: a folder with tasks.parquet and fragments.parquet',
    most: 1,
    read: ([folder], context) => importOpendc(folder, scaleOf(context, 'mem', 1)),
  },
  azure: {
    about: 'Azure V1 and V2: vmtable.csv and vm_cpu_readings parts, or their folder',
    most: ANY,
    read: importAzure,
  },
  'google-2011': {
    about: 'Google ClusterData2011: machine_events, task_events, task_usage',
    most: ANY,
    read: importGoogle2011,
  },
  'google-2019': {
    about: 'Google 2019 as JSON lines or Parquet: machine, collection and instance events, instance_usage',
    most: ANY,
    read: importGoogle2019,
  },
  'alibaba-2017': { about: 'Alibaba 2017: server, container and batch tables', most: ANY, read: importAlibaba2017 },
  'alibaba-2018': { about: 'Alibaba 2018: machine, container and batch tables', most: ANY, read: importAlibaba2018 },
  'gpu-v2020': {
    about: 'Alibaba GPU v2020: pai_task, pai_instance, pai_job, pai_machine_spec',
    most: ANY,
    read: importGpuV2020,
  },
  'gpu-v2025': {
    about: 'Alibaba GPU v2025: one list of instances (CSV)',
    most: 1,
    read: ([path], context) => importGpuV2025(path, context),
  },
  'azure-packing': {
    about: 'Azure packing trace 2020: one SQLite file',
    most: 1,
    read: ([path], context) => importAzurePacking(path, context),
  },
  swim: { about: 'SWIM samples: one TSV', most: 1, read: ([path], context) => importSwim(path, context) },
  wfformat: { about: 'WfCommons WfFormat: one JSON', most: 1, read: ([path]) => importWfformat(path) },
  'yarn-sls': {
    about: 'YARN SLS, Rumen or SYNTH: one file of JSON objects',
    most: 1,
    read: ([path]) => importYarnSls(path),
  },
  simkube: {
    about: 'SimKube trace version 2 or 3: one JSON or .sktrace',
    most: 1,
    read: ([path]) => importSimkube(path),
  },
  philly: {
    about:
      'Microsoft Philly: cluster_job_log, cluster_machine_list, cluster_cpu_util, cluster_mem_util, cluster_gpu_util',
    most: ANY,
    read: importPhilly,
  },
  helios: { about: 'SenseTime Helios: cluster_log.csv, cluster_gpu_number.csv', most: ANY, read: importHelios },
  prometheus: { about: 'Prometheus query_range answers: one JSON for each metric', most: ANY, read: importPrometheus },
  'node-metric': {
    about: 'Koordinator NodeMetric: `kubectl get nodemetric -o json`, any number of times',
    most: ANY,
    read: importNodeMetric,
  },
  'gwa-t-12': { about: 'Bitbrains GWA-T-12: files of VMs, or their folder', most: ANY, read: importGwaT12 },
  wtf: {
    about: 'Workflow Trace Format: the folder of a trace (parquet)',
    most: 1,
    read: ([folder], context) => importWtf(folder, context),
  },
};

/** A context that keeps use in memory and refuses invalid rows. */
function plainContext(scale: Readonly<Record<string, number>> = {}): ImportContext {
  return {
    reading: {},
    usage: memorySink(),
    drops: { count: 0, listed: [] },
    skipInvalid: false,
    scale,
    duckdb: false,
    bulk: null,
  };
}

/** Reads `paths` as `format`. Throws ConfigError for an unknown format or a wrong number of paths, TraceError for bad data. */
export async function importTrace(
  format: string,
  paths: readonly string[],
  context: ImportContext = plainContext(),
): Promise<ImportedTrace> {
  if (!Object.hasOwn(IMPORT_FORMATS, format))
    throw new ConfigError(`trace format is "${format}"; known: ${Object.keys(IMPORT_FORMATS).join(', ')}`);
  const { most, about, read } = IMPORT_FORMATS[format];
  if (paths.length < 1 || paths.length > most)
    throw new ConfigError(`${paths.length} paths were given; ${format} reads ${about}`);
  return read(paths, context);
}

/** What was read, in sentences with numbers. */
export function describeImport(trace: ImportedTrace): string[] {
  const { tasks, hosts, services, events, stored } = trace;
  const known = stored?.tasks?.withDuration ?? tasks.durationMs.reduce((n, ms) => n + (Number.isNaN(ms) ? 0 : 1), 0);
  const taskCount = stored?.tasks?.count ?? tasks.count;
  const serviceCount = stored?.services ?? services?.count;
  const lastMs = stored?.tasks?.lastSubmitMs ?? (tasks.count === 0 ? 0 : tasks.submitMs[tasks.count - 1]);
  const milliCpu = hosts.milliCpu.reduce((sum, milli) => sum + (milli > 0 ? milli : 0), 0);
  const lines = [
    `${trace.format}: ${taskCount} tasks over ${(lastMs / 3_600_000).toFixed(1)} h, ${known} of them with a duration.`,
    hosts.ids.length === 0 ? 'No hosts.' : `${hosts.ids.length} hosts with ${milliCpu / 1000} cores.`,
  ];
  if (serviceCount !== undefined)
    lines.push(`${serviceCount} services (VMs, containers, pods, machines) with use over time.`);
  if (events !== undefined && events.ids.length > 0) lines.push(`${events.ids.length} events of hosts and objects.`);
  for (const [name, source] of Object.entries(trace.columns))
    lines.push(`${name}: ${source.kind}, from ${source.from} x ${source.scale}.`);
  for (const note of trace.notes) lines.push(`${note}.`);
  return lines;
}
