import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aGatewayBench, answer, json, key, question, token } from '#test/support/gateway.ts';

describe('what the gateway sends to the provider', () => {
  let bench: ReturnType<typeof aGatewayBench>;
  beforeEach(() => {
    bench = aGatewayBench();
  });
  afterEach(() => bench.close());

  it('puts the key in and strips what the client says about itself', async () => {
    await bench.open((response) => {
      response.setHeader('set-cookie', 'session=1');
      response.setHeader('anthropic-organization-id', 'org-1');
      response.setHeader('request-id', 'req_1');
      json(response, answer({}));
    });
    const { status, headers, body } = await bench.ask({
      path: '/v1/messages?beta=true',
      headers: {
        'x-api-key': token,
        authorization: 'Bearer of-somebody-else',
        cookie: 'a=b',
        'proxy-authorization': 'Basic x',
        'x-forwarded-for': '1.2.3.4',
        'anthropic-version': '2023-06-01',
        'anthropic-beta': 'effort-2025-11-24',
      },
    });
    expect([status, body]).toEqual([200, answer({})]);
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'request-id': 'req_1' });
    expect(Object.keys(headers)).not.toContain('set-cookie');
    expect(Object.keys(headers)).not.toContain('anthropic-organization-id');
    expect(bench.seen[0]).toMatchObject({ method: 'POST', url: '/v1/messages?beta=true' });
    expect(JSON.parse(bench.seen[0]?.body ?? '')).toEqual(JSON.parse(question));
    expect(bench.seen[0]?.headers).toMatchObject({
      'x-api-key': key,
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'effort-2025-11-24',
    });
    for (const name of ['authorization', 'cookie', 'proxy-authorization', 'x-forwarded-for']) {
      expect(bench.seen[0]?.headers).not.toHaveProperty(name);
    }
  });

  it('asks with the token of a subscription where there is no key', async () => {
    const baseUrl = await bench.provider(async (message, response) => {
      bench.seen.push({ method: message.method, url: message.url, headers: message.headers, body: '' });
      json(response, answer({}));
    });
    await bench.openTo(baseUrl, { upstream: { baseUrl, oauthToken: 'token-of-the-subscription' } });
    expect((await bench.ask()).status).toBe(200);
    const headers = { 'x-api-key': token, 'anthropic-beta': 'effort-2025-11-24' };
    expect((await bench.ask({ headers })).status).toBe(200);
    const betas = bench.seen.map(({ headers }) => headers['anthropic-beta']);
    expect(betas).toEqual(['oauth-2025-04-20', 'effort-2025-11-24,oauth-2025-04-20']);
    expect(bench.seen[0]?.headers.authorization).toBe('Bearer token-of-the-subscription');
    expect(bench.seen[0]?.headers).not.toHaveProperty('x-api-key');
  });
});
