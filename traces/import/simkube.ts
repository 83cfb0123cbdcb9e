/**
 * SimKube trace, version 2 or 3, as JSON or as MessagePack (`.sktrace`): what was applied to and deleted from a cluster, second by second.
 *
 * Every tracked object is a service: its pods are found at the paths that config.trackedObjects gives, its count at spec.replicas. Applied
 * again, the last size counts. Version 3 may leave the paths out: those of Kubernetes' own kinds are known. What was seen of pods
 * (`pod_lifecycles` in version 2, `index` in 3) is not kept.
 */
import { TraceError } from '../../policies/base/assert.ts';
import { BYTES_PER_MIB, MS_PER_SECOND } from '../../policies/base/units.ts';
import {
  countedNote,
  type EventRow,
  eventColumns,
  hostColumns,
  type ImportedTrace,
  type ServiceRow,
  serviceColumns,
  taskColumns,
} from './canonical.ts';
import { asList, asNumber, asObject, asText, type Located, member, memberAt, readJson, textOr } from './json-access.ts';
import { readMsgpack } from './msgpack-file.ts';
import { effectiveRequest } from './pod-request.ts';
import { milliCpuOf } from './quantity.ts';

/** Where Kubernetes' own kinds hold their pod, when it is not spec.template. Source: SimKube's defaults of podSpecTemplatePaths. */
const KNOWN_PATHS: Readonly<Record<string, string>> = { CronJob: '/spec/jobTemplate/spec/template', Pod: '' };

/** Reads one trace. Throws TraceError with file and JSON path. */
export async function importSimkube(path: string): Promise<ImportedTrace> {
  const root = path.endsWith('.sktrace') ? await readMsgpack(path) : await readJson(path);
  const version = asNumber(member(root, 'version'));
  if (version !== 2 && version !== 3) throw new TraceError(`${path}: version is ${version}; 2 or 3 is expected`);
  const tracked = memberAt(root, 'config', 'trackedObjects');
  const services = new Map<string, ServiceRow>();
  const events: EventRow[] = [];
  const counts = { resized: 0, untracked: 0, podless: 0 };
  const list = asList(member(root, 'events'));
  const startS = list.reduce((low, event) => Math.min(low, asNumber(member(event, 'ts'))), Infinity);
  for (const event of list) {
    const timeMs = (asNumber(member(event, 'ts')) - startS) * MS_PER_SECOND;
    for (const object of asList(member(event, 'applied_objs'), true)) {
      const row = readObject(object, tracked, timeMs, counts);
      const known = services.get(row.id);
      if (known !== undefined) counts.resized += 1;
      services.set(row.id, known === undefined ? row : { ...row, startMs: known.startMs ?? timeMs });
      events.push({
        timeMs,
        id: row.id,
        kind: known === undefined ? 'add' : 'update',
        detail: `${row.replicas} replicas`,
      });
    }
    for (const object of asList(member(event, 'deleted_objs'), true)) {
      const id = idOf(object);
      const known = services.get(id);
      if (known !== undefined) services.set(id, { ...known, endMs: timeMs });
      events.push({ timeMs, id, kind: 'remove' });
    }
  }
  if (services.size === 0) throw new TraceError(`${path}: no object was applied`);
  const lifecycles = member(root, 'pod_lifecycles').value;
  return {
    format: 'simkube',
    startUnixMs: startS * MS_PER_SECOND,
    hosts: hostColumns([]),
    tasks: taskColumns([]).tasks,
    use: null,
    services: serviceColumns(Array.from(services.values())),
    events: eventColumns(events),
    columns: {
      'services.requestMilliCpu': { kind: 'absolute', from: 'effective request of one pod', scale: 1000 },
      'services.requestMemMib': { kind: 'absolute', from: 'effective request of one pod', scale: 1 / BYTES_PER_MIB },
    },
    notes: [
      ...countedNote(counts.resized, 'objects were applied again; the last size counts'),
      ...countedNote(counts.untracked, 'objects are of a kind the trace does not track; spec.template is taken'),
      ...countedNote(counts.podless, 'objects hold no pod: their request is 0'),
      ...countedNote(
        lifecycles === undefined ? 0 : Object.keys(lifecycles as object).length,
        'pod lifecycles are not kept',
      ),
    ],
  };
}

/** The value a JSON pointer leads to, through arrays too; undefined as soon as something is missing. */
function pointed(object: Located, pointer: string): Located {
  let current = object;
  for (const step of pointer.split('/').slice(1)) {
    if (current.value === undefined || current.value === null) return { value: undefined, where: current.where };
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(current.value))
      current = asList(current)[Number(key)] ?? { value: undefined, where: current.where };
    else current = member(current, key);
  }
  return current;
}

function idOf(object: Located): string {
  const namespace = textOr(memberAt(object, 'metadata', 'namespace'), 'default');
  return `${namespace}/${asText(member(object, 'kind'))}/${asText(memberAt(object, 'metadata', 'name'))}`;
}

function readObject(
  object: Located,
  tracked: Located,
  startMs: number,
  counts: { untracked: number; podless: number },
): ServiceRow {
  const kind = asText(member(object, 'kind'));
  const gvk = `${asText(member(object, 'apiVersion'))}.${kind}`;
  const known = tracked.value !== undefined && Object.hasOwn(asObject(tracked), gvk);
  if (!known) counts.untracked += 1;
  const given = known ? asList(memberAt(tracked, gvk, 'podSpecTemplatePaths'), true).map(asText) : [];
  const paths = given.length > 0 ? given : [KNOWN_PATHS[kind] ?? '/spec/template'];
  let milliCpu = 0;
  let bytes = 0;
  for (const path of paths) {
    const template = pointed(object, path);
    const spec = template.value === undefined ? template : member(template, 'spec');
    if (spec.value === undefined) counts.podless += 1;
    else {
      milliCpu += milliCpuOf(effectiveRequest(spec, 'cpu'));
      bytes += effectiveRequest(spec, 'memory');
    }
  }
  const replicas = memberAt(object, 'spec', 'replicas');
  return {
    id: idOf(object),
    kind: kind.toLowerCase(),
    group: textOr(memberAt(object, 'metadata', 'namespace'), 'default'),
    replicas: replicas.value === undefined || replicas.value === null ? 1 : asNumber(replicas),
    requestMilliCpu: milliCpu,
    requestMemMib: bytes / BYTES_PER_MIB,
    startMs,
  };
}
