// The one door of a phase: a mirror of the registries on loopback. Whoever knows the phase's token may read packages by name; nothing
// is sent but that name, and nothing is sent on but to the registries of the table.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Log } from '#core/ports/log.ts';
import type { Registry } from '#core/registries.ts';
import { secretMatches } from '#core/signature.ts';
import type { Replacement } from './rewrite.ts';
import { rewrite } from './rewrite.ts';
import type { Dial, Upstream } from './upstream.ts';
import { belongsTo, createUpstream, publicInternet } from './upstream.ts';

export type ProxyLimits = {
  answerBytes: number;
  /** All answers together. */
  phaseBytes: number;
  /** Questions of the phase: each is a line in the log. */
  questions: number;
  /** Connections to registries at a time; what is more waits. */
  parallel: number;
  /** For one answer from its question to its last byte. */
  answerMs: number;
};

type ProxyInput = {
  /** By the name under which the mirror has them. */
  registries: Readonly<Record<string, Registry>>;
  dial?: Dial | undefined;
  limits?: ProxyLimits | undefined;
  log: Log;
  /** Ends what is under way. */
  signal: AbortSignal;
};

export type RegistryProxy = {
  /** With the token; a registry's name comes behind it. */
  url: string;
  close: () => Promise<void>;
};

const gigabyte = 1024 ** 3;
const defaultLimits: ProxyLimits = {
  answerBytes: gigabyte,
  phaseBytes: 4 * gigabyte,
  questions: 20_000,
  parallel: 16,
  answerMs: 5 * 60_000,
};
const maxConnections = 64;
const maxPathLength = 1024;

