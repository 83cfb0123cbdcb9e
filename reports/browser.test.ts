import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { runReportHtml } from './html.ts';
import { sampleResults } from './testing/sample-results.ts';

const EXECUTABLE = process.env.TIDEMARK_CHROMIUM ?? '/usr/bin/chromium';
const HOW_TO_GET_ONE = `no browser at ${EXECUTABLE}: apt-get install -y chromium, or set TIDEMARK_CHROMIUM to one`;
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

test('Chromium shows all 15 charts of a report, without an error, a request or a page wider than 400 pixels', async (context) => {
  if (!existsSync(EXECUTABLE)) {
    process.stderr.write(`${HOW_TO_GET_ONE}\n`);
    return context.skip(HOW_TO_GET_ONE);
  }
  const { chromium } = await import('playwright-core');
  const room = mkdtempSync(join(tmpdir(), 'tidemark-browser-'));
  const file = join(room, 'report.html');
  writeFileSync(file, await runReportHtml(sampleResults(), { command: 'tidemark run sample.yaml' }));
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
  try {
    const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);

    const charts = page.locator('figure svg');
    expect(await charts.count()).toBe(15);
    for (let at = 0; at < 15; at++) {
      const box = await charts.nth(at).boundingBox();
      expect(box?.width).toBeGreaterThan(300);
      expect(box?.height).toBeGreaterThan(80);
    }
    // Some mark inside each drawing has a size too, so no chart is an empty frame.
    const inked = await charts.evaluateAll((all) =>
      all.map(
        (svg) => [...svg.querySelectorAll('path')].filter((path) => path.getBoundingClientRect().width > 2).length,
      ),
    );
    expect(Math.min(...inked)).toBeGreaterThan(1);

    await page.setViewportSize({ width: 400, height: 800 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(400);
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !url.startsWith('file:') && !url.startsWith('data:'))).toEqual([]);
  } finally {
    await browser.close();
    rmSync(room, { recursive: true, force: true });
  }
});
