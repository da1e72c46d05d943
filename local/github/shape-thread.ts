// Issues, comments, reactions and pull requests in GitHub's shapes.
import type { Answer } from './answers.ts';
import { toApp, toRepository, toUser } from './shape-repository.ts';
import type { Site } from './site.ts';
import { isoTime, isoTimeOrNull, nodeId } from './site.ts';
import { toLabel } from './shape-label.ts';
import type { Account, Comment, Issue, Pull, Reaction, Repository } from './world.ts';
import { reactionContents } from './world.ts';

/** What a thread's shape is made of. */
export type InThread = { repository: Repository; issue: Issue };

const roleWords = {
  admin: 'OWNER',
  maintain: 'MEMBER',
  write: 'COLLABORATOR',
  triage: 'COLLABORATOR',
} as const;

export const associationOf = ({ owner, collaborators }: Repository, { login, type }: Account) => {
  if (type === 'Bot') return 'NONE';
  if (owner.login === login) return 'OWNER';
  const role = collaborators.get(login.toLowerCase());
  if (role === 'read') return 'COLLABORATOR';
  return role ? roleWords[role] : 'NONE';
};

const viaApp = (site: Site, user: Account) => (user.id === site.app.bot.id ? toApp(site) : null);

const toRollup = (url: string, reactions: readonly Reaction[]) => {
  const count = (content: string) => reactions.filter((reaction) => reaction.content === content).length;
  return {
    url: `${url}/reactions`,
    total_count: reactions.length,
    ...(Object.fromEntries(reactionContents.map((content) => [content, count(content)])) as Record<
      (typeof reactionContents)[number], // fromEntries loses the keys that the list has
      number
    >),
  };
};

/** https://docs.github.com/rest/reactions/reactions */
export const toReaction = (site: Site, { id, user, content, createdAt }: Reaction) =>
  ({
    id,
    node_id: nodeId('REA', id),
    user: toUser(site, user),
    content,
    created_at: isoTime(createdAt),
  }) satisfies Answer<'POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions'>;

/** https://docs.github.com/rest/issues/issues#get-an-issue */
export const toIssue = (site: Site, { repository, issue }: InThread) => {
  const repositoryUrl = `${site.apiUrl}/repos/${repository.fullName}`;
  const url = `${repositoryUrl}/issues/${issue.number}`;
  const pullUrl = `${site.webUrl}/${repository.fullName}/pull/${issue.number}`;
  return {
    url,
    repository_url: repositoryUrl,
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: issue.pull ? pullUrl : `${site.webUrl}/${repository.fullName}/issues/${issue.number}`,
    id: issue.id,
    node_id: nodeId('I', issue.id),
    number: issue.number,
    title: issue.title,
    user: toUser(site, issue.user),
    labels: issue.labels.map((label) => toLabel(site, repository, label)),
    state: issue.state,
    locked: false,
    assignee: null,
    assignees: [],
    milestone: null,
    comments: issue.comments.length,
    created_at: isoTime(issue.createdAt),
    updated_at: isoTime(issue.updatedAt),
    closed_at: isoTimeOrNull(issue.closedAt),
    author_association: associationOf(repository, issue.user),
    active_lock_reason: null,
    draft: issue.pull?.draft ?? false,
    body: issue.body,
    reactions: toRollup(url, issue.reactions),
    timeline_url: `${url}/timeline`,
    performed_via_github_app: viaApp(site, issue.user),
    state_reason: null,
    ...(issue.pull
      ? {
          pull_request: {
            url: `${repositoryUrl}/pulls/${issue.number}`,
            html_url: pullUrl,
            diff_url: `${pullUrl}.diff`,
            patch_url: `${pullUrl}.patch`,
            merged_at: null,
          },
        }
      : {}),
  } satisfies Answer<'GET /repos/{owner}/{repo}/issues/{issue_number}'>;
};

/** https://docs.github.com/rest/issues/comments#get-an-issue-comment */
export const toComment = (site: Site, { repository, issue }: InThread, comment: Comment) => {
  const url = `${site.apiUrl}/repos/${repository.fullName}/issues/comments/${comment.id}`;
  const thread = `${site.webUrl}/${repository.fullName}/${issue.pull ? 'pull' : 'issues'}/${issue.number}`;
  return {
    url,
    html_url: `${thread}#issuecomment-${comment.id}`,
    issue_url: `${site.apiUrl}/repos/${repository.fullName}/issues/${issue.number}`,
    id: comment.id,
    node_id: nodeId('IC', comment.id),
    user: toUser(site, comment.user),
    created_at: isoTime(comment.createdAt),
    updated_at: isoTime(comment.updatedAt),
    author_association: associationOf(repository, comment.user),
    body: comment.body,
    reactions: toRollup(url, comment.reactions),
    performed_via_github_app: viaApp(site, comment.user),
  } satisfies Answer<'GET /repos/{owner}/{repo}/issues/comments/{comment_id}'>;
};

