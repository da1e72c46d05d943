import { describe, expect, it } from 'vitest';
import { createParts } from '#local/parts.ts';

describe('the parts of the house', () => {
  const events: string[] = [];
  const part = (name: string) => ({
    name,
    close: async () => {
      events.push(`${name} ended`);
    },
  });
  const address = ({ name }: { name: string }) => `at ${name}`;

  it('are told when they are there, and end in the opposite order', async () => {
    events.length = 0;
    const parts = createParts(({ name, address: where }) => events.push(`${name} ${where}`));
    await parts.start('one', async () => part('one'), address);
    await parts.start('two', async () => part('two'), address);

    await parts.close();

    expect(events).toEqual(['one at one', 'two at two', 'two ended', 'one ended']);
  });

  it('end too when they were still on their way as another one failed', async () => {
    events.length = 0;
    const parts = createParts(() => {});
    const slow = Promise.withResolvers<ReturnType<typeof part>>();
    const both = Promise.all([
      parts.start(
        'broken',
        () => Promise.reject(new Error('no room')),
        () => '',
      ),
      parts.start('slow', () => slow.promise, address),
    ]);
    await expect(both).rejects.toThrow('broken did not start');

    const closed = parts.close();
    slow.resolve(part('slow'));
    await closed;

    expect(events).toEqual(['slow ended']);
  });

  it('all end even when one cannot, and that is told', async () => {
    events.length = 0;
    const parts = createParts(() => {});
    await parts.start('one', async () => part('one'), address);
    await parts.start(
      'stuck',
      async () => ({ name: 'stuck', close: () => Promise.reject(new Error('stuck')) }),
      address,
    );

    await expect(parts.close()).rejects.toThrow('some parts did not end');

    expect(events).toEqual(['one ended']);
  });
});
