/** A Chromium for tests of pages; they are skipped, and say so, where there is none. */
import { existsSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';

const EXECUTABLE = process.env.TIDEMARK_CHROMIUM ?? '/usr/bin/chromium';
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

/** Why there is no browser, or null when there is one. Also written to stderr, so that a skipped test is seen. */
export function missingBrowser(): string | null {
  if (existsSync(EXECUTABLE)) return null;
  const how = `no browser at ${EXECUTABLE}: apt-get install -y chromium, or set TIDEMARK_CHROMIUM to one`;
  process.stderr.write(`${how}\n`);
  return how;
}

/** A page that writes down what it complained about and what it asked for beyond files and data of its own. */
export interface WatchedPage {
  readonly page: Page;
  readonly complaints: readonly string[];
  readonly requests: readonly string[];
}

/** Opens a browser (with a profile of its own), hands out watched pages and closes it whatever happens. */
export async function withBrowser(
  work: (open: (width: number, height: number) => Promise<WatchedPage>) => Promise<void>,
): Promise<void> {
  const { chromium } = await import('playwright-core');
  const browser: Browser = await chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
  try {
    await work(async (width, height) => {
      const page = await browser.newPage({ viewport: { width, height } });
      const complaints: string[] = [];
      const requests: string[] = [];
      page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('request', (request) => {
        if (!/^(file|data):/.test(request.url())) requests.push(request.url());
      });
      return { page, complaints, requests };
    });
  } finally {
    await browser.close();
  }
}
