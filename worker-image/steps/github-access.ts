// One job's way into GitHub: tokens for exactly its repository, minted when needed and revoked at its end.
import type { GithubApp } from '#core/platforms/github/app.ts';
import { orRefused } from '#core/platforms/github/errors.ts';
import type { PullRequest, PullRequestInput } from '#core/platforms/github/pulls.ts';
import type { PullEnds } from '#core/platforms/github/pull-ends.ts';
import { pullEndsOf } from '#core/platforms/github/pull-ends.ts';
import { createGithubPulls } from '#core/platforms/github/pulls.ts';
import type { Labelled, LabelsInput } from '#core/platforms/github/labels.ts';
import { addLabels } from '#core/platforms/github/labels.ts';
import { createGithubReporter } from '#core/platforms/github/reporter.ts';
import type { Reviewed, ReviewInput } from '#core/platforms/github/reviews.ts';
import { createGithubReviews } from '#core/platforms/github/reviews.ts';
import { defaultBranchOf } from '#core/platforms/github/repository.ts';
import type { ThreadComments } from '#core/platforms/github/thread-comments.ts';
import { threadCommentsOf } from '#core/platforms/github/thread-comments.ts';
import type { Log } from '#core/ports/log.ts';
import type { Task } from '#core/task.ts';
import type { Author } from '#worker/publish/publish.ts';
import { createGithubTokens } from './github-tokens.ts';

/** `fence`: as whom; what was said under a newer one stays. */
type Said = { body: string; fence: number; commentId?: string | undefined };

export type GithubAccess = {
  /** Where git goes, without credentials. */
  url: string;
  author: Author;
  token: () => Promise<string>;
  defaultBranch: () => Promise<string>;
  /** The branches of a pull request; undefined when there is none of this number any more. */
  pullEnds: (number: number) => Promise<PullEnds | undefined>;
  /** Another token from now on: GitHub took the last one back. */
  renewToken: () => Promise<void>;
  /** What was said on the thread; undefined when it is gone. */
  comments: () => Promise<ThreadComments | undefined>;
  /** Writes or edits our one comment on the thread; gives its id, or undefined where the thread takes none any more. */
  say: (said: Said) => Promise<string | undefined>;
  openPullRequest: (input: Omit<PullRequestInput, 'repository'>) => Promise<PullRequest>;
  /** Writes the task's one review of the thread's pull request, or finds it. */
  review: (input: Omit<ReviewInput, 'repository' | 'number' | 'taskId'>) => Promise<Reviewed>;
  /** Puts labels on the thread. */
  addLabels: (input: Omit<LabelsInput, 'repository' | 'number'>) => Promise<Labelled>;
  /** Revokes every token; one that GitHub does not take back now ends within the hour. */
  end: () => Promise<void>;
};

export type GithubSource = () => Promise<GithubApp>;

type AccessInput = { source: GithubSource; githubUrl: string; log: Log; now?: () => number };

/** Throws TokenRefusedError when the App is no longer let in. */
export const createGithubAccess =
  ({ source, githubUrl, log, now = Date.now }: AccessInput) =>
  async ({ id: taskId, thread, trigger }: Task): Promise<GithubAccess> => {
    const app = await source();
    const tokens = createGithubTokens({ app, scope: { ...thread, permissions }, taskId, log, now });
    const botLogin = await app.botLogin();
    await tokens.current();
    const { appId, markerKey } = app;
    const { repository, number } = thread;

    return {
      url: `${githubUrl.replace(/\/+$/, '')}/${repository}.git`,
      author: { name: botLogin, email: `${botLogin}@users.noreply.github.com` },
      token: async () => (await tokens.current()).token,
      renewToken: tokens.renew,
      defaultBranch: () => tokens.with((octokit) => defaultBranchOf(octokit, repository)),
      pullEnds: (number) => tokens.with((octokit) => pullEndsOf(octokit, repository, number)),
      comments: () =>
        tokens.with((octokit) => threadCommentsOf(octokit, { thread, identity: { appId, botLogin } })),
      say: ({ body, fence, commentId }) =>
        unlessRefused({ taskId, log }, () =>
          tokens.with(async (octokit) => {
            const report = { thread, taskId, fence, body, since: trigger.createdAt };
            const { edit, upsert } = createGithubReporter(octokit, { markerKey, appId, botLogin });
            return commentId === undefined ? await upsert(report) : await edit(commentId, report);
          }),
        ),
      openPullRequest: (input) =>
        tokens.with((octokit) => createGithubPulls(octokit).findOrCreate({ repository, ...input })),
      review: (input) =>
        tokens.with((octokit) =>
          createGithubReviews(octokit, { markerKey, botLogin }).findOrCreate({
            ...input,
            repository,
            number,
            taskId,
          }),
        ),
      addLabels: (input) => tokens.with((octokit) => addLabels(octokit, { ...input, repository, number })),
      end: tokens.end,
    };
  };

type Saying = { taskId: string; log: Log };

/** A locked or deleted thread takes no comment: nobody can be told, but the work was asked for. */
const unlessRefused = async ({ taskId, log }: Saying, say: () => Promise<string>) => {
  const said = await orRefused(say);
  if (typeof said === 'string') return said;
  log.warn('nothing said', { taskId, status: said.status });
  return undefined;
};

/** No `workflows`: GitHub itself refuses a push that changes them. */
const permissions = {
  contents: 'write',
  issues: 'write',
  pull_requests: 'write',
  metadata: 'read',
} as const;
