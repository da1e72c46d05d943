import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { registriesOn } from '#core/registries.ts';
import { startRegistryBench } from '#test/support/registry-proxy.ts';

let bench: Awaited<ReturnType<typeof startRegistryBench>>;
beforeEach(async () => {
  bench = await startRegistryBench();
});
afterEach(() => bench.close());

const npm = 'https://registry.npmjs.org/';
const hold = (address: string, body: string | Uint8Array = 'held', type = 'application/octet-stream') =>
  bench.twin.hold(address, { type, body });
const statusOf = async (url: string, init?: RequestInit) => (await fetch(url, init)).status;

describe('the registry proxy', () => {
  it('gives what the registry has, and logs it by name and size', async () => {
    hold(`${npm}tool/-/tool-1.0.0.tgz`, 'a tarball');
    const proxy = await bench.open();
    const answer = await fetch(`${proxy.at('npm')}tool/-/tool-1.0.0.tgz`);
    expect([answer.status, await answer.text()]).toEqual([200, 'a tarball']);
    await expect
      .poll(() => bench.log.lines)
      .toContainEqual({
        level: 'info',
        message: 'registry answer',
        fields: {
          registry: 'npm',
          path: 'tool/-/tool-1.0.0.tgz',
          status: 200,
          bytes: 9,
          ms: expect.any(Number),
        },
      });
    expect(bench.log.text()).not.toContain(proxy.url.split('/').at(-1)); // the token
  });

  it('asks for the headers of a file only where the client does', async () => {
    hold(`${npm}tool`, 'a tarball');
    const proxy = await bench.open();
    const answer = await fetch(`${proxy.at('npm')}tool`, { method: 'HEAD' });
    expect([answer.status, answer.headers.get('content-length')]).toEqual([200, '9']);
    expect(bench.twin.asked).toMatchObject([{ method: 'HEAD' }]);
  });

  it('says what the registry says of what it does not have', async () => {
    const proxy = await bench.open();
    expect(await statusOf(`${proxy.at('npm')}nothing`)).toBe(404);
  });

  it('sends nothing that says who asks, and takes back no cookie', async () => {
    bench.twin.hold(`${npm}tool`, (_, response) => {
      response.writeHead(200, { 'set-cookie': 'id=1', 'x-powered-by': 'x', etag: '"1"', 'npm-notice': 'hi' });
      response.end();
    });
    const proxy = await bench.open();
    const headers = {
      authorization: 'Bearer of-somebody-else',
      'proxy-authorization': 'Basic x',
      cookie: 'a=b',
      'npm-otp': '123456',
      'x-forwarded-for': '1.2.3.4',
      referer: 'https://example.com',
      'user-agent': 'a secret in base64',
      accept: 'application/json',
      'if-none-match': '"0"',
    };
    const answer = await fetch(`${proxy.at('npm')}tool`, { headers });
    expect(bench.twin.asked[0]?.headers).toEqual({
      accept: 'application/json',
      'accept-encoding': 'identity',
      connection: 'keep-alive',
      host: 'registry.npmjs.org',
      'if-none-match': '"0"',
      'user-agent': 'agent-bot',
    });
    expect([...answer.headers.keys()].sort()).toEqual([
      'connection',
      'date',
      'etag',
      'keep-alive',
      'transfer-encoding',
    ]);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])('refuses %s', async (method) => {
    hold(`${npm}tool`);
    const proxy = await bench.open();
    expect(await statusOf(`${proxy.at('npm')}tool`, { method })).toBe(405);
    expect(bench.twin.asked).toEqual([]);
  });

  it.each([
    ['with a body', 'Content-Length: 4\r\n\r\nbody'],
    ['with a body in chunks', 'Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n'],
  ])('refuses a GET %s', async (_, rest) => {
    hold(`${npm}tool`);
    const proxy = await bench.open();
    const path = new URL(`${proxy.at('npm')}tool`).pathname;
    expect(await proxy.raw(`GET ${path} HTTP/1.1\r\nHost: x\r\n${rest}`)).toContain(' 400 ');
    expect(bench.twin.asked).toEqual([]);
  });

  it('is no proxy for whole addresses and no tunnel', async () => {
    const proxy = await bench.open();
    const host = 'Host: 169.254.169.254\r\nConnection: close\r\n\r\n';
    expect(await proxy.raw(`GET http://169.254.169.254/ HTTP/1.1\r\n${host}`)).toContain(' 403 ');
    expect(await proxy.raw(`GET ${npm}tool HTTP/1.1\r\n${host}`)).toContain(' 403 ');
    const tunnel = `CONNECT registry.npmjs.org:443 HTTP/1.1\r\n${host}`;
    expect(await proxy.raw(tunnel)).toContain(' 405 ');
    expect(bench.twin.asked).toEqual([]);
  });

  it('wants the token of the phase', async () => {
    hold(`${npm}tool`);
    const { url } = await bench.open();
    const other = await bench.open();
    const { origin } = new URL(url);
    const foreign = other.url.split('/').at(-1);
    for (const token of [foreign, 'x', '', `${url.split('/').at(-1)}0`])
      expect(await statusOf(`${origin}/${token}/npm/tool`)).toBe(403);
    expect(await statusOf(`${url}/npm/tool`)).toBe(200);
  });

  it.each([
    ['a query', 'npm/tool?write=true', 400],
    ['another registry', 'other/tool', 404],
    ['what every object has', 'constructor/tool', 404],
    ['no registry', 'npm', 403],
    ['a very long name', `npm/${'a'.repeat(1100)}`, 400],
    ['a backslash', 'npm/..\\..\\x', 400],
    ['dots out of its folder', 'maven/../other', 400],
    ['dots in other letters', 'maven/%2e%2E/other', 400],
    ['dots through a folder', 'maven/a/../../other', 400],
  ])('refuses %s', async (_, path, status) => {
    const proxy = await bench.open();
    const whole = `${new URL(proxy.url).pathname}/${path}`;
    expect(await proxy.raw(`GET ${whole} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)).toContain(
      ` ${status} `,
    );
    expect(bench.twin.asked).toEqual([]);
  });

  it('keeps to the registry’s host, whatever the path looks like', async () => {
    const proxy = await bench.open();
    for (const path of [
      '/evil.example/x',
      '@evil.example/x',
      ':8443/x',
      '%40evil.example/x',
      '.evil.example',
    ])
      expect(await statusOf(`${proxy.at('npm')}${path}`)).toBe(404);
    expect(bench.twin.asked.map(({ headers }) => headers.host)).toEqual(Array(5).fill('registry.npmjs.org'));
  });

  it('has only the registries that it is given, hosts by their own name among them', async () => {
    hold('https://docs.example.com/a/page.html', 'a page');
    const proxy = await bench.open({
      registries: registriesOn(['docs.example.com']),
    });
    expect(await statusOf(`${proxy.url}/npm/tool`)).toBe(404);
    // the twin's certificate does not name that host
    expect(await statusOf(`${proxy.url}/docs.example.com/a/page.html`)).toBe(502);
  });

  it('says yes to Go, which asks whether the checksum database is here too', async () => {
    hold('https://sum.golang.org/lookup/example.com/m@v1.0.0', 'sum');
    const proxy = await bench.open();
    const sumdb = `${proxy.at('goproxy')}sumdb/sum.golang.org/`;
    expect(await statusOf(`${sumdb}supported`)).toBe(200);
    expect(await statusOf(`${sumdb}lookup/example.com/m@v1.0.0`)).toBe(200);
  });

  it('is closed for good, with what is under way', async () => {
    bench.twin.hold(`${npm}slow`, (_, response) => void response.write('first'));
    const proxy = await bench.open();
    const answer = await fetch(`${proxy.at('npm')}slow`);
    const idle = connect(Number(new URL(proxy.url).port), '127.0.0.1');
    await once(idle, 'connect');
    await Promise.all([proxy.close(), once(idle.resume(), 'close')]);
    await expect(answer.text()).rejects.toThrow('terminated');
    await expect(fetch(`${proxy.at('npm')}tool`)).rejects.toThrow('fetch failed');
  });
});

describe('the addresses in an index', () => {
  it.each([
    'text/html; charset=UTF-8',
    'application/vnd.pypi.simple.v1+html',
    'application/vnd.pypi.simple.v1+json',
  ])('become the proxy’s in %s, so that files come through it too', async (type) => {
    const file = 'https://files.pythonhosted.org/packages/a/tool-1.0.whl';
    hold('https://pypi.org/simple/tool/', `<a href="${file}#sha256=0">tool</a>`, type);
    hold(file, 'a wheel');
    const proxy = await bench.open();
    const html = await (await fetch(`${proxy.at('pypi')}simple/tool/`)).text();
    const href = /href="([^"]*)"/.exec(html)?.[1] ?? '';
    expect(href).toBe(`${proxy.at('pypi')}files/packages/a/tool-1.0.whl#sha256=0`);
    expect(await (await fetch(href)).text()).toBe('a wheel');
  });

  it('become the proxy’s wherever the bytes are cut, and nothing else changes', async () => {
    const index = Buffer.from(
      `{"öl":"https://static.crates.io/crates","x":"https://static.crates.iox/","y":"https://static.crates.io/`,
    );
    bench.twin.hold('https://index.crates.io/config.json', async (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': index.length });
      for (const byte of index) {
        response.write(Buffer.from([byte]));
        await new Promise(setImmediate);
      }
      response.end();
    });
    const proxy = await bench.open();
    const files = `${proxy.at('crates')}files/`;
    expect(await (await fetch(`${proxy.at('crates')}config.json`)).text()).toBe(
      index.toString().replaceAll('https://static.crates.io/', files),
    );
  });

  it('stay in a file, whatever is in it', async () => {
    const body = `see ${npm}tool`;
    hold(`${npm}tool/-/tool-1.0.0.tgz`, body);
    const proxy = await bench.open();
    expect(await (await fetch(`${proxy.at('npm')}tool/-/tool-1.0.0.tgz`)).text()).toBe(body);
  });
});

describe('what is too much', () => {
  it('in one answer is not begun where its length says so', async () => {
    hold(`${npm}tool`, Buffer.alloc(5000));
    const proxy = await bench.open({ limits: { answerBytes: 4000 } });
    expect(await statusOf(`${proxy.at('npm')}tool`)).toBe(502);
  });

  it('in one answer breaks it off', async () => {
    bench.twin.hold(`${npm}tool`, (_, response) => {
      response.write(Buffer.alloc(3000));
      response.end(Buffer.alloc(2000));
    });
    const proxy = await bench.open({ limits: { answerBytes: 4000 } });
    const body = fetch(`${proxy.at('npm')}tool`).then((answer) => answer.arrayBuffer());
    await expect(body).rejects.toThrow(/terminated|fetch failed/);
  });

  it('in the whole phase ends it', async () => {
    hold(`${npm}tool`, Buffer.alloc(3000));
    const proxy = await bench.open({ limits: { phaseBytes: 7000 } });
    const statuses = [];
    for (let count = 0; count < 4; count += 1) {
      const answer = await fetch(`${proxy.at('npm')}tool`);
      await answer.arrayBuffer();
      statuses.push(answer.status);
    }
    expect(statuses).toEqual([200, 200, 502, 502]);
  });

  it('in questions is refused, and said once', async () => {
    hold(`${npm}tool`);
    const proxy = await bench.open({ limits: { questions: 2 } });
    const statuses = [];
    for (let count = 0; count < 5; count += 1) statuses.push(await statusOf(`${proxy.at('npm')}tool`));
    expect(statuses).toEqual([200, 200, 429, 429, 429]);
    expect(bench.log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  it('of time breaks it off', async () => {
    bench.twin.hold(`${npm}tool`, () => {});
    const proxy = await bench.open({ limits: { answerMs: 50 } });
    expect(await statusOf(`${proxy.at('npm')}tool`)).toBe(502);
  });

  it('at once waits for its turn', async () => {
    let now = 0;
    let most = 0;
    bench.twin.hold(`${npm}tool`, (_, response) => {
      most = Math.max(most, (now += 1));
      setTimeout(() => {
        now -= 1;
        response.end();
      }, 20);
    });
    const proxy = await bench.open({ limits: { parallel: 2 } });
    await Promise.all(Array.from({ length: 8 }, () => statusOf(`${proxy.at('npm')}tool`)));
    expect(most).toBe(2);
  });
});
