import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { getTrace, listTraces } from './get-trace.ts';
import { PUBLIC_TRACES } from './manifest.ts';

const CONTENT = 'job,submit\n1,0\n';
const folder = mkdtempSync(join(tmpdir(), 'tidemark-get-'));
let server: Server;
let origin = '';
let manifest = '';

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/moved.csv') response.writeHead(302, { location: '/good.csv' }).end();
    else if (request.url === '/away.csv') response.writeHead(302, { location: `http://localhost:1/good.csv` }).end();
    else if (request.url === '/loop.csv') response.writeHead(302, { location: '/loop.csv' }).end();
    else if (request.url === '/cut.csv') {
      response.writeHead(200, { 'content-length': String(CONTENT.length) });
      response.write(CONTENT.slice(0, 5), () => response.destroy());
    } else if (request.url === '/long.csv') response.end(`${CONTENT}more`);
    else if (request.url === '/short.csv') response.end(CONTENT.slice(1));
    else if (request.url === '/other.csv') response.end(CONTENT.replace('0', '9'));
    else if (request.url === '/good.csv') response.end(CONTENT);
    else response.writeHead(404).end('no');
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sha256 = createHash('sha256').update(CONTENT).digest('hex');
  const names = ['good', 'moved', 'away', 'loop', 'cut', 'long', 'short', 'other', 'gone'];
  manifest = join(folder, 'manifest.json');
  writeFileSync(
    manifest,
    JSON.stringify(
      names.map((name) => ({
        name,
        url: `${origin}/${name}.csv`,
        sha256,
        bytes: CONTENT.length,
        licence: 'MIT',
        commit: 'c',
      })),
    ),
  );
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a file whose sha256 is right is kept, also after a redirect on the same host', async () => {
  const out = join(folder, 'kept');
  expect((await getTrace('good', out, manifest))[1]).toBe('licence: MIT');
  await getTrace('moved', out, manifest);
  expect(readdirSync(out).sort()).toEqual(['good.csv', 'moved.csv']);
  expect(readFileSync(join(out, 'moved.csv'), 'utf8')).toBe(CONTENT);
});

const failures: [string, RegExp][] = [
  ['away', /redirected to http:\/\/localhost:1, another host/],
  ['loop', /more than 3 redirects/],
  ['cut', /nothing was kept/],
  ['long', /more than the 15 bytes of the manifest/],
  ['short', /ended after 14 of 15 bytes/],
  ['other', /sha256 is [0-9a-f]{64}, the manifest has/],
  ['gone', /answered with status 404/],
];
for (const [name, message] of failures)
  test(`${name}: refused, and nothing is left behind`, async () => {
    const out = join(folder, name);
    await expect(getTrace(name, out, manifest)).rejects.toThrow(message);
    expect(existsSync(out) ? readdirSync(out) : []).toEqual([]);
  });

test('an unknown name lists the known ones; the built-in manifest has a licence, commit and sha256 for each of its https files', async () => {
  await expect(getTrace('nothing', folder, manifest)).rejects.toThrow(/"nothing"; known: good, moved/);
  expect((await listTraces()).length).toBe(PUBLIC_TRACES.length);
  for (const entry of PUBLIC_TRACES) {
    expect(entry.url).toMatch(/^https:\/\//);
    expect(entry.url).toContain(entry.commit);
    expect(entry.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(entry.licence).not.toBe('');
  }
});
