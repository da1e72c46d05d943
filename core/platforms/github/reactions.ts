import type { Thread, Trigger } from '#core/task.ts';
import type { GithubClient } from './octokit.ts';
import { ownerAndRepo } from './repository.ts';

/** 👀 on the comment. GitHub keeps one per user and content, so a repeat changes nothing. */
export const addEyes = async (octokit: GithubClient, thread: Thread, trigger: Trigger): Promise<void> => {
  await octokit.request('POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions', {
    ...ownerAndRepo(thread.repository),
    comment_id: numberFor(trigger.commentId),
    content: 'eyes',
  });
};

/** Octokit's types ask for a number, its URLs take any text: ids stay exact. */
export const numberFor = (id: string): number => id as unknown as number;
