import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { missingBrowser, withBrowser } from '../testing/browser.ts';
import { sampleDocument } from '../testing/sample-document.ts';
import { labReportHtml } from './lab-html.ts';

const room = mkdtempSync(join(tmpdir(), 'tidemark-linked-'));
afterAll(() => rmSync(room, { recursive: true, force: true }));

/** Waits until the page has drawn once more than `before`. */
async function drawnAfter(page: Page, act: () => Promise<unknown>): Promise<void> {
  const before = await page.evaluate('Number(document.body.dataset.updates ?? 0)');
  await act();
  await page.waitForFunction(`Number(document.body.dataset.updates ?? 0) > ${before}`);
}

/** Where the overview is drawn, scrolled to the middle of the window: the list of arms sticks to the top. */
async function overviewBox(page: Page) {
  await page.evaluate("document.querySelector('#chart-overview').scrollIntoView({ block: 'center' })");
  const box = await page.locator('#chart-overview .background').first().boundingBox();
  if (box === null) throw new Error('the overview is drawn');
  return box;
}

const lines = (page: Page, chart: string) => page.locator(`#chart-${chart} .mark-line.role-mark path`);
const rows = (page: Page) =>
  page
    .locator('#chosen tbody tr')
    .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));

test('brush, service and arms change marks and rows in Chromium; no error, no request', async (context) => {
  const missing = missingBrowser();
  if (missing !== null) return context.skip(missing);
  const file = join(room, 'report.html');
  writeFileSync(file, await labReportHtml(sampleDocument()));
  await withBrowser(async (open) => {
    const { page, complaints, requests } = await open(1100, 900);
    await page.goto(pathToFileURL(file).href);
    await page.waitForFunction('Number(document.body.dataset.updates ?? 0) >= 1');

    // All hours but the warm-up of 24: CPU of arm 1 is (144 x 20 + 168 x 30) / 312 = 25.38 %, late (144 x 1 + 168 x 2) / 312 of 1000.
    expect((await rows(page)).map((row) => [row[0], row[1], row[3]])).toEqual([
      ['line 65', '25.4 %', '0.1538 %'],
      ['line 70', '45.4 %', '0.3077 %'],
      ['line 75', '65.4 %', '0.4615 %'],
    ]);
    expect(await lines(page, 'cpu').count()).toBe(3);

    // Week 2 picked from the list: 30 %, 50 %, 70 %, and the axis starts with day 8.
    await drawnAfter(page, () => page.selectOption('#range', { label: 'day 8 (from day 8, 00:00)' }));
    expect((await rows(page)).map((row) => row[1])).toEqual(['30.0 %', '50.0 %', '70.0 %']);
    const labels = await page.locator('#chart-cpu .role-axis-label').first().locator('text').allTextContents();
    expect(labels[0]).toBe('day 8');

    // Brushed over the first quarter of the overview: hours 0 to 84 of 336, all of week 1.
    const box = await overviewBox(page);
    await page.mouse.move(box.x + 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 8, box.y + box.height / 2, { steps: 4 });
    await drawnAfter(page, () => page.mouse.move(box.x + box.width / 4, box.y + box.height / 2, { steps: 4 }));
    await page.mouse.up();
    expect((await rows(page)).map((row) => row[1])).toEqual(['20.0 %', '40.0 %', '60.0 %']);
    expect(await page.locator('#range').inputValue()).toBe('');

    // Another service: other marks, the same arms.
    const before = await lines(page, 'service').evaluateAll((all) => all.map((path) => path.getAttribute('d')));
    await drawnAfter(page, () => page.selectOption('#service', 'search <b>'));
    const after = await lines(page, 'service').evaluateAll((all) => all.map((path) => path.getAttribute('d')));
    expect(after).toHaveLength(3);
    expect(after).not.toEqual(before);

    // One arm away: its lines, its points and its row go.
    const points = page.locator('#chart-pareto-cost .mark-symbol.role-mark path');
    expect(await points.count()).toBe(3);
    await drawnAfter(page, () => page.uncheck('input[data-arm="line 70"]'));
    expect(await lines(page, 'cpu').count()).toBe(2);
    expect(await points.count()).toBe(2);
    expect((await rows(page)).map((row) => row[0])).toEqual(['line 65', 'line 75']);
    await drawnAfter(page, () => page.check('input[data-arm="line 70"]'));
    expect(await lines(page, 'cpu').count()).toBe(3);

    // Two clicks: all hours again.
    const again = await overviewBox(page);
    await drawnAfter(page, () => page.mouse.dblclick(again.x + again.width / 2, again.y + again.height / 2));
    expect((await rows(page)).map((row) => row[1])).toEqual(['25.4 %', '45.4 %', '65.4 %']);

    await page.setViewportSize({ width: 400, height: 800 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(400);
    expect(complaints).toEqual([]);
    expect(requests).toEqual([]);
  });
});

test('without scripts every chart stands there as drawn, and nothing that needs a script shows', async (context) => {
  const missing = missingBrowser();
  if (missing !== null) return context.skip(missing);
  const file = join(room, 'still.html');
  // What a viewer that forbids scripts leaves of the page.
  writeFileSync(file, (await labReportHtml(sampleDocument())).replace(/<script[\s\S]*?<\/script>/g, ''));
  await withBrowser(async (open) => {
    const { page, complaints } = await open(1100, 900);
    await page.goto(pathToFileURL(file).href);
    expect(await lines(page, 'cpu').count()).toBe(3);
    expect(await page.locator('#range').isVisible()).toBe(false);
    expect(complaints).toEqual([]);
  });
});
