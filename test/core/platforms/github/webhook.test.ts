import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { markerPrefix, taskMark } from '#core/platforms/github/marker.ts';
import { createGithubWebhook } from '#core/platforms/github/webhook.ts';
import {
  aCommentPayload,
  aRecordedPayload,
  aSignature,
  aWebhookSecret,
  webhookHeaders,
} from '#test/builders.ts';

const now = new Date('2026-01-02T03:04:05Z');
const receiveWith = (secrets: () => Promise<string[]>) =>
  createGithubWebhook({ secrets, mention: '@agent', now: () => now });
const receive = receiveWith(() => Promise.resolve([aWebhookSecret]));

const deliver = (payload: unknown, event = 'issue_comment') => deliverText(JSON.stringify(payload), event);
const deliverText = (text: string | Uint8Array, event = 'issue_comment') =>
  receive({ headers: webhookHeaders(text, event), body: Buffer.from(text) });

describe('a signed mention', () => {
  it('becomes a delivery with all that triage needs and no more', async () => {
    const text = JSON.stringify(aCommentPayload('@agent fix 👀'));
    expect(await deliverText(text)).toStrictEqual({
      kind: 'accepted',
      delivery: {
        version: 1,
        platform: 'github',
        id: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
        bodySha256: createHash('sha256').update(text).digest('hex'),
        receivedAt: '2026-01-02T03:04:05.000Z',
        event: {
          kind: 'mention',
          thread: {
            platform: 'github',
            tenantId: '1',
            repositoryId: '186853002',
            repository: 'Codertocat/Hello-World',
            number: 1,
            isPullRequest: false,
          },
          trigger: {
            key: 'issue_comment:492700400',
            kind: 'issue_comment',
            commentId: '492700400',
            author: { id: '21031067', login: 'Codertocat' },
            text: '@agent fix 👀',
            url: 'https://github.com/Codertocat/Hello-World/issues/1#issuecomment-492700400',
            createdAt: '2019-05-15T15:20:21Z',
          },
        },
      },
    });
  });

  it('keeps ids beyond 2^53 to the last digit', async () => {
    const text = JSON.stringify(aCommentPayload())
      .replaceAll(':492700400,', ':9223372036854775807,')
      .replaceAll(':186853002,', ':18014398509481985,');
    expect(await deliverText(text)).toMatchObject({
      delivery: {
        event: {
          thread: { repositoryId: '18014398509481985' },
          trigger: { commentId: '9223372036854775807', key: 'issue_comment:9223372036854775807' },
        },
      },
    });
  });

  it('knows a pull request', async () => {
    const payload = aCommentPayload();
    Object.assign(payload['issue'] as object, { pull_request: { url: 'https://example.org' } });
    expect(await deliver(payload)).toMatchObject({
      delivery: { event: { thread: { isPullRequest: true } } },
    });
  });

  it('carries U+0000 and lone surrogates', async () => {
    const words = '@agent fix \u0000 \ud800 \u2028';
    expect(await deliver(aCommentPayload(words))).toMatchObject({
      delivery: { event: { trigger: { text: words } } },
    });
  });

  it('is cut at 64 KiB, and says so', async () => {
    const inbound = await deliver(aCommentPayload(`@agent fix ${'😀'.repeat(20_000)}`));
    if (inbound.kind !== 'accepted' || inbound.delivery.event.kind !== 'mention')
      throw new Error(inbound.kind);
    const { text } = inbound.delivery.event.trigger;
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(65_536);
    expect(text).toMatch(/😀\n\n\[cut: the comment is longer\]$/);
    expect(text.isWellFormed()).toBe(true);
  });
});

