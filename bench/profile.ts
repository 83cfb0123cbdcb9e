/** Where a run's time goes: V8's sampling profiler, added up by room. */
import { Session } from 'node:inspector';

/** A file of the compiled project belongs to the first part whose pattern its path matches. */
const PARTS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['demand and physics', /sim\/(engine\/(online|host-sweep|late|latency-|memory-|throttl|answering|tick)|host\/)/],
  ['placement', /sim\/planes\//],
  ['calendar', /sim\/kernel\/(heap|fpq)-calendar|fastpriorityqueue/],
  ['policies', /policies\//],
  ['workload', /traces\/|sim\/workload\//],
  ['recording', /sim\/(engine\/(recorder|results|telemetry|window-record)|results|kernel\/(digest|quantile))/],
  ['task lifecycle', /sim\/(engine|cluster)\//],
];

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly url: string; readonly functionName: string };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Runs `work` under the profiler (about 3 % slower) and returns seconds by part; the rest is `other` (garbage collection, start). */
export async function profileParts<T>(work: () => T): Promise<{ result: T; parts: Record<string, number> }> {
  const session = new Session();
  session.connect();
  const post = (method: string) =>
    new Promise<unknown>((resolve, reject) => {
      session.post(method, (error: Error | null, value?: object) => (error === null ? resolve(value) : reject(error)));
    });
  await post('Profiler.enable');
  await post('Profiler.start');
  const result = work();
  const { profile } = (await post('Profiler.stop')) as { profile: Profile };
  session.disconnect();
  return { result, parts: secondsByPart(profile) };
}

function secondsByPart(profile: Profile): Record<string, number> {
  const partOfNode = new Map(
    profile.nodes.map((node) => {
      const { url, functionName } = node.callFrame;
      const part = PARTS.find(([, pattern]) => pattern.test(url))?.[0];
      return [node.id, part ?? (functionName === '(garbage collector)' ? 'garbage collection' : 'other')] as const;
    }),
  );
  const seconds: Record<string, number> = {};
  profile.samples.forEach((node, i) => {
    const part = partOfNode.get(node) ?? 'other';
    seconds[part] = (seconds[part] ?? 0) + profile.timeDeltas[i] / 1e6;
  });
  return seconds;
}
