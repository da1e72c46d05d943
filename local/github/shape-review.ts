import type { Answer } from './answers.ts';
import { toUser } from './shape-repository.ts';
import type { InThread } from './shape-thread.ts';
import { associationOf } from './shape-thread.ts';
import type { Site } from './site.ts';
import { isoTime, nodeId } from './site.ts';
import type { Review } from './world.ts';

/** https://docs.github.com/rest/pulls/reviews */
export const toReview = (site: Site, { repository, issue }: InThread, review: Review) => {
  const { id, user, body, state, commitSha, submittedAt } = review;
  const page = `${site.webUrl}/${repository.fullName}/pull/${issue.number}#pullrequestreview-${id}`;
  const pull = `${site.apiUrl}/repos/${repository.fullName}/pulls/${issue.number}`;
  return {
    id,
    node_id: nodeId('PRR', id),
    user: toUser(site, user),
    body,
    state,
    html_url: page,
    pull_request_url: pull,
    author_association: associationOf(repository, user),
    _links: { html: { href: page }, pull_request: { href: pull } },
    commit_id: commitSha,
    ...(submittedAt === null ? {} : { submitted_at: isoTime(submittedAt) }),
  } satisfies Answer<'POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews'>;
};
