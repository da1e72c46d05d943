import { cutBody } from './cut-body.ts';
import { unlessStatus } from './errors.ts';
import { markOf, taskMark } from './marker.ts';
import type { GithubClient } from './octokit.ts';
import { numberFor } from './reactions.ts';
import { ownerAndRepo } from './repository.ts';

export type ReviewIdentity = {
  /** From markerKeyOf. */
  markerKey: string;
  /** `<slug>[bot]`: a review does not say which App wrote it. */
  botLogin: string;
};

/** Which review of which pull request. */
export type ReviewKey = { repository: string; number: number; taskId: string; fence: number };

export type InlineComment = {
  path: string;
  line: number;
  startLine?: number | undefined;
  side: 'LEFT' | 'RIGHT';
  body: string;
};

export type ReviewText = { body: string; commitSha?: string; comments?: readonly InlineComment[] };

export type Review = { id: string; url: string; body: string; isPending: boolean; isOfTask: boolean };

const pageSize = 100;

/** The reviews of ours on one pull request. https://docs.github.com/en/rest/pulls/reviews */
export const createReviewCalls = (
  octokit: GithubClient,
  { markerKey, botLogin }: ReviewIdentity,
  key: ReviewKey,
) => {
  const at = { ...ownerAndRepo(key.repository), pull_number: key.number };
  const toReview = ({ id, html_url, state, body }: Raw): Review => ({
    id: String(id),
    url: html_url,
    body,
    isPending: state === 'PENDING',
    isOfTask: markOf(markerKey, key.taskId, body) !== undefined,
  });

  /** A pending one is shown to its author alone. */
  const list = async (page = 1): Promise<Review[]> => {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews', {
      ...at,
      per_page: pageSize,
      page,
    });
    const ours = data.filter(({ user }) => user?.login === botLogin).map(toReview);
    return data.length < pageSize ? ours : [...ours, ...(await list(page + 1))];
  };

  /** Without an event: it is pending until it is submitted. */
  const create = async ({ body, commitSha, comments = [] }: ReviewText): Promise<Review> => {
    const { data } = await octokit.request('POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews', {
      ...at,
      ...(commitSha !== undefined && { commit_id: commitSha }),
      body: cutBody(body, `\n\n${taskMark(markerKey, key)}`),
      comments: comments.map(toInline),
    });
    return toReview(data);
  };

  /** Never an approval. With the words that it has, for they hold our mark. undefined when it was submitted or deleted meanwhile. */
  const submit = ({ id, body }: Review): Promise<Review | undefined> =>
    unlessStatus([404, 422], async () => {
      const { data } = await octokit.request(
        'POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/events',
        { ...at, review_id: numberFor(id), body, event: 'COMMENT' },
      );
      return toReview(data);
    });

  /** One that is submitted cannot be deleted, and stays. */
  const discard = async (id: string): Promise<void> => {
    await unlessStatus([404, 422], () =>
      octokit.request('DELETE /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}', {
        ...at,
        review_id: numberFor(id),
      }),
    );
  };

  return { list, create, submit, discard };
};

type Raw = { id: number | bigint; html_url: string; state: string; body: string };

const toInline = ({ path, line, startLine, side, body }: InlineComment) => ({
  path,
  line,
  side,
  ...(startLine !== undefined && { start_line: startLine, start_side: side }),
  body,
});
