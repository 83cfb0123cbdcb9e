/**
 * The local server of `tidemark view`: reads only, answers only this machine.
 *
 * It listens on 127.0.0.1. A request must name that address (or localhost) as its host: a page of another site that points a name of
 * its own at this machine is refused. Files come from below the folder alone, by name and by real path, and only what reports are made of.
 */
import { createReadStream, realpathSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { basename, extname, join, sep } from 'node:path';
import { ConfigError, TraceError } from '../../policies/base/assert.ts';
import { escapeHtml } from '../../reports/format.ts';
import { pageHtml } from '../../reports/html-parts.ts';
import { listPageHtml } from '../../reports/view/list-page.ts';
import { createCatalogue } from './catalogue.ts';
import { compareTwo, type Side } from './compare-two.ts';

const LOOPBACK = '127.0.0.1';
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.md': 'text/plain; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.parquet': 'application/vnd.apache.parquet',
};

/** An answer that is no 200, with the words of the page. */
class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface ViewServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves `folder` on a free port, or on `port`. Throws ConfigError when the folder is none or the port is taken. */
export async function startViewServer(folder: string, port = 0): Promise<ViewServer> {
  const root = realRoot(folder);
  const catalogue = createCatalogue(root);
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => refuse(response, error));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    checkHost(request, portOf(server));
    if (request.method !== 'GET' && request.method !== 'HEAD') throw new Refusal(405, 'only GET');
    const url = new URL(request.url ?? '/', `http://${LOOPBACK}`);
    if (url.pathname === '/') return send(response, TYPES['.html'], listPageHtml(folder));
    if (url.pathname === '/api/list') return send(response, TYPES['.json'], JSON.stringify(catalogue.list(Date.now())));
    if (url.pathname === '/compare') return send(response, TYPES['.html'], await comparePage(root, url.searchParams));
    if (url.pathname.startsWith('/files/')) return sendFile(response, root, url.pathname.slice('/files/'.length));
    throw new Refusal(404, 'there is no such page');
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE' ? new ConfigError(`--port ${port} is taken; leave it out for a free one`) : error,
      ),
    );
    server.listen(port, LOOPBACK, resolve);
  });
  return {
    url: `http://${LOOPBACK}:${portOf(server)}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function realRoot(folder: string): string {
  try {
    const root = realpathSync(folder);
    if (statSync(root).isDirectory()) return root;
  } catch {
    // Falls through to the one message.
  }
  throw new ConfigError(`${folder} is no folder; give the one that holds runs and sweeps`);
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function checkHost(request: IncomingMessage, port: number): void {
  const { host } = request.headers;
  if (host !== `${LOOPBACK}:${port}` && host !== `localhost:${port}`)
    throw new Refusal(403, 'this page answers to this machine alone');
}

/** The real path of `name` below `root`. Throws Refusal when it is not there or lies elsewhere. */
export function pathBelow(root: string, name: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(name);
  } catch {
    throw new Refusal(400, 'the address is not well formed');
  }
  const missing = new Refusal(404, 'there is no such file');
  if (decoded.includes('\0')) throw missing;
  let path: string;
  try {
    path = realpathSync(join(root, decoded));
  } catch {
    throw missing;
  }
  if (path !== root && !path.startsWith(root + sep)) throw missing;
  return path;
}

function sendFile(response: ServerResponse, root: string, name: string): void {
  const path = pathBelow(root, name);
  const type = TYPES[extname(path)];
  if (type === undefined || basename(path).startsWith('.') || !statSync(path).isFile())
    throw new Refusal(404, 'there is no such file');
  response.writeHead(200, {
    ...HEADERS,
    'content-type': type,
    // A report may run its scripts, but as a page of nowhere: it cannot read what else is served here.
    'content-security-policy': 'sandbox allow-scripts',
  });
  createReadStream(path)
    .on('error', () => response.destroy())
    .pipe(response);
}

async function comparePage(root: string, query: URLSearchParams): Promise<string> {
  const side = (name: string): Side => {
    const text = query.get(name) ?? '';
    const mark = text.indexOf('#');
    const dir = mark < 0 ? text : text.slice(0, mark);
    if (dir === '') throw new Refusal(400, 'choose two to compare');
    return { dir: pathBelow(root, encodeURIComponent(dir)), point: mark < 0 ? null : text.slice(mark + 1) };
  };
  const { labReportHtml } = await import('../../reports/linked/lab-html.ts');
  const document = await compareTwo(side('a'), side('b'));
  return labReportHtml(document, { navigation: '<p><a href="./">all results</a></p>' });
}

const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
} as const;

function send(response: ServerResponse, type: string, text: string): void {
  response.writeHead(200, { ...HEADERS, 'content-type': type }).end(text);
}

function refuse(response: ServerResponse, error: unknown): void {
  const asked = error instanceof ConfigError || error instanceof TraceError;
  const status = error instanceof Refusal ? error.status : asked ? 422 : 500;
  const words = error instanceof Error ? error.message : String(error);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = `<h1>${status}</h1><p>${escapeHtml(words)}</p><p><a href="./">all results</a></p>`;
  response.writeHead(status, { ...HEADERS, 'content-type': TYPES['.html'] }).end(pageHtml('tidemark view', body));
}
