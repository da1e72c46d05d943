import { afterEach, describe, expect, it } from 'vitest';
import { hookDeliveriesSince, requestRedelivery } from '#core/platforms/github/hook-deliveries.ts';
import type { Routes } from '#test/support/github-server.ts';
import { startGithub } from '#test/support/github-server.ts';

const list = 'GET /app/hook/deliveries';
const id = '18446744073709551557'; // no double comes nearer than 59

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});
const github = async (routes: Routes) => {
  const started = await startGithub(routes);
  closers.push(started.close);
  return started;
};

/** As GitHub writes it: the id is a bare number. */
const entry = ({ deliveredAt = '2026-01-02T03:04:05Z', number = id, installation = '4711' } = {}) =>
  `{"id":${number},"guid":"0b13e3a0-e79c-11f0-8d4a-1d3ad1f3a001","delivered_at":"${deliveredAt}","redelivery":false,"duration":0.03,"status":"OK","status_code":200,"event":"issues","action":"opened","installation_id":${installation},"repository_id":123,"throttled_at":null}`;
const page = (entries: string[], next?: string) => ({
  body: `[${entries.join()}]`,
  headers:
    next === undefined
      ? {}
      : { link: `<https://elsewhere.example/list?per_page=100&cursor=${next}>; rel="next"` },
});

describe('the list of deliveries', () => {
  it('keeps every digit of an id, in and out', async () => {
    const attempts = `POST /app/hook/deliveries/${id}/attempts`;
    const { app, calls } = await github({ [list]: page([entry()]), [attempts]: { status: 202, json: {} } });
    const { deliveries } = await hookDeliveriesSince(app.asApp, 0);
    expect(deliveries).toStrictEqual([
      {
        id,
        guid: '0b13e3a0-e79c-11f0-8d4a-1d3ad1f3a001',
        at: Date.UTC(2026, 0, 2, 3, 4, 5),
        redelivery: false,
        statusCode: 200,
        event: 'issues',
        installationId: '4711',
      },
    ]);
    await requestRedelivery(app.asApp, deliveries[0]!.id);
    expect(calls().at(-1)).toBe(attempts);
  });

  it('has deliveries that belong to no installation', async () => {
    const { app } = await github({ [list]: page([entry({ installation: 'null' })]) });
    expect((await hookDeliveriesSince(app.asApp, 0)).deliveries).toMatchObject([{ installationId: null }]);
  });

  it.each([['1.5'], ['1e30'], ['"7"'], ['null']])('is refused whole with an id of %s', async (number) => {
    const { app } = await github({ [list]: page([entry({ number })]) });
    await expect(hookDeliveriesSince(app.asApp, 0)).rejects.toThrow('id');
  });

  it('is read by cursor, from where we ask and not from where a link points, to its end', async () => {
    const { app, calls } = await github({
      [`${list}?per_page=100`]: page([entry()], 'v1_2'),
      [`${list}?per_page=100&cursor=v1_2`]: page([entry()], 'v1_3'),
      [`${list}?per_page=100&cursor=v1_3`]: page([entry()]),
    });
    expect(await hookDeliveriesSince(app.asApp, 0)).toMatchObject({
      deliveries: [{}, {}, {}],
      isWhole: true,
    });
    expect(calls()).toHaveLength(3);
  });

  it('is read no further than asked, and gives nothing older', async () => {
    const old = entry({ deliveredAt: '2026-01-01T00:00:00Z' });
    const { app, calls } = await github({ [list]: [page([entry(), old, old], 'v1_2')] });
    const since = Date.UTC(2026, 0, 1);
    expect(await hookDeliveriesSince(app.asApp, since)).toMatchObject({ deliveries: [{}], isWhole: true });
    expect(calls()).toHaveLength(1);
  });

  it('that does not end is left after a hundred pages, and says so', async () => {
    const { app, calls } = await github({ [list]: page([entry()], 'v1_on') });
    const { deliveries, isWhole } = await hookDeliveriesSince(app.asApp, 0);
    expect([deliveries.length, isWhole, calls().length]).toEqual([100, false, 100]);
  });
});

describe('a redelivery', () => {
  it.each([[{ status: 502 }], ['cut' as const]])(
    'is asked for once, whatever comes back: %j',
    async (answer) => {
      const attempts = 'POST /app/hook/deliveries/7/attempts';
      const { app, calls } = await github({ [attempts]: answer });
      await expect(requestRedelivery(app.asApp, '7')).rejects.toThrow(/$/);
      expect(calls()).toEqual([attempts]);
    },
  );
});
