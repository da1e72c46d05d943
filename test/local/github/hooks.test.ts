import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Answer, Seen } from '#test/support/http-server.ts';
import { startServer } from '#test/support/http-server.ts';
import type { House } from './start-twin.ts';
import { asApp, asInstallation, refusalOf, startTwin, webhookSecret } from './start-twin.ts';

let house: House;
let ahead = 0;
let door: Awaited<ReturnType<typeof startServer>>;
let answer: (request: Seen) => Answer = () => ({ status: 202 });
beforeAll(async () => {
  house = await startTwin({ now: () => Date.now() + ahead });
  door = await startServer((request) => answer(request));
});
beforeEach(() => {
  answer = () => ({ status: 202 });
  house.twin.hook.url = `${door.url}/webhooks/github`;
});
afterAll(async () => {
  await house.close();
  await door.close();
});

const comment = (body = '@agent fix the failing test', login = 'demo') =>
  house.twin.comment({ repository: house.demo.repository, number: 1, login, body });

const delivered = async (act: { delivered: Promise<unknown> }) => {
  await act.delivered;
  const last = door.seen.at(-1);
  if (!last) throw new Error('nothing came');
  return { ...last, payload: JSON.parse(last.body) as Record<string, Record<string, unknown>> };
};

type Json = Record<string, unknown>;
// a JSON file whose own declaration calls it a module
const examples = createRequire(import.meta.url)('@octokit/webhooks-examples') as {
  name: string;
  examples: Json[];
}[];

/** The keys that every recorded payload of this event and action has: what GitHub guarantees, as far as it was seen. */
const guaranteedKeys = (event: string, action: string) => {
  const recorded =
    examples.find(({ name }) => name === event)?.examples.filter((example) => example['action'] === action) ??
    [];
  const [first, ...others] = recorded.map((example) => new Set(paths(example)));
  if (!first) throw new Error(`no recorded ${event}.${action}`);
  return [...first].filter((path) => others.every((other) => other.has(path)));
};

const paths = (value: unknown, at = ''): string[] => {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.slice(0, 1).flatMap((item) => paths(item, `${at}[]`));
  return Object.entries(value).flatMap(([key, inner]) =>
    [`${at}.${key}`].concat(paths(inner, `${at}.${key}`)),
  );
};

describe('a webhook', () => {
  it('is signed over its exact bytes, with the headers that GitHub documents', async () => {
    const { headers, body, method, path } = await delivered(comment('ünïcode 🎉'));
    const sign = (algorithm: string) =>
      createHmac(algorithm, webhookSecret).update(Buffer.from(body)).digest('hex');
    expect([method, path]).toEqual(['POST', '/webhooks/github']);
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^GitHub-Hookshot\//),
      'x-github-event': 'issue_comment',
      'x-github-delivery': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'x-github-hook-id': expect.stringMatching(/^\d+$/),
      'x-github-hook-installation-target-type': 'integration',
      'x-hub-signature-256': `sha256=${sign('sha256')}`,
      'x-hub-signature': `sha1=${sign('sha1')}`,
    });
  });

  it('of a comment carries every key that the recorded ones share', async () => {
    const { payload } = await delivered(comment());
    expect(paths(payload)).toEqual(
      expect.arrayContaining(withoutLabels(guaranteedKeys('issue_comment', 'created'))),
    );
    expect(payload).toMatchObject({
      action: 'created',
      issue: { number: 1, user: { login: 'demo' } },
      comment: {
        body: '@agent fix the failing test',
        user: { login: 'demo', type: 'User' },
        performed_via_github_app: null,
      },
      repository: { full_name: house.demo.repository, id: house.demo.repositoryId },
      organization: { login: house.demo.owner },
      sender: { login: 'demo', type: 'User' },
      installation: { id: house.installationId },
    });
  });

  it('of an opened issue and of an installation does so too', async () => {
    const issue = await delivered(
      house.twin.openIssue({ repository: house.demo.repository, login: 'demo', title: 't' }),
    );
    expect(paths(issue.payload)).toEqual(
      expect.arrayContaining(withoutLabels(guaranteedKeys('issues', 'opened'))),
    );
    const repositories = [house.demo.repository];
    const installed = house.twin.install({ account: house.demo.owner, repositories, login: 'demo' });
    const { payload, headers } = await delivered(installed);
    // which permissions an App has is its own affair
    const keys = guaranteedKeys('installation', 'created').filter((key) => !key.includes('.permissions.'));
    expect(paths(payload)).toEqual(expect.arrayContaining(keys));
    expect([headers['x-github-event'], payload['action']]).toEqual(['installation', 'created']);
    for (const act of ['suspend', 'unsuspend', 'uninstall'] as const) {
      const next = await delivered(
        house.twin[act]({ installationId: installed.installationId, login: 'demo' }),
      );
      expect(next.payload['action']).toBe(act === 'uninstall' ? 'deleted' : act);
    }
  });

  it('of an edit says what stood there before', async () => {
    const { commentId } = comment('before');
    const edit = house.twin.editComment({
      repository: house.demo.repository,
      commentId,
      login: 'demo',
      body: 'after',
    });
    const { payload } = await delivered(edit);
    expect(payload).toMatchObject({
      action: 'edited',
      changes: { body: { from: 'before' } },
      comment: { body: 'after' },
    });
  });

  it('comes for what the App writes itself, from a bot', async () => {
    const octokit = await asInstallation(house);
    const body = 'I heard @agent';
    await octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      ...house.at,
      issue_number: 1,
      body,
    });
    await house.journal.waitFor(
      ({ twin, call }) =>
        twin === 'hook' &&
        call === 'issue_comment.created' &&
        door.seen.some((seen) => seen.body.includes(body)),
    );
    const payload = JSON.parse(door.seen.find((seen) => seen.body.includes(body))?.body ?? '') as Json;
    expect(payload).toMatchObject({
      sender: { login: 'agent-bot[bot]', type: 'Bot' },
      comment: { user: { type: 'Bot' }, performed_via_github_app: { id: house.twin.app.id } },
    });
  });

  it('goes nowhere while no url is set', async () => {
    house.twin.hook.url = undefined;
    const before = [door.seen.length, house.twin.deliveries().length];
    expect(await comment().delivered).toBeUndefined();
    expect([door.seen.length, house.twin.deliveries().length]).toEqual(before);
  });
});

