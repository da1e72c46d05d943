// One job's way into GitHub: tokens for exactly its repository, minted when needed and revoked at its end.
import type { GithubApp } from '#core/platforms/github/app.ts';
import type { GithubClient } from '#core/platforms/github/octokit.ts';
import type { PullRequest, PullRequestInput } from '#core/platforms/github/pulls.ts';
import { createGithubPulls } from '#core/platforms/github/pulls.ts';
import { createGithubReporter } from '#core/platforms/github/reporter.ts';
import { defaultBranchOf } from '#core/platforms/github/repository.ts';
import type { Log } from '#core/ports/log.ts';
import type { Task } from '#core/task.ts';
import type { Author } from './publish.ts';

export type GithubAccess = {
  /** Where git goes, without credentials. */
  url: string;
  author: Author;
  token: () => Promise<string>;
  defaultBranch: () => Promise<string>;
  /** Writes or edits our one comment on the thread; gives its id. */
  say: (body: string, commentId?: string) => Promise<string>;
  openPullRequest: (input: Omit<PullRequestInput, 'repository'>) => Promise<PullRequest>;
  /** Revokes every token; one that GitHub does not take back now ends within the hour. */
  end: () => Promise<void>;
};

export type GithubSource = () => Promise<{ app: GithubApp; markerKey: string }>;

type AccessInput = { source: GithubSource; githubUrl: string; log: Log; now?: () => number };

/** Well before the hour that GitHub gives a token. https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app */
const useTokenForMs = 45 * 60_000;

/** Throws TokenRefusedError when the App is no longer let in. */
export const createGithubAccess =
  ({ source, githubUrl, log, now = Date.now }: AccessInput) =>
  async ({ id: taskId, thread, trigger }: Task): Promise<GithubAccess> => {
    const { app, markerKey } = await source();
    const minted: { token: string; at: number; octokit: GithubClient }[] = [];

    const current = async () => {
      const last = minted.at(-1);
      if (last && now() - last.at < useTokenForMs) return last;
      const { token } = await app.tokenFor({ ...thread, permissions });
      const next = { token, at: now(), octokit: app.octokitFor(token) };
      minted.push(next);
      return next;
    };
    const botLogin = await app.botLogin();
    await current();

    const reporter = async () =>
      createGithubReporter((await current()).octokit, { markerKey, appId: app.appId, botLogin });

    return {
      url: `${githubUrl.replace(/\/+$/, '')}/${thread.repository}.git`,
      author: { name: botLogin, email: `${botLogin}@users.noreply.github.com` },
      token: async () => (await current()).token,
      defaultBranch: async () => await defaultBranchOf((await current()).octokit, thread.repository),
      say: async (body, commentId) => {
        const report = { thread, taskId, body, since: trigger.createdAt };
        const { edit, upsert } = await reporter();
        return commentId === undefined ? await upsert(report) : await edit(commentId, report);
      },
      openPullRequest: async (input) =>
        await createGithubPulls((await current()).octokit).findOrCreate({
          repository: thread.repository,
          ...input,
        }),
      end: async () => {
        const ends = await Promise.allSettled(minted.splice(0).map(({ token }) => app.revoke(token)));
        const failed = ends.filter(({ status }) => status === 'rejected').length;
        if (failed > 0) log.warn('tokens not revoked', { taskId, failed });
      },
    };
  };

/** No `workflows`: GitHub itself refuses a push that changes them. */
const permissions = {
  contents: 'write',
  issues: 'write',
  pull_requests: 'write',
  metadata: 'read',
} as const;