export const startRegistryProxy = async (input: ProxyInput): Promise<RegistryProxy> => {
  const { registries, dial = publicInternet, limits = defaultLimits, log } = input;
  const token = randomBytes(32).toString('hex');
  const closing = new AbortController();
  const signal = AbortSignal.any([input.signal, closing.signal]);
  const upstream = createUpstream(dial, limits.parallel);
  const door: Door = { registries, upstream, limits, token, url: '', log, signal, bytes: 0, questions: 0 };
  const server = createServer((request, response) => {
    serve(door, request, response).catch((error: unknown) => {
      if (!signal.aborted && !response.closed) log.warn('registry answer broke off', named(error));
      response.destroy();
    });
  });
  server.maxConnections = maxConnections;
  // without a listener Node closes the connection too, but says nothing
  server.on('connect', (_, socket) =>
    socket.end('HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\n\r\n'),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on TCP
  door.url = `http://127.0.0.1:${port}/${token}`;
  const close = async () => {
    closing.abort();
    upstream.close();
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
    log.info('registry proxy closed', { questions: door.questions, bytes: door.bytes });
  };
  return { url: door.url, close };
};

type Door = Required<Omit<ProxyInput, 'dial' | 'limits'>> & {
  upstream: Upstream;
  limits: ProxyLimits;
  token: string;
  url: string;
  bytes: number;
  questions: number;
};

const serve = async (door: Door, request: IncomingMessage, response: ServerResponse) => {
  door.questions += 1;
  const asked = read(door, request);
  if ('status' in asked) return refuse(door, response, asked);
  if (asked.path === asked.registry.confirms) return void response.writeHead(200).end();
  await pass(door, asked, response);
};

type Refusal = { status: number; why: string; registry?: string; to?: string };
type Asked = {
  name: string;
  registry: Registry;
  path: string;
  url: URL;
  method: 'GET' | 'HEAD';
  headers: IncomingHttpHeaders;
};

/** Only `/token/registry/path`: no whole address, no query, no body. */
const read = (door: Door, { method, url = '', headers }: IncomingMessage): Asked | Refusal => {
  if (door.questions > door.limits.questions) return { status: 429, why: 'too_many' };
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, why: 'method' };
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0)
    return { status: 400, why: 'body' };
  const {
    token = '',
    name = '',
    path = '',
  } = /^\/(?<token>\w+)\/(?<name>[^/]+)\/(?<path>.*)$/.exec(url)?.groups ?? {};
  if (!secretMatches(token, door.token)) return { status: 403, why: 'token' };
  const registry = Object.hasOwn(door.registries, name) ? door.registries[name] : undefined;
  if (!registry) return { status: 404, why: 'registry' };
  if (path.length > maxPathLength || /[?#\\]/.test(path)) return { status: 400, why: 'path', registry: name };
  const target = targetOf(registry, path);
  if (!target) return { status: 400, why: 'path', registry: name };
  return { name, registry, path, url: target, method, headers };
};

/** undefined where dots lead out of what the registry has here. */
const targetOf = (registry: Registry, path: string): URL | undefined => {
  const [prefix = '', address = ''] = registry.routes.find(([prefix]) => path.startsWith(prefix)) ?? [];
  const url = URL.parse(`${address}${path.slice(prefix.length)}`);
  return url?.href.startsWith(address) && belongsTo(registry, url) ? url : undefined;
};

/** Said aloud, and the connection is closed: a body may still be on its way. */
const refuse = (
  { log, questions, limits }: Door,
  response: ServerResponse,
  { status, ...facts }: Refusal,
) => {
  if (questions <= limits.questions + 1) log.warn('registry request refused', { status, ...facts });
  response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' });
  response.end(`agent-bot: ${facts.why}\n`);
};

const pass = async (door: Door, asked: Asked, response: ServerResponse) => {
  const { log, limits, upstream } = door;
  const { name, registry, path, url, method } = asked;
  const startedAt = performance.now();
  const hungUp = new AbortController();
  response.once('close', () => hungUp.abort());
  const signal = AbortSignal.any([door.signal, hungUp.signal, AbortSignal.timeout(limits.answerMs)]);
  const headers = { ...allowed(asked.headers, requestHeaders), ...ownHeaders };
  const reply = await upstream.ask({ registry, url, method, headers, signal }).catch((error: unknown) => {
    if (!hungUp.signal.aborted) log.warn('registry not reached', { registry: name, ...named(error) });
    return undefined;
  });
  if (!reply) return refuse(door, response, { status: 502, why: 'not_reached', registry: name });
  if (reply.kind === 'refused')
    return refuse(door, response, { status: 502, why: reply.why, registry: name, to: reply.to });

  const { answer } = reply;
  const { statusCode: status = 502 } = answer;
  if (Number(answer.headers['content-length'] ?? 0) > Math.min(limits.answerBytes, leftOf(door))) {
    answer.destroy();
    return refuse(door, response, { status: 502, why: 'too_large', registry: name });
  }
  const isRewritten = registry.namesFiles === true && isIndex(answer);
  response.writeHead(status, allowed(answer.headers, isRewritten ? indexHeaders : responseHeaders));
  const counted = count(door, answer);
  try {
    await pipeline(
      isRewritten ? rewrite(counted.chunks, replacements(door, asked)) : counted.chunks,
      response,
    );
  } finally {
    const ms = Math.round(performance.now() - startedAt);
    log.info('registry answer', { registry: name, path, status, bytes: counted.bytes(), ms });
  }
};

const leftOf = ({ limits, bytes }: Door) => limits.phaseBytes - bytes;

/** More than it may be breaks it off: the client sees that it is not whole. */
const count = (door: Door, answer: AsyncIterable<Uint8Array>) => {
  let bytes = 0;
  async function* chunks() {
    for await (const chunk of answer) {
      bytes += chunk.length;
      door.bytes += chunk.length;
      if (bytes > door.limits.answerBytes || leftOf(door) < 0) throw new Error('the answer is too large');
      yield chunk;
    }
  }
  return { chunks: chunks(), bytes: () => bytes };
};

const isIndex = ({ statusCode, headers }: IncomingMessage): boolean =>
  statusCode === 200 &&
  headers['content-encoding'] === undefined &&
  /^(?:text\/html|application\/(?:\S+\+)?(?:json|html))\b/.test(headers['content-type'] ?? '');

const replacements = ({ url }: Door, { name, registry }: Asked): Replacement[] =>
  registry.routes.map(([path, address]) => [address, `${url}/${name}/${path}`]);

/** What a cache and a broken download go by. */
const requestHeaders = /^(?:accept|if-none-match|if-modified-since|range|if-range)$/;
const ownHeaders = { 'user-agent': 'agent-bot', 'accept-encoding': 'identity' }; // an index is read along
const indexHeaders = /^(?:content-type|etag|last-modified|cache-control|retry-after)$/;
const responseHeaders =
  /^(?:content-(?:type|length|encoding|range)|accept-ranges|etag|last-modified|cache-control|retry-after|(?:repr-)?digest)$/;

const allowed = (headers: IncomingHttpHeaders, names: RegExp): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      names.test(name) && typeof value === 'string' ? [[name, value]] : [],
    ),
  );

/** Names and codes only. */
const named = (error: unknown) =>
  error instanceof Error
    ? { error: error.name, ...('code' in error && { code: error.code }) }
    : { error: typeof error };
