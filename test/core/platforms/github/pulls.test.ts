import { afterEach, describe, expect, it } from 'vitest';
import { createGithubPulls } from '#core/platforms/github/pulls.ts';
import { branchShaOf, defaultBranchOf } from '#core/platforms/github/repository.ts';
import type { Routes } from '#test/support/github-server.ts';
import { startGithub } from '#test/support/github-server.ts';

const list = 'GET /repos/octo-org/shop/pulls';
const create = 'POST /repos/octo-org/shop/pulls';
const pull = { number: 7, html_url: 'https://github.com/octo-org/shop/pull/7' };
const input = { repository: 'octo-org/shop', head: 'agent/1', base: 'main', title: 'Fix', body: 'It.' };
const exists = { status: 422, json: { message: 'Validation Failed' } };

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});
const github = async (routes: Routes) => {
  const started = await startGithub(routes);
  closers.push(started.close);
  const octokit = started.app.octokitFor('ghs_test');
  return { ...started, octokit, pulls: createGithubPulls(octokit) };
};

describe('findOrCreate', () => {
  it('opens a pull request for a branch that has none', async () => {
    const { pulls, seen, bodyOf } = await github({
      [list]: { json: [] },
      [create]: { status: 201, json: pull },
    });
    expect(await pulls.findOrCreate({ ...input, draft: true })).toStrictEqual({
      number: 7,
      url: pull.html_url,
    });
    expect(seen[0]?.path).toContain('head=octo-org%3Aagent%2F1');
    expect(seen[0]?.path).toContain('state=all&sort=created&direction=desc');
    expect(seen[0]?.path).not.toContain('base=');
    expect(bodyOf(1)).toStrictEqual({
      head: 'agent/1',
      base: 'main',
      title: 'Fix',
      body: 'It.',
      draft: true,
    });
  });

  it('says as much as GitHub takes', async () => {
    const { pulls, bodyOf } = await github({ [list]: { json: [] }, [create]: { status: 201, json: pull } });
    await pulls.findOrCreate({ ...input, body: 'x'.repeat(70_000) });
    const { body } = bodyOf(1) as { body: string };
    expect(body).toMatch(/^x+\n\n\[cut\]$/);
    expect(Buffer.byteLength(body)).toBe(65_000);
  });

  it('gives the one that is there', async () => {
    const { pulls, calls } = await github({ [list]: { json: [pull] } });
    expect(await pulls.findOrCreate(input)).toMatchObject({ number: 7 });
    expect(calls()).toHaveLength(1);
  });

  it('gives the one that somebody opened meanwhile', async () => {
    const { pulls } = await github({ [list]: [{ json: [] }, { json: [pull] }], [create]: exists });
    expect(await pulls.findOrCreate(input)).toMatchObject({ number: 7 });
  });

  it('does without a draft where the plan has none', async () => {
    const { pulls, bodyOf } = await github({
      [list]: { json: [] },
      [create]: [exists, { status: 201, json: pull }],
    });
    expect(await pulls.findOrCreate({ ...input, draft: true })).toMatchObject({ number: 7 });
    expect(bodyOf(3)).toMatchObject({ draft: false });
  });

  it.each([exists, { status: 502 }, 'cut' as const])('never repeats a write blindly: %j', async (answer) => {
    const { pulls, calls } = await github({ [list]: { json: [] }, [create]: answer });
    await expect(pulls.findOrCreate(input)).rejects.toThrow(/$/);
    expect(calls().filter((call) => call === create)).toHaveLength(1);
  });
});

describe('the repository', () => {
  it('tells its default branch and the head of any branch', async () => {
    const { octokit } = await github({
      'GET /repos/octo-org/shop': { json: { default_branch: 'trunk' } },
      'GET /repos/octo-org/shop/branches/release%2F1': { json: { commit: { sha: 'abc' } } },
    });
    expect(await defaultBranchOf(octokit, 'octo-org/shop')).toBe('trunk');
    expect(await branchShaOf(octokit, 'octo-org/shop', 'release/1')).toBe('abc');
    expect(await branchShaOf(octokit, 'octo-org/shop', 'none')).toBeUndefined();
  });

  it('throws where GitHub does not answer', async () => {
    const { octokit } = await github({ 'GET /repos/octo-org/shop/branches/main': { status: 500 } });
    await expect(branchShaOf(octokit, 'octo-org/shop', 'main')).rejects.toThrow(/$/);
  });
});
