import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { inboxPage, inboxScript, inboxStyle } from './inbox-page.js';
import { mailFrame } from './mail-frame.js';
import type { MailStore } from './mail-store.js';
import { readMail } from './read-mail.js';
import { commonHeaders, framePolicy, inertPolicy, pagePolicy } from './security-headers.js';

interface Answer {
  readonly status?: number;
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Most bytes of a DELETE body: enough for every id there may be. */
const maxBodyBytes = 1_000_000;
const defaultLimit = 50;

const json = (value: unknown): Answer => ({ type: 'application/json', body: JSON.stringify(value) });
const text = (body: string, status = 200): Answer => ({ status, type: 'text/plain; charset=utf-8', body });
const page = (type: string, body: string): Answer => ({ type, body, headers: { 'Content-Security-Policy': pagePolicy } });
const notFound = text('404 not found', 404);

/**
 * The HTTP side of the inbox: a page for people at `/`, and for programs the part of Mailpit's API
 * (https://mailpit.axllent.org/docs/api-v1/) that tests need, so that either can stand in for the other.
 */
export function mailApi(store: MailStore): Server {
  return createServer((request, response) => {
    answer(store, request).then(
      (it) => send(request, response, it),
      (error: unknown) => send(request, response, text(error instanceof Error ? error.message : String(error), 500)),
    );
  });
}

async function answer(store: MailStore, request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://inbox');
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const route = `${method} ${url.pathname}`;
  switch (route) {
    case 'GET /':
      return page('text/html; charset=utf-8', inboxPage);
    case 'GET /inbox.js':
      return page('text/javascript; charset=utf-8', inboxScript);
    case 'GET /inbox.css':
      return page('text/css; charset=utf-8', inboxStyle);
    case 'GET /livez':
    case 'GET /readyz':
      return text('ok');
    case 'GET /api/v1/messages':
      return json(await list(store, url.searchParams));
    case 'DELETE /api/v1/messages':
      return remove(store, await bodyOf(request));
    default:
      return method === 'GET' ? oneMessage(store, url) : notFound;
  }
}

async function list(store: MailStore, query: URLSearchParams): Promise<unknown> {
  const start = count(query.get('start'), 0);
  const messages = await store.list(start, count(query.get('limit'), defaultLimit));
  const total = store.count;
  // Nothing here is ever marked as read; Mailpit's fields for it are filled so that its clients find them.
  return { total, unread: total, count: messages.length, messages_count: total, messages_unread: total, start, tags: [], messages };
}

async function oneMessage(store: MailStore, url: URL): Promise<Answer> {
  const [, id, rest] = /^\/api\/v1\/message\/(\w+)(\/.+)?$/.exec(url.pathname) ?? /^\/view\/(\w+)(\.html)$/.exec(url.pathname) ?? [];
  const mail = id === undefined ? undefined : store.find(id);
  if (mail === undefined) return notFound;
  if (rest === '/raw') return { type: 'text/plain; charset=utf-8', body: mail.raw };
  const read = await readMail(mail);
  if (rest === undefined) return json(read.message);
  if (rest === '.html') {
    const headers = { 'Content-Security-Policy': framePolicy(url.searchParams.get('remote') === '1') };
    return { type: 'text/html; charset=utf-8', body: mailFrame(read), headers };
  }
  const found = read.parts.get(/^\/part\/(\d+)$/.exec(rest)?.[1] ?? '');
  if (found === undefined) return notFound;
  const { FileName, ContentType } = found.part;
  const type = /^[\w.+-]+\/[\w.+-]+$/.test(ContentType) ? ContentType : 'application/octet-stream';
  const disposition = `attachment; filename*=UTF-8''${encodeURIComponent(FileName === '' ? 'attachment' : FileName).replace(/['()*]/g, '_')}`;
  return { type, body: found.content, headers: { 'Content-Disposition': disposition } };
}

/** No body, an empty list or one that is not JSON removes all, as Mailpit does. */
function remove(store: MailStore, body: string): Answer {
  let ids: unknown;
  try {
    ids = (JSON.parse(body) as { IDs?: unknown } | null)?.IDs;
  } catch {
    ids = undefined;
  }
  const list = Array.isArray(ids) ? ids.filter((it) => typeof it === 'string') : [];
  store.remove(list.length === 0 ? undefined : list);
  return text('ok');
}

function count(value: string | null, fallback: number): number {
  return value !== null && /^\d{1,9}$/.test(value) ? Number(value) : fallback;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new Error(`The body is larger than ${maxBodyBytes} bytes; send fewer IDs at a time.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(request: IncomingMessage, response: ServerResponse, { status = 200, type, body, headers }: Answer): void {
  response.writeHead(status, {
    ...commonHeaders,
    'Content-Security-Policy': inertPolicy,
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
