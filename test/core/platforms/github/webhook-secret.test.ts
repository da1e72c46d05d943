import { describe, expect, it } from 'vitest';
import { createWebhookSecrets } from '#core/platforms/github/webhook-secret.ts';

const read = (secret: unknown) => createWebhookSecrets({ read: () => Promise.resolve(secret) }, 'webhook')();

describe('createWebhookSecrets', () => {
  it('gives the current one, and the previous one while there is one', async () => {
    expect(await read({ current: 'Zm9vYmFyYmF6cXV4' })).toStrictEqual(['Zm9vYmFyYmF6cXV4']);
    expect(await read({ current: 'Zm9vYmFyYmF6cXV4', previous: '1f3870be274f6c49' })).toStrictEqual([
      'Zm9vYmFyYmF6cXV4',
      '1f3870be274f6c49',
    ]);
  });

  it.each([
    undefined,
    null,
    'Zm9vYmFyYmF6cXV4',
    {},
    { current: '' },
    { current: ['Zm9vYmFyYmF6cXV4'] },
    { current: '                    ' },
    { current: 'Zm9vYmFyYmF6cXV' },
    { current: '    Zm9vYmFyYmF6    ' },
    { current: 'aaaaaaaaaaaaaaaaaaaaaaaa' },
    { current: 'development-secret-1234' },
    { current: 'CHANGE_ME_please_at_once' },
    { current: 'your-webhook-secret-here' },
    { current: 'Zm9vYmFyYmF6cXV4', previous: 'short' },
    { previous: 'Zm9vYmFyYmF6cXV4' },
  ])('refuses %j', async (secret) => {
    await expect(read(secret)).rejects.toThrow(/webhook secret|expected/);
  });

  it('does not say what it refused', async () => {
    const error: unknown = await read({ current: 'hunter2hunter2' }).catch((error: unknown) => error);
    expect(String((error as Error).stack)).not.toContain('hunter2');
  });
});