describe('what asks for nothing', () => {
  const recordedComments = ['created', 'edited', 'deleted'];
  it.each(recordedComments)('is ignored: the recorded comment, %s', async (action) => {
    const inbound = await deliver(aRecordedPayload('issue_comment', action));
    const reason = { created: 'no_mention', edited: 'edited' }[action] ?? 'event_not_handled';
    expect(inbound).toStrictEqual({ kind: 'ignored', reason });
  });

  it('is ignored: an edit that adds a mention', async () => {
    const inbound = await deliver({ ...aCommentPayload(), action: 'edited' });
    expect(inbound).toStrictEqual({ kind: 'ignored', reason: 'edited' });
  });

  it.each([
    ['sender', aCommentPayload(), { sender: { type: 'Bot' } }],
    ['author', aCommentPayload('@agent fix', { user: { id: 1, login: 'x[bot]', type: 'Bot' } }), {}],
    ['app', aCommentPayload('@agent fix', { performed_via_github_app: { id: 1 } }), {}],
  ])('is ignored: a bot as %s', async (_, payload, changes) => {
    expect(await deliver({ ...payload, ...changes })).toStrictEqual({
      kind: 'ignored',
      reason: 'bot_sender',
    });
  });

  it.each([
    taskMark('key', { taskId: '0b0e7a52-52f4-4c55-8f0e-0d3ad1f3a001', fence: 1 }),
    `${markerPrefix} anything`,
  ])('is ignored: a comment with our mark %s', async (mark) => {
    expect(await deliver(aCommentPayload(`@agent fix\n\n${mark}`))).toStrictEqual({
      kind: 'ignored',
      reason: 'own_comment',
    });
  });

  it('is ignored: GitHub asking whether we are there', async () => {
    expect(await deliver(aRecordedPayload('ping', undefined), 'ping')).toStrictEqual({
      kind: 'ignored',
      reason: 'ping',
    });
  });

  it.each(['push', 'installation_repositories', 'constructor', ' '])(
    'is ignored: the event %j',
    async (event) => {
      expect(await deliver({}, event)).toStrictEqual({ kind: 'ignored', reason: 'event_not_handled' });
    },
  );
});

describe('an installation', () => {
  it.each([
    ['created', '957387', 'Codertocat', 'active'],
    ['deleted', '2', 'octocat', 'deleted'],
    ['suspend', '16598467', 'Codertocat', 'suspended'],
    ['unsuspend', '16598467', 'Codertocat', 'active'],
    ['new_permissions_accepted', '957387', 'Codertocat', 'active'],
  ])('is told on, %s', async (action, ...[tenantId, account, status]) => {
    expect(await deliver(aRecordedPayload('installation', action), 'installation')).toMatchObject({
      kind: 'accepted',
      delivery: {
        event: { kind: 'installation', installation: { platform: 'github', tenantId, account, status } },
      },
    });
  });

  it('of an enterprise goes by its slug', async () => {
    const payload = aRecordedPayload('installation', 'created');
    Object.assign(payload['installation'] as object, { account: { id: 1, slug: 'octo-enterprise' } });
    expect(await deliver(payload, 'installation')).toMatchObject({
      delivery: { event: { installation: { account: 'octo-enterprise' } } },
    });
  });

  it('stays suspended when it accepts new permissions', async () => {
    const payload = aRecordedPayload('installation', 'new_permissions_accepted');
    Object.assign(payload['installation'] as object, { suspended_at: '2026-01-01T00:00:00Z' });
    expect(await deliver(payload, 'installation')).toMatchObject({
      delivery: { event: { installation: { status: 'suspended' } } },
    });
  });
});