/** A branch of this repository, or of a fork that bears its name; of a deleted fork the commit is all that is left. */
const toHead = (site: Site, repository: Repository, { fork, headBranch, headSha }: Pull) => {
  if (fork === undefined) return toEnd(site, repository, [headBranch, headSha]);
  const owner = fork === 'gone' ? site.app.owner : fork;
  const fullName = `${owner.login}/${repository.name}`;
  const end = toEnd(site, { ...repository, id: repository.id + 1, owner, fullName }, [headBranch, headSha]);
  if (fork !== 'gone') return end;
  // GitHub sends null, against its own description: https://github.com/github/rest-api-description
  return { ...end, repo: null as unknown as typeof end.repo };
};

const toEnd = (site: Site, repository: Repository, [ref, sha]: readonly [string, string]) => ({
  label: `${repository.owner.login}:${ref}`,
  ref,
  sha,
  user: toUser(site, repository.owner),
  repo: toRepository(site, repository),
});

/** https://docs.github.com/rest/pulls/pulls#list-pull-requests */
export const toPullInList = (site: Site, { repository, issue }: InThread, pull: Pull) => {
  const thread = toIssue(site, { repository, issue });
  const url = `${site.apiUrl}/repos/${repository.fullName}/pulls/${issue.number}`;
  const statuses = `${site.apiUrl}/repos/${repository.fullName}/statuses/${pull.headSha}`;
  const links = {
    self: url,
    html: thread.html_url,
    issue: thread.url,
    comments: thread.comments_url,
    review_comments: `${url}/comments`,
    review_comment: `${site.apiUrl}/repos/${repository.fullName}/pulls/comments{/number}`,
    commits: `${url}/commits`,
    statuses,
  };
  const hrefs = Object.fromEntries(Object.entries(links).map(([name, href]) => [name, { href }])) as {
    [Name in keyof typeof links]: { href: string }; // fromEntries loses the keys
  };
  return {
    url,
    id: pull.id,
    node_id: nodeId('PR', pull.id),
    html_url: thread.html_url,
    diff_url: `${thread.html_url}.diff`,
    patch_url: `${thread.html_url}.patch`,
    issue_url: thread.url,
    number: issue.number,
    state: issue.state,
    locked: false,
    title: issue.title,
    user: thread.user,
    body: issue.body,
    created_at: thread.created_at,
    updated_at: thread.updated_at,
    closed_at: thread.closed_at,
    merged_at: null,
    merge_commit_sha: null,
    assignee: null,
    assignees: [],
    requested_reviewers: [],
    requested_teams: [],
    labels: thread.labels,
    milestone: null,
    draft: pull.draft,
    commits_url: links.commits,
    review_comments_url: links.review_comments,
    review_comment_url: links.review_comment,
    comments_url: links.comments,
    statuses_url: statuses,
    head: toHead(site, repository, pull),
    base: toEnd(site, repository, [pull.baseBranch, pull.baseSha]),
    _links: hrefs,
    author_association: thread.author_association,
    auto_merge: null,
    active_lock_reason: null,
  } satisfies Answer<'GET /repos/{owner}/{repo}/pulls'>[number];
};

export type PullSize = { commits: number; additions: number; deletions: number; changed_files: number };

/** https://docs.github.com/rest/pulls/pulls#get-a-pull-request */
export const toPull = (site: Site, thread: InThread, { pull, size }: { pull: Pull; size: PullSize }) =>
  ({
    ...toPullInList(site, thread, pull),
    merged: false,
    mergeable: thread.issue.state === 'open' ? true : null,
    rebaseable: thread.issue.state === 'open' ? true : null,
    mergeable_state: pull.draft ? 'draft' : 'clean',
    merged_by: null,
    comments: thread.issue.comments.length,
    review_comments: pull.reviews.flatMap(({ submittedAt, comments }) =>
      submittedAt === null ? [] : comments,
    ).length,
    maintainer_can_modify: pull.maintainerCanModify,
    ...size,
  }) satisfies Answer<'GET /repos/{owner}/{repo}/pulls/{pull_number}'>;
