import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { startHttpApi } from '#local/aws/http-api.ts';
import { PayloadTooLarge } from '#local/aws/invocation.ts';
import type { Invocation } from '#local/aws/invocation.ts';
import { aHouse } from './house.ts';

describe('http api', () => {
  let local: Awaited<ReturnType<typeof startHttpApi>>;
  let house: ReturnType<typeof aHouse>;
  let calls: { name: string; event: APIGatewayProxyEventV2 }[];
  let answer: () => Promise<Invocation>;

  beforeEach(async () => {
    calls = [];
    house = aHouse();
    answer = async () => ({ kind: 'answered', result: { statusCode: 202, body: 'taken' } });
    local = await startHttpApi({
      ...house,
      routes: { 'POST /webhooks/github': 'github', 'GET /health': 'health' },
      timeoutMs: 200,
      invoke: async (name, event) => {
        // as it would arrive in the function
        calls.push({ name, event: JSON.parse(JSON.stringify(event)) });
        return await answer();
      },
    });
  });
  afterEach(() => local.close());

  const post = (body: string | Buffer, headers: Record<string, string> = {}, path = '/webhooks/github') =>
    fetch(`${local.url}${path}`, { method: 'POST', body, headers });
  const answering = (result: unknown) => {
    answer = async () => ({ kind: 'answered', result });
  };
  const bytesOf = ({ body = '', isBase64Encoded }: APIGatewayProxyEventV2) =>
    Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');

  it('makes a payload-2.0 event of a request', async () => {
    await post(
      '{"a":"ä"}',
      { 'content-type': 'application/json', 'X-Event': 'Ping', cookie: 'a=1; b=2' },
      '/webhooks/github?b=2&a=%20x&b=3',
    );

    const [{ name, event } = {}] = calls;
    expect(name).toBe('github');
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'POST /webhooks/github',
      rawPath: '/webhooks/github',
      rawQueryString: 'b=2&a=%20x&b=3',
      queryStringParameters: { a: ' x', b: '2,3' },
      cookies: ['a=1', 'b=2'],
      headers: { 'x-event': 'Ping', 'content-type': 'application/json', 'content-length': '10' },
      requestContext: {
        http: { method: 'POST', path: '/webhooks/github', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1' },
        stage: '$default',
        time: expect.stringMatching(/^\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2} \+0000$/),
      },
      body: '{"a":"ä"}',
      isBase64Encoded: false,
    });
    expect(event?.headers).not.toHaveProperty('cookie');
  });

  it('joins headers of one name', async () => {
    const socket = connect(Number(new URL(local.url).port), '127.0.0.1');
    socket.end('GET /health HTTP/1.1\r\nHost: a\r\nX-Many: one\r\nx-many: two\r\nConnection: close\r\n\r\n');
    await once(socket, 'data');

    expect(calls[0]?.event.headers['x-many']).toBe('one,two');
  });

  it.each([
    ['a form', 'application/x-www-form-urlencoded', Buffer.from('payload=%7B%7D'), true],
    ['bytes', 'application/octet-stream', Buffer.from([0, 255, 128, 10]), true],
    ['text', 'text/plain; charset=utf-8', Buffer.from('ä\r\n'), false],
    ['JSON of a vendor', 'application/vnd.some+json', Buffer.from('{}'), false],
    ['JSON that is no UTF-8', 'application/json', Buffer.from([0x22, 0xff, 0x22]), true],
  ])('carries %s without changing a byte', async (...[, type, body, isBase64Encoded]) => {
    await post(body, { 'content-type': type });

    expect(calls[0]?.event.isBase64Encoded).toBe(isBase64Encoded);
    expect(bytesOf(calls[0]!.event)).toEqual(body);
  });

  it('answers what the function answers', async () => {
    answering({
      statusCode: 401,
      headers: { 'X-Reason': 'signature', 'Content-Type': 'application/json' },
      cookies: ['a=1; Path=/', 'b=2'],
      body: '{"no":true}',
    });
    const response = await post('x');

    expect(response.status).toBe(401);
    expect(response.headers.get('x-reason')).toBe('signature');
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2']);
    expect(await response.json()).toEqual({ no: true });
  });

  it('decodes an answer in base64', async () => {
    const bytes = Buffer.from([0, 200, 255]);
    answering({ statusCode: 200, body: bytes.toString('base64'), isBase64Encoded: true });

    expect(Buffer.from(await (await post('x')).arrayBuffer())).toEqual(bytes);
  });

  it('takes an object without a status for JSON', async () => {
    answering({ status: 'ok' });
    const response = await fetch(`${local.url}/health`);

    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(await response.json()).toEqual({ status: 'ok' });
  });

  const failing: [string, () => Promise<Invocation>, number, string][] = [
    [
      'a function that failed',
      async () => ({ kind: 'failed', error: { errorType: 'TypeError', errorMessage: 'inner words' } }),
      500,
      'Internal Server Error',
    ],
    [
      'an answer that is none',
      async () => ({ kind: 'answered', result: { statusCode: 'soon' } }),
      500,
      'Internal Server Error',
    ],
    [
      'a function that is not there',
      () => Promise.reject(new Error('inner words')),
      500,
      'Internal Server Error',
    ],
    [
      'an event that Lambda does not take',
      () => Promise.reject(new PayloadTooLarge('')),
      413,
      'Request Entity Too Large',
    ],
    ['a function that takes too long', () => new Promise(() => {}), 503, 'Service Unavailable'],
  ];
  it.each(failing)('answers for %s', async (...[, end, status, message]) => {
    answer = end;
    const response = await post('x');

    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ message });
  });

  it.each([
    ['POST', '/webhooks/none'],
    ['GET', '/webhooks/github'],
    ['POST', '/webhooks/github/'],
    ['POST', '/__proto__'],
  ])('knows no %s %s', async (method, path) => {
    const response = await fetch(`${local.url}${path}`, { method });

    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ message: 'Not Found' });
    expect(calls).toEqual([]);
  });

  it('refuses more than 10 MB and takes exactly that', async () => {
    const response = await post(Buffer.alloc(10 * 1024 * 1024 + 1));

    expect(response.status).toBe(413);
    expect(await response.json()).toEqual({ message: 'Request Entity Too Large' });
    expect(calls).toEqual([]);
    expect((await post(Buffer.alloc(10 * 1024 * 1024))).status).toBe(202);
  });

  it('journals each request and meets the faults that are set', async () => {
    house.faults.inject({ call: /^POST \/webhooks/, fault: { kind: 'answer', status: 502 } });

    expect((await post('x')).status).toBe(502);
    expect(calls).toEqual([]);
    expect(house.journal.entries()).toMatchObject([
      { twin: 'http-api', call: 'POST /webhooks/github', status: 502 },
    ]);
  });
});