/** Our issues have no labels, assignees or milestones. */
const withoutLabels = (keys: string[]) =>
  keys.filter((key) => !/\.(?:labels|assignees?|milestone|license)[.[]/.test(key));

describe('a delivery', () => {
  it.each([
    ['an error', () => ({ status: 500 }), [500, 'Internal Server Error']],
    [
      'a redirect, which it does not follow',
      () => ({ status: 302, headers: { location: '/elsewhere' } }),
      [302, 'Found'],
    ],
    ['a cut connection', () => 'cut' as const, [502, 'failed to connect']],
    ['no answer in time', () => 'hang' as const, [504, 'timed out']],
  ])('that meets %s is remembered and not sent again', async (_what, meets, [statusCode, status]) => {
    answer = meets;
    house.twin.hook.timeoutMs = 200;
    const before = door.seen.length;
    const delivery = await comment().delivered;
    house.twin.hook.timeoutMs = 10_000;
    expect(delivery).toMatchObject({ statusCode, status, redelivery: false });
    expect(door.seen.length).toBe(before + 1);
  });

  it('waits ten seconds for an answer, as GitHub does', () => {
    expect(house.twin.hook.timeoutMs).toBe(10_000);
  });

  it('has an id beyond 2^53 that leaves as an exact number', async () => {
    const delivery = await comment().delivered;
    const app = asApp(house);
    const { token } = (await app.auth({ type: 'app' })) as { token: string };
    const text = await (
      await fetch(`${house.twin.apiUrl}/app/hook/deliveries`, {
        headers: { authorization: `Bearer ${token}` },
      })
    ).text();
    expect(delivery!.id > 2n ** 53n).toBe(true);
    expect(text).toContain(`"id":${delivery!.id},`);
  });

  it('can be had again: the same GUID and bytes, a new id', async () => {
    answer = () => ({ status: 503 });
    const first = await comment('once more').delivered;
    answer = () => ({ status: 202 });
    const path = { delivery_id: String(first!.id) as unknown as number }; // Octokit types the id as a number, which it does not fit in
    const asked = await asApp(house).request('POST /app/hook/deliveries/{delivery_id}/attempts', path);
    expect(asked.status).toBe(202);
    await house.journal.waitFor(
      ({ twin, detail }) =>
        twin === 'hook' && detail['guid'] === first!.guid && detail['redelivery'] === true,
    );
    const [one, two] = door.seen.filter(({ headers }) => headers['x-github-delivery'] === first!.guid);
    expect(two!.body).toBe(one!.body);
    const again = house.twin.deliveries().at(-1)!;
    expect(again).toMatchObject({ guid: first!.guid, redelivery: true, statusCode: 202 });
    expect(again.id).not.toBe(first!.id);
    const { data } = await asApp(house).request('GET /app/hook/deliveries/{delivery_id}', path);
    expect(data).toMatchObject({
      guid: first!.guid,
      status_code: 503,
      event: 'issue_comment',
      action: 'created',
    });
    expect(data.request.payload).toMatchObject({ comment: { body: 'once more' } });
  });

  it('that never was cannot be had again', async () => {
    const asked = asApp(house).request('POST /app/hook/deliveries/{delivery_id}/attempts', {
      delivery_id: 7,
    });
    expect((await refusalOf(asked)).status).toBe(404);
  });

  it('is forgotten after three days, by list and by id', async () => {
    const { id, guid } = (await comment().delivered)!;
    const listed = async () => {
      const { data } = await asApp(house).request('GET /app/hook/deliveries', { per_page: 100 });
      return data.some((delivery) => delivery.guid === guid);
    };
    const again = () =>
      asApp(house).request('POST /app/hook/deliveries/{delivery_id}/attempts', {
        delivery_id: String(id) as unknown as number, // as above
      });
    ahead = 72 * 3_600_000 - 60_000;
    expect(await listed()).toBe(true);
    ahead = 72 * 3_600_000 + 1_000;
    expect(await listed()).toBe(false);
    expect(await refusalOf(again())).toMatchObject({ status: 404 });
    ahead = 0;
  });

  it('is listed newest first, page by page, by cursor and by status', async () => {
    for (let n = 0; n < 5; n += 1) await comment().delivered;
    const app = asApp(house);
    const guids: string[] = [];
    let next: string | undefined = '/app/hook/deliveries?per_page=4';
    while (next) {
      const page: { data: { guid: string }[]; headers: { link?: string } } = await app.request({
        method: 'GET',
        url: next,
      });
      guids.push(...page.data.map(({ guid }) => guid));
      next = /<([^>]+)>; rel="next"/.exec(page.headers.link ?? '')?.[1];
    }
    expect(guids).toEqual(
      house.twin
        .deliveries()
        .map(({ guid }) => guid)
        .toReversed(),
    );
    const { data: failed } = await app.request('GET /app/hook/deliveries', { status: 'failure' });
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.every(({ status_code }) => status_code >= 400)).toBe(true);
  });
});
