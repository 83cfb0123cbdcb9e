import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { runReportHtml } from './html.ts';
import { missingBrowser, withBrowser } from './testing/browser.ts';
import { sampleResults } from './testing/sample-results.ts';

test('Chromium shows all 16 charts of a report, without an error, a request or a page wider than 400 pixels', async (context) => {
  const missing = missingBrowser();
  if (missing !== null) return context.skip(missing);
  const room = mkdtempSync(join(tmpdir(), 'tidemark-browser-'));
  const file = join(room, 'report.html');
  writeFileSync(file, await runReportHtml(sampleResults(), { command: 'tidemark run sample.yaml' }));
  try {
    await withBrowser(async (open) => {
      const { page, complaints, requests } = await open(1100, 900);
      await page.goto(pathToFileURL(file).href);

      const charts = page.locator('figure svg');
      expect(await charts.count()).toBe(16);
      for (let at = 0; at < 16; at++) {
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
      expect(requests).toEqual([]);
    });
  } finally {
    rmSync(room, { recursive: true, force: true });
  }
});
