import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '#local/faults.ts';
import type { House } from './start-twin.ts';
import {
  asInstallation,
  cloneUrl,
  cloneWithChange,
  git,
  mintToken,
  refusalOf,
  startTwin,
} from './start-twin.ts';

let house: House;
let octokit: Awaited<ReturnType<typeof asInstallation>>;
let number: number;
beforeAll(async () => {
  house = await startTwin();
  octokit = await asInstallation(house);
});
afterEach(() => house.faults.clear());
afterAll(() => house.close());

const comment = async (fault: Fault) => {
  number = house.twin.openIssue({ repository: house.demo.repository, login: 'demo', title: 'faulty' }).number;
  house.faults.inject({ call: /^POST \/repos\/[^/]+\/[^/]+\/issues\/\d+\/comments$/, fault });
  return refusalOf(
    octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      ...house.at,
      issue_number: number,
      body: 'x',
    }),
  );
};
const comments = async () =>
  (
    await octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      ...house.at,
      issue_number: number,
    })
  ).data;

describe('a fault in the API', () => {
  it('answers instead of doing it, with its own headers', async () => {
    const fault = { kind: 'answer', status: 429, headers: { 'retry-after': '7' } } as const;
    expect(await comment(fault)).toMatchObject({ status: 429 });
    expect(await comments()).toHaveLength(0);
  });

  it('answers 502 after having done it', async () => {
    expect(await comment({ kind: 'answer_after', status: 502 })).toMatchObject({ status: 502 });
    expect(await comments()).toHaveLength(1);
    const last = house.journal.entries().findLast(({ call }) => call.startsWith('POST /repos'));
    expect(last).toMatchObject({ status: 502, detail: { fault: 'answer_after', body: '{"body":"x"}' } });
  });

  it('cuts the connection before or after the effect', async () => {
    await comment({ kind: 'reset' });
    expect(await comments()).toHaveLength(0);
    await comment({ kind: 'reset_after' });
    expect(await comments()).toHaveLength(1);
    const cuts = house.journal.entries().filter(({ status }) => status === 0);
    expect(cuts.map(({ detail }) => detail['fault'])).toEqual(['reset', 'reset_after']);
  });

  it('makes it late', async () => {
    const startedAt = performance.now();
    expect((await comment({ kind: 'delay', ms: 150 })).status).toBeUndefined();
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(149);
  });
});

describe('a fault in git', () => {
  const push = async (branch: string, fault: Fault) => {
    const token = await mintToken(house);
    const { folder, sha } = await cloneWithChange(house, { token, branch });
    // curl tries again, once, when a kept connection is cut before an answer
    const times = fault.kind.startsWith('reset') ? 2 : 1;
    house.faults.inject({ call: /^POST .*\/git-receive-pack$/, fault, times });
    const { ok } = await git(house, folder, 'push', '--quiet', 'origin', branch);
    const { stdout } = await git(
      house,
      house.folder,
      'ls-remote',
      cloneUrl(house, token),
      `refs/heads/${branch}`,
    );
    return { ok, isThere: stdout.startsWith(sha) };
  };

  it.each([
    ['answered 502 without effect', { kind: 'answer', status: 502 } as const, false],
    ['answered 502 after the effect', { kind: 'answer_after', status: 502 } as const, true],
    ['cut before the effect', { kind: 'reset' } as const, false],
    ['cut after the effect', { kind: 'reset_after' } as const, true],
  ])('is a push %s', async (what, fault, isThere) => {
    expect(await push(`agent/${what.replaceAll(' ', '-')}`, fault)).toEqual({ ok: false, isThere });
  });
});
