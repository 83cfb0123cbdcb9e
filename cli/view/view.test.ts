import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingBrowser, withBrowser } from '../../reports/testing/browser.ts';
import type { ListEntry } from '../../reports/view/list-page.ts';
import { startViewServer, type ViewServer } from './server.ts';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const room = mkdtempSync(join(tmpdir(), 'tidemark-view-'));
const held = join(room, 'held');
const root = join(room, 'results');
let server: ViewServer;

function tidemark(args: string): void {
  const { status, stderr } = spawnSync(process.execPath, [main, ...args.split(' ')], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args}: ${status}\n${stderr}`);
}

beforeAll(async () => {
  mkdirSync(root);
  mkdirSync(held);
  const short = '--set horizon=2h --set warmUp=1h';
  tidemark(`sweep unit-small ${short} --vary cluster.hosts.plain.count=7,9 --seeds 2 --out sweeps/hosts`);
  tidemark(`run unit-small ${short} --no-report --out runs/one`);
  tidemark(`run unit-small ${short} --set cluster.hosts.plain.count=9 --no-report --out runs/wider`);
  // A sweep that is on its way: two of its four results are there.
  cpSync(join(root, 'sweeps', 'hosts'), join(root, 'sweeps', 'open'), { recursive: true });
  rmSync(join(root, 'sweeps', 'open', 'table.json'));
  const cells = join(root, 'sweeps', 'open', 'cells');
  for (const name of readdirSync(cells).sort().slice(0, 2)) renameSync(join(cells, name), join(held, name));
  // A run that is being written, and a file that nobody should get.
  mkdirSync(join(root, 'runs', 'half'));
  writeFileSync(join(root, 'runs', 'half', 'manifest.json'), '{"format":"tidemark-run/1"');
  writeFileSync(join(room, 'secret.json'), 'secret');
  writeFileSync(join(root, 'notes.bin'), 'secret');
  symlinkSync(join(room, 'secret.json'), join(root, 'link.json'));
  server = await startViewServer(root);
});
afterAll(async () => {
  await server?.close();
  rmSync(room, { recursive: true, force: true });
});

/** A request as it is written: fetch would tidy the path and forbid the host. */
function ask(path: string, options: { readonly host?: string; readonly method?: string } = {}) {
  const { port } = new URL(server.url);
  return new Promise<{ status: number; text: string; type: string }>((resolve, reject) => {
    const { host = `127.0.0.1:${port}`, method = 'GET' } = options;
    const sent = request({ host: '127.0.0.1', port, path, method, headers: { host } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, text, type: String(answer.headers['content-type']) }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('the server', () => {
  test('lists two runs and two sweeps; the open sweep has 2 of 4 results, the half-written run is not there', async () => {
    const entries: ListEntry[] = JSON.parse((await ask('/api/list')).text);
    const found = entries.map(({ path, kind, progress }) => [path, kind, progress?.done, progress?.cells]);
    expect(found.sort()).toEqual([
      ['runs/one', 'run', undefined, undefined],
      ['runs/wider', 'run', undefined, undefined],
      ['sweeps/hosts', 'sweep', 4, 4],
      ['sweeps/open', 'sweep', 2, 4],
    ]);
    const open = entries.find((entry) => entry.path === 'sweeps/open')?.progress;
    expect(open?.rows.reduce((sum, row) => sum + row.runs, 0)).toBe(2);
  });

  test('listens on this machine alone and answers to no other name', async () => {
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    const { port } = new URL(server.url);
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', `127.0.0.1:${Number(port) + 1}`])
      expect((await ask('/', { host })).status).toBe(403);
    expect((await ask('/', { host: `localhost:${port}` })).status).toBe(200);
    expect((await ask('/', { method: 'POST' })).status).toBe(405);
  });

  test('gives reports and tables, and nothing from outside of the folder', async () => {
    expect(await ask('/files/sweeps/hosts/table.csv')).toMatchObject({ status: 200, type: 'text/csv; charset=utf-8' });
    const outside = [
      '/files/../secret.json',
      '/files/..%2fsecret.json',
      '/files/%2e%2e/secret.json',
      '/files/sweeps/..%2f..%2f..%2fsecret.json',
      `/files/${encodeURIComponent(join(room, 'secret.json'))}`,
      '/files/link.json',
      '/files/notes.bin',
      '/files/runs',
      '/files/runs/%00',
      '/files/runs/%',
      '/compare?a=..%2fsecret.json&b=runs%2fone',
    ];
    for (const path of outside) {
      const { status, text } = await ask(path);
      expect([path, status >= 400, text.includes('secret.json') || text === 'secret']).toEqual([path, true, false]);
    }
  });

  test('says what is wrong with a choice: nothing chosen, the same twice, a sweep that is not finished', async () => {
    expect(await ask('/compare')).toMatchObject({ status: 400, text: expect.stringContaining('choose two') });
    expect((await ask('/compare?a=runs%2fone&b=runs%2fone')).text).toContain('on both sides; choose two');
    const open = await ask('/compare?a=sweeps%2fopen%23cluster.hosts.plain.count=7&b=runs%2fone');
    expect([open.status, open.text]).toEqual([422, expect.stringContaining('is a sweep that has not finished')]);
  });

  test('a folder that is none and a port that is taken are refused', async () => {
    await expect(startViewServer(join(room, 'nowhere'))).rejects.toThrow('is no folder');
    const { port } = new URL(server.url);
    await expect(startViewServer(root, Number(port))).rejects.toThrow(`--port ${port} is taken`);
  });
});

test('in Chromium: progress moves by itself, points of a sweep and runs are compared, charts lie over each other', async (context) => {
  const missing = missingBrowser();
  if (missing !== null) return context.skip(missing);
  await withBrowser(async (open) => {
    const { page, complaints, requests } = await open(1100, 900);
    await page.goto(server.url);
    await page.locator('#entries tr').nth(3).waitFor();
    expect(await page.locator('#entries tr').count()).toBe(4);
    expect(await page.locator('#running p').textContent()).toContain('2 of 4 runs');
    for (const name of readdirSync(held)) renameSync(join(held, name), join(root, 'sweeps', 'open', 'cells', name));
    await page.locator('#running p').waitFor({ state: 'detached' });

    await page.selectOption('#a', 'sweeps/hosts#cluster.hosts.plain.count=7');
    await page.selectOption('#b', 'sweeps/hosts#cluster.hosts.plain.count=9');
    await page.click('button');
    await page.waitForFunction('Number(document.body?.dataset.updates ?? 0) >= 1');
    expect(await page.locator('h1').textContent()).toBe('count 9 against 7');
    // Seven and nine plain hosts beside two others: both lines in one chart, both rows in the table.
    expect(await page.locator('#chart-cpu .mark-line.role-mark path').count()).toBe(2);
    expect(await page.locator('#chosen tbody tr').count()).toBe(2);

    await page.goto(`${server.url}compare?a=runs%2Fone&b=runs%2Fwider`);
    await page.waitForFunction('Number(document.body?.dataset.updates ?? 0) >= 1');
    const headings = await page.locator('section table').nth(1).locator('th').allTextContents();
    expect(headings).toEqual(['figure', 'one', 'wider', 'difference']);
    expect(await page.locator('body').textContent()).toContain('they differ in cluster');
    expect(complaints).toEqual([]);
    expect(requests.every((url) => url.startsWith(server.url))).toBe(true);
  });
});

test('tidemark view prints its address and ends with 0 on Ctrl-C', async () => {
  const child = spawn(process.execPath, [main, 'view', root]);
  const url = await new Promise<string>((resolve) =>
    child.stdout.on('data', (text: Buffer) => resolve(text.toString().trim())),
  );
  expect((await fetch(new URL('api/list', url))).status).toBe(200);
  const code = new Promise((resolve) => child.on('close', resolve));
  child.kill('SIGINT');
  expect(await code).toBe(0);
});