describe('the signature', () => {
  const body = Buffer.from(JSON.stringify(aCommentPayload()));

  it('is right in the example of GitHub’s documentation', async () => {
    const inbound = await receive({
      headers: {
        'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
        'x-github-event': 'ping',
        'x-github-delivery': 'a',
      },
      body: Buffer.from('Hello, World!'),
    });
    expect(inbound).toMatchObject({ reason: 'not_json' }); // so the signature was good
  });

  const good = aSignature(body);
  it.each([
    undefined,
    '',
    good.replace('sha256=', ''),
    good.replace('sha256=', 'sha1='),
    good.toUpperCase(),
    good.slice(0, -1),
    `${good}00`,
    `${good} `,
    aSignature(body, 'another secret altogether'),
    aSignature(body, ''),
    `sha256=${'0'.repeat(64)}`,
  ])('is refused when it is %j', async (signature) => {
    const headers = { ...webhookHeaders(body), 'x-hub-signature-256': signature };
    expect(await receive({ headers, body })).toStrictEqual({
      kind: 'rejected',
      status: 401,
      reason: 'signature',
    });
  });

  it('covers each byte of the body', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => {
        const changed = Buffer.from(body);
        const at = Math.floor((index * body.length) / 200);
        changed[at] = changed[at]! ^ 1;
        return receive({ headers: webhookHeaders(body), body: changed });
      }),
    );
    expect(new Set(answers.map(({ kind }) => kind))).toStrictEqual(new Set(['rejected']));
  });

  it('is looked at before anything else of the request', async () => {
    const inbound = await receive({ headers: {}, body: Buffer.from('{') });
    expect(inbound).toMatchObject({ status: 401 });
  });

  it('may be of the previous secret while a rotation lasts', async () => {
    const both = receiveWith(() => Promise.resolve(['the new secret of the house', aWebhookSecret]));
    expect(await both({ headers: webhookHeaders(body), body })).toMatchObject({ kind: 'accepted' });
    const only = receiveWith(() => Promise.resolve(['the new secret of the house']));
    expect(await only({ headers: webhookHeaders(body), body })).toMatchObject({ status: 401 });
  });

  it('cannot be right without a secret', async () => {
    const none = receiveWith(() => Promise.resolve([]));
    expect(await none({ headers: webhookHeaders(body), body })).toMatchObject({ status: 401 });
    const away = receiveWith(() => Promise.reject(new Error('no secret')));
    await expect(away({ headers: webhookHeaders(body), body })).rejects.toThrow('no secret');
  });
});

describe('a request that is signed and still wrong', () => {
  it.each(['', '{', 'payload=%7B%7D', '{"a":1}}', '\ufeff', '['.repeat(200_000)])(
    'is not JSON: %.20j',
    async (text) => {
      expect(await deliverText(text)).toMatchObject({ status: 400, reason: 'not_json' });
    },
  );

  it('is not JSON: no UTF-8', async () => {
    expect(await deliverText(Buffer.from([0x22, 0xff, 0x22]))).toMatchObject({ reason: 'not_json' });
  });

  it.each(['x-github-event', 'x-github-delivery'])('lacks %s', async (name) => {
    const body = Buffer.from('{}');
    const headers = { ...webhookHeaders(body), [name]: undefined };
    expect(await receive({ headers, body })).toMatchObject({ status: 400, reason: 'headers' });
  });

  it.each(['a'.repeat(129), 'a b', 'é'])('has a delivery id that no queue takes: %.10s', async (id) => {
    const body = Buffer.from('{}');
    const headers = { ...webhookHeaders(body), 'x-github-delivery': id };
    expect(await receive({ headers, body })).toMatchObject({ status: 400, reason: 'headers' });
  });

  const withThe = (part: string, changes: object) => {
    const payload = aCommentPayload();
    return { ...payload, [part]: { ...(payload[part] as object), ...changes } };
  };
  it.each([
    ['null', null],
    ['a list', []],
    ['no comment', { action: 'created' }],
    ['no installation', { ...aCommentPayload(), installation: undefined }],
    ['an id in exponents', withThe('repository', { id: 1e21 })],
    ['an id below zero', withThe('installation', { id: -1 })],
    ['a repository that climbs', withThe('repository', { full_name: 'octo/..' })],
    ['a repository with a space', withThe('repository', { full_name: 'octo/a b' })],
    ['an issue without number', withThe('issue', { number: 0 })],
    ['a comment by nobody', withThe('comment', { body: '@agent fix', user: null })],
    ['a time that is none', withThe('comment', { body: '@agent fix', created_at: 'today' })],
  ])('is no payload: %s', async (_, payload) => {
    expect(await deliver(payload)).toMatchObject({ kind: 'rejected', status: 400, reason: 'payload' });
  });

  it('takes keys that it does not know', async () => {
    expect(await deliver({ ...aCommentPayload(), news: { id: {} } })).toMatchObject({ kind: 'accepted' });
  });
});
