import { afterEach, describe, expect, it } from 'vitest';
import { createGithubApp } from '#core/platforms/github/app.ts';
import { createComments } from '#core/platforms/github/comments.ts';
import { createGithubPulls } from '#core/platforms/github/pulls.ts';
import { createRedactor } from '#core/redact.ts';
import { aThread } from '#test/builders.ts';
import { encodings } from '#test/support/encodings.ts';
import { appId, appPrivateKey, startGithub } from '#test/support/github-server.ts';
import { secretSamples } from '#test/support/secret-samples.ts';

const token = secretSamples()['github-installation-token']![1]!.value;
const keyLine = appPrivateKey.split('\n')[7]!;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

/** A client of an App whose redactor knows nothing but what the App has told it. */
const setUp = async () => {
  const path = '/repos/octo-org/shop';
  const github = await startGithub({
    'POST /app/installations/4711/access_tokens': { json: { token, expires_at: '2030-01-01T00:00:00Z' } },
    [`POST ${path}/issues/7/comments`]: { json: { id: 1 } },
    [`GET ${path}/issues/comments/1`]: { json: { id: 1, body: 'before' } },
    [`PATCH ${path}/issues/comments/1`]: { json: { id: 1 } },
    [`GET ${path}/pulls`]: { json: [] },
    [`POST ${path}/pulls`]: { json: { number: 8, html_url: 'https://github.com/octo-org/shop/pull/8' } },
  });
  closers.push(github.close);
  const app = createGithubApp({
    appId,
    privateKey: appPrivateKey,
    apiUrl: github.url,
    redactor: createRedactor(),
  });
  const minted = await app.tokenFor({ tenantId: '4711', repository: 'octo-org/shop', permissions: {} });
  return { github, octokit: app.octokitFor(minted.token) };
};

describe('what the App writes', () => {
  it('is never its token or a line of its key, in a comment or a pull request', async () => {
    const { github, octokit } = await setUp();
    const forms = ['as it is', 'base64, two bytes later', 'hex', 'reversed'] as const;
    const secrets = forms.flatMap((form) => [token, keyLine].map(encodings[form]));
    const said = secrets.join('; ');
    const comments = createComments(octokit, aThread({ repository: 'octo-org/shop', number: 7 }));
    await comments.create(said);
    await comments.edit('1', said, () => true);
    const pull = { repository: 'octo-org/shop', head: 'agent/1', base: 'main' };
    await createGithubPulls(octokit).findOrCreate({ ...pull, title: said, body: said });
    const written = github.seen.map(({ body }) => body).join('\n');
    for (const secret of secrets) expect(written).not.toContain(secret);
    for (const form of ['github-token', 'private-key'])
      expect(written.split(`[redacted:${form}]`).length).toBeGreaterThan(8);
    expect(github.seen.at(-1)?.headers['authorization']).toContain(token);
  });

  it('is otherwise what it was given', async () => {
    const { github, octokit } = await setUp();
    const body = `Fixed in ${'a1b2c3d4'.repeat(5)} ✅ \u200b@octo-dev <!-- agent-bot:task sig=${'0f'.repeat(32)} -->`;
    await createComments(octokit, aThread({ repository: 'octo-org/shop', number: 7 })).create(body);
    expect(JSON.parse(github.seen.at(-1)!.body)).toStrictEqual({ body });
  });
});
