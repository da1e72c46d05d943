import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentFolders, anAgentUser } from '#test/support/agent.ts';
import {
  aGatewayBench,
  aQuestion,
  answer,
  delta,
  event,
  json,
  key,
  start,
  token,
} from '#test/support/gateway.ts';
import { runAsAgent } from '#worker/sandbox/agent-user.ts';

describe('the gateway', () => {
  let bench: ReturnType<typeof aGatewayBench>;
  beforeEach(() => {
    bench = aGatewayBench();
  });
  afterEach(() => bench.close());

  it('lets the agent in, by the mode of the socket alone', async () => {
    await bench.open((response) => json(response, answer({})));
    expect((statSync(bench.socketPath).mode & 0o777).toString(8)).toBe('666');
    expect(process.umask()).not.toBe(0o111);
  });

  it('can be reached under the uid of the agent', async () => {
    const user = anAgentUser();
    const folders = agentFolders(user);
    const socketPath = join(folders.supervisor, 'model.sock');
    await bench.open((response) => json(response, answer({})), { socketPath });
    const script = `require('http').request({ socketPath: ${JSON.stringify(socketPath)}, method: 'HEAD', agent: false },
      (response) => console.log(response.statusCode)).end()`;
    const { stdout } = await runAsAgent(user, {
      command: process.execPath,
      args: ['-e', script],
      cwd: folders.workspace,
      env: {},
      maxBytes: 100,
      deadlineMs: 10_000,
    });
    folders.remove();
    expect(String(stdout).trim()).toBe('200');
  });

  it('takes the token as a bearer too', async () => {
    await bench.open((response) => json(response, answer({})));
    expect((await bench.ask({ headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
  });

  it.each([
    ['another token', { headers: { 'x-api-key': `${token}x` } }, 403],
    ['no token', { headers: {} }, 403],
    ['an empty token', { headers: { 'x-api-key': '' } }, 403],
    ['the key itself', { headers: { 'x-api-key': key } }, 403],
    ['another path', { path: '/v1/models' }, 404],
    ['a path below', { path: '/v1/messages/count_tokens' }, 404],
    ['a path with dots', { path: '/v1/messages/../files' }, 404],
    ['another query', { path: '/v1/messages?beta=true&x=1' }, 404],
    ['a whole address', { path: 'http://127.0.0.1:1/v1/messages' }, 404],
    ['another method', { method: 'PUT' }, 404],
    ['no JSON', { body: '{' }, 400],
    ['no model', { body: '{}' }, 400],
  ])('refuses %s and asks nobody', async (_, call, status) => {
    await bench.open((response) => json(response, answer({})));
    const refused = await bench.ask(call);
    expect(refused.status).toBe(status);
    expect(JSON.parse(refused.body)).toMatchObject({ type: 'error', error: { type: expect.any(String) } });
    expect(bench.seen).toEqual([]);
  });

  it('answers HEAD itself', async () => {
    await bench.open((response) => json(response, answer({})));
    expect((await bench.ask({ method: 'HEAD', path: '/api/hello', headers: {}, body: '' })).status).toBe(200);
    expect(bench.seen).toEqual([]);
  });

  it('refuses a body larger than the API takes, and says so', async () => {
    await bench.open((response) => json(response, answer({})));
    expect((await bench.ask({ body: 'x'.repeat(33 * 1024 * 1024) })).status).toBe(413);
    expect(bench.seen).toEqual([]);
  });

  it('passes a stream on chunk by chunk', async () => {
    const parts = [start({ input_tokens: 10 }), event({ type: 'ping' }), delta({ output_tokens: 7 })];
    let stream: ServerResponse | undefined;
    await bench.open((response) => {
      stream = response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
    });
    const [response] = (await once(bench.begin({}), 'response')) as [IncomingMessage];
    for (const part of parts) {
      stream?.write(part);
      // the next part is only sent once this one is here
      expect(String((await once(response, 'data'))[0])).toBe(part);
    }
    stream?.end();
    await once(response, 'end');
  });

  it('waits for a client that reads slowly', async () => {
    const chunk = Buffer.alloc(64 * 1024);
    let sent = 0;
    const mostSent = 400;
    await bench.open((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const write = () => {
        while (sent < mostSent) {
          sent += 1;
          if (!response.write(chunk)) break;
        }
        if (sent < mostSent) response.once('drain', write);
      };
      response.once('close', () => response.removeAllListeners('drain'));
      write();
    });
    const call = bench.begin({});
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    await once(response, 'readable'); // and then nothing is read
    let before = -1;
    while (sent !== before) {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(sent).toBeGreaterThan(1);
    expect(sent).toBeLessThan(mostSent);
    call.destroy();
  });

  it('hangs up on the provider when the client does', async () => {
    const closed = Promise.withResolvers<void>();
    await bench.open((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(event({ type: 'ping' }));
      response.once('close', closed.resolve);
    });
    const call = bench.begin({});
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    await once(response, 'data');
    call.destroy();
    await expect(closed.promise).resolves.toBeUndefined();
  });

  it('passes errors of the provider on, with what a retry goes by', async () => {
    const body = '{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}';
    const gateway = await bench.open((response) => {
      response.writeHead(429, {
        'content-type': 'application/json',
        'retry-after': '7',
        'x-should-retry': 'true',
      });
      response.end(body);
    });
    const passed = await bench.ask();
    expect([passed.status, passed.body]).toEqual([429, body]);
    expect(passed.headers).toMatchObject({ 'retry-after': '7', 'x-should-retry': 'true' });
    expect(gateway.usage()).toMatchObject({ costUsd: 0, requests: 1 });
  });

  it('is a bad gateway when the provider cannot be reached, or sends elsewhere', async () => {
    const gateway = await bench.openTo('http://127.0.0.1:1');
    expect((await bench.ask()).status).toBe(502);
    expect(gateway.modelView()).toBe('unreachable');
    await gateway.close();
    const elsewhere: string[] = [];
    const other = await bench.provider((message, response) => {
      elsewhere.push(message.url ?? '');
      response.end();
    });
    await bench.open((response) => response.writeHead(307, { location: `${other}/v1/messages` }).end());
    expect((await bench.ask()).status).toBe(502);
    expect(elsewhere).toEqual([]);
  });

  it.each([
    [200, 'well'],
    [400, 'unclear'],
    [401, 'auth'],
    [404, 'model_gone'],
    [429, 'rate_limited'],
    [500, 'overloaded'],
    [529, 'overloaded'],
  ])('knows how the last call ended: %s is %s', async (status, view) => {
    const gateway = await bench.open((response) =>
      status === 200 ? json(response, answer({})) : response.writeHead(status).end(),
    );
    expect(gateway.modelView()).toBe('unclear');
    await bench.ask();
    await bench.ask({ headers: {} }); // what it refuses itself says nothing about the model
    expect(gateway.modelView()).toBe(view);
  });

  it('tells what was spent after every answer', async () => {
    const told: number[] = [];
    const gateway = await bench.open((response) => json(response, answer({ output_tokens: 1_000 })), {
      onSpent: (usd) => told.push(usd),
    });
    await bench.ask();
    await bench.ask();
    expect(told).toEqual([gateway.usage().costUsd / 2, gateway.usage().costUsd]);
    expect(told[0]).toBeGreaterThan(0);
  });

  it('cuts the client off when the provider breaks off in the middle', async () => {
    const gateway = await bench.open((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(start({ input_tokens: 5 }), () => response.destroy());
    });
    const [response] = (await once(bench.begin({}), 'response')) as [IncomingMessage];
    await expect(text(response)).rejects.toThrow('aborted');
    await expect.poll(() => gateway.modelView()).toBe('unreachable');
  });

  it('ends the calls under way when it closes or the run is over, and leaves no socket', async () => {
    const stop = new AbortController();
    const asked = Promise.withResolvers<void>();
    const baseUrl = await bench.provider(() => asked.resolve()); // never answers
    const gateway = await bench.openTo(baseUrl, { signal: stop.signal });
    const first = once(bench.begin({}), 'response');
    await asked.promise;
    stop.abort();
    await expect(first).rejects.toThrow('socket hang up');
    await gateway.close();
    await gateway.close();
    expect(existsSync(bench.socketPath)).toBe(false);
  });

  it('writes no token, key or word of the conversation into the log', async () => {
    await bench.open((response, count) => {
      if (count === 1) json(response, answer({ output_tokens: 1 }));
      else response.destroy();
    });
    const body = aQuestion({ system: 'secret of the customer' });
    await bench.ask({ body });
    await bench.ask({ body });
    await bench.ask({ headers: { 'x-api-key': 'guess-of-the-agent' } });
    expect(bench.log.lines.map(({ message }) => message)).toEqual([
      'model call',
      'model not reached',
      'model call refused',
      'model call refused',
    ]);
    for (const word of [key, token, 'guess', 'secret']) expect(bench.log.text()).not.toContain(word);
  });

  it('refuses a path that the kernel would cut', async () => {
    const socketPath = join(bench.folder, 'x'.repeat(120));
    await expect(bench.openTo('http://127.0.0.1:1', { socketPath })).rejects.toThrow('at most 103 bytes');
  });
});
