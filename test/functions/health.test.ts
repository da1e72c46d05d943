import { describe, expect, it } from 'vitest';
import { handler } from '#functions/health.ts';

describe('health', () => {
  it('tells everybody that it is there, and nothing else', async () => {
    expect(await handler()).toStrictEqual({
      statusCode: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body: '{"status":"ok"}',
    });
  });
});
