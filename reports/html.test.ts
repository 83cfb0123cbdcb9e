import { describe, expect, test } from 'vitest';
import { replicate } from '../sim/results/replicate.ts';
import type { RunResults } from '../sim/results/schema.ts';
import { threeWindowResults } from '../sim/results/testing/three-windows.ts';
import { runCharts } from './charts/run-charts.ts';
import { factsOf } from './facts.ts';
import { runReportHtml } from './html.ts';
import { renderSvg } from './render.ts';
import { replicationsReportHtml } from './replications-html.ts';
import { sampleResults, WEEK_SAMPLE } from './testing/sample-results.ts';

const results = sampleResults();
const options = { command: 'tidemark run a.yaml --set title="<b>"' };

/** References to other places: the two XML namespaces are names, not addresses. */
function references(html: string): string[] {
  return (
    html
      .replaceAll('xmlns="http://www.w3.org/2000/svg"', '')
      .replaceAll('xmlns:xlink="http://www.w3.org/1999/xlink"', '')
      .match(/https?:|\bsrc=|@import|<script|<link(?! rel="icon" href="data:,">)|url\((?!#)/g) ?? []
  );
}

describe('report.html of a run', () => {
  test('refers to nothing outside itself and holds no script', async () => {
    expect(references(await runReportHtml(results, options))).toEqual([]);
  });

  test('escapes the service "cart <script>alert...", the command and the plan', async () => {
    const plan = { ...(results.plan as object), title: '</pre><img src=x onerror=alert(1)>' };
    const html = await runReportHtml({ ...results, plan }, options);
    expect(html).toContain('cart &lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; co');
    expect(html).toContain('--set title=&quot;&lt;b&gt;&quot;');
    expect(html).not.toContain('<img');
    expect(html).not.toContain('<script');
  });

  test('is the same bytes twice', async () => {
    expect(await runReportHtml(results, options)).toBe(await runReportHtml(sampleResults(), options));
  });

  test('has 16 figures, each with a drawing, a title and a sentence with a number; ids are used once', async () => {
    const html = await runReportHtml(results, options);
    expect(html.match(/<figure /g)).toHaveLength(16);
    expect(html.match(/<svg /g)).toHaveLength(16);
    for (const [, sentence] of html.matchAll(/<figcaption><span class="shows">(.*?)<\/span>/g))
      expect(sentence).toMatch(/\d/);
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('tells of no market where nobody sells: Mesos, or a scheduler without Koordinator', async () => {
    const plan = { ...(results.plan as object), koordinator: { enabled: false } };
    const summary = { ...results.summary, batchSoldMeanPercent: 0 };
    const html = await runReportHtml({ ...results, plan, summary }, options);
    expect(html.match(/<figure /g)).toHaveLength(15);
    expect(html).not.toContain('batch-cpu: for sale');
    expect(html).not.toContain(', sold ');
  });

  test('every table has a caption; seed, plan hash and digest are there', async () => {
    const html = await runReportHtml(results, options);
    expect(html.match(/<caption>/g)).toHaveLength(html.match(/<table>/g)?.length ?? 0);
    for (const text of [results.manifest.planHash, results.manifest.digest, 'The whole plan'])
      expect(html).toContain(text);
  });

  test('lists the parameters given and marks the one the plan changed', async () => {
    const html = await runReportHtml(results, {
      ...options,
      parameters: [
        { name: 'smtContentionRatio', value: 1.4, unit: 'ratio', source: 'measured' },
        { name: 'idleShare', value: 0.3, unit: 'share', source: 'assumed' },
      ],
    });
    expect(html).toContain('changed by the plan; otherwise 1.4 (measured)');
    expect(html).toContain('idleShare');
  });

  test('of 2000 hosts and 168 hours is smaller than 2 MB', async () => {
    const html = await runReportHtml(sampleResults(WEEK_SAMPLE), options);
    expect(html.length).toBeLessThan(2_000_000);
  });
});

describe('charts', () => {
  test('follow no time zone of the machine', async () => {
    const [chart] = runCharts(factsOf(results));
    const before = process.env.TZ;
    const drawn: string[] = [];
    for (const zone of ['UTC', 'Pacific/Auckland']) {
      process.env.TZ = zone;
      drawn.push(await renderSvg(chart));
    }
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
    expect(drawn[0]).toBe(drawn[1]);
    expect(drawn[0]).toContain('day 2');
  });

  test.each<[string, (run: RunResults) => RunResults]>([
    ['three windows and one population', () => threeWindowResults()],
    ['no best effort and no service', (run) => emptied(run, ['services', 'serviceHours', 'batchHours', 'populations'])],
    ['no host-hours', (run) => emptied(run, ['hostHours'])],
    ['a plan that says nothing', (run) => ({ ...run, plan: null })],
  ])('are drawn without NaN for %s', async (_, change) => {
    for (const chart of runCharts(factsOf(change(results)))) {
      expect(`${chart.subtitle} ${chart.sentence}`).not.toMatch(/NaN|undefined|Infinity|n\/a/);
      expect(await renderSvg(chart)).not.toContain('NaN');
    }
  });
});

function emptied(run: RunResults, names: readonly (keyof RunResults['tables'])[]): RunResults {
  const tables: Record<string, unknown> = { ...run.tables };
  for (const name of names) {
    const columns = Object.fromEntries(
      Object.entries(run.tables[name].columns).map(([column, values]) => [column, values.slice(0, 0)]),
    );
    tables[name] = { name, rows: 0, columns };
  }
  return { ...run, tables: tables as unknown as RunResults['tables'] };
}

test('the page over 3 seeds shows means with half widths and every seed', () => {
  const runs = [60, 62, 67].map((percent, at) => ({
    manifest: { ...results.manifest, seed: `s<${at}>`, digest: `digest-of-${at}` },
    summary: { ...results.summary, cpuUtilisationMeanPercent: percent },
    reportPath: `seed-${at + 1}/report.html`,
  }));
  const replications = replicate(runs.map(({ manifest, summary }) => ({ ...manifest, summary })));
  const html = replicationsReportHtml(replications, runs, results.plan, options);
  // mean 63, half width 4.302653 x sqrt(13/3) = 8.957
  expect(html).toContain('63.0&nbsp;%');
  expect(html).toContain('\u00b1 9.0&nbsp;% (95&nbsp;%, 3 seeds)');
  expect(html).toContain('s&lt;2&gt;');
  expect(html).toContain('same in all');
  expect(html).toContain('href="seed-3/report.html"');
  expect(references(html)).toEqual([]);
});
