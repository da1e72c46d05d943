// What people do in the browser: they need no token, and everything they do sends its webhook.
import type { Twin } from './access.ts';
import { toJson } from './answers.ts';
import type { Delivered } from './events.ts';
import { fireComment, fireInstallation, fireIssue, firePull } from './events.ts';
import { keepPullRef, pullSize } from './pulls.ts';
import { toComment, toIssue } from './shape-thread.ts';
import type { Account, Installation, Permissions, Pull, Repository } from './world.ts';
import { findComment } from './world.ts';

type CommentInput = { repository: string; number: number; login: string; body: string };
type EditInput = { repository: string; commentId: number; login: string; body: string };
type IssueInput = { repository: string; login: string; title: string; body?: string };
type PullInput = IssueInput & {
  headBranch: string;
  /** Of a fork: its commit, already among the objects of the repository, as GitHub has them. */
  fork?: { owner: string; sha: string };
  baseBranch: string;
};
type InstallInput = {
  account: string;
  /** Full names. */
  repositories: readonly string[];
  login: string;
  permissions?: Permissions;
};

export const createPeople = (twin: Twin) => {
  const { site, world, git } = twin;

  const comment = ({ repository: fullName, number, login, body }: CommentInput) => {
    const repository = world.repository(fullName);
    const issue = repository.issues.get(number);
    if (!issue) throw new Error(`${fullName} has no issue ${number}`);
    const sender = person(twin, login);
    const created = world.addComment(issue, sender, body);
    const delivered = fireComment(
      twin,
      { sender, action: 'created' },
      { repository, issue, comment: created },
    );
    const { html_url: url } = toComment(site, { repository, issue }, created);
    return { commentId: created.id, url, delivered };
  };

  const editComment = ({ repository: fullName, commentId, login, body }: EditInput) => {
    const found = findOrThrow(twin, fullName, commentId);
    const bodyBefore = found.comment.body;
    found.comment.body = body;
    found.comment.updatedAt = world.now();
    const sender = person(twin, login);
    return {
      delivered: fireComment(twin, { sender, action: 'edited' }, { ...found, bodyBefore }),
    };
  };

  const deleteComment = ({ repository: fullName, commentId, login }: Omit<EditInput, 'body'>) => {
    const { repository, issue, comment: gone } = findOrThrow(twin, fullName, commentId);
    issue.comments.splice(issue.comments.indexOf(gone), 1);
    const sender = person(twin, login);
    return {
      delivered: fireComment(twin, { sender, action: 'deleted' }, { repository, issue, comment: gone }),
    };
  };

  const openIssue = ({ repository: fullName, login, title, body }: IssueInput) => {
    const repository = world.repository(fullName);
    const sender = person(twin, login);
    const issue = world.addIssue(repository, { title, body: body ?? null, user: sender });
    const delivered = fireIssue(twin, { sender, action: 'opened' }, { repository, issue });
    return { number: issue.number, url: toIssue(site, { repository, issue }).html_url, delivered };
  };

  const openPullRequest = async ({ repository: fullName, login, title, body, ...wanted }: PullInput) => {
    const repository = world.repository(fullName);
    const sender = person(twin, login);
    const pull = await pullOf(twin, repository, wanted);
    const issue = world.addIssue(repository, { title, body: body ?? null, user: sender, pull });
    await keepPullRef(git, repository, issue);
    const size = await pullSize(git, repository, pull);
    const delivered = firePull(twin, { sender, action: 'opened' }, { repository, issue, pull, size });
    return { number: issue.number, headSha: pull.headSha, delivered };
  };

  return { comment, editComment, deleteComment, openIssue, openPullRequest, ...createInstallationActs(twin) };
};

const pullOf = async (
  twin: Twin,
  { gitDir }: Repository,
  { headBranch, baseBranch, fork }: Pick<PullInput, 'headBranch' | 'baseBranch' | 'fork'>,
): Promise<Pull> => {
  const headSha = fork?.sha ?? (await twin.git.branch(gitDir, headBranch));
  const baseSha = await twin.git.branch(gitDir, baseBranch);
  if (!headSha || !baseSha) throw new Error(`the twin lacks ${headBranch} or ${baseBranch}`);
  return {
    id: twin.world.nextId(),
    ...(fork && { fork: person(twin, fork.owner) }),
    headBranch,
    headSha,
    baseBranch,
    baseSha,
    draft: false,
    maintainerCanModify: false,
    reviews: [],
  };
};

type OnInstallation = { installationId: number; login: string };

const createInstallationActs = (twin: Twin) => {
  const { site, world } = twin;
  const find = (id: number): Installation => {
    const installation = world.installations.get(id);
    if (!installation) throw new Error(`there is no installation ${id}`);
    return installation;
  };

  const install = ({ account, repositories, login, permissions }: InstallInput) => {
    const at = world.now();
    const installation: Installation = {
      id: world.nextId(),
      account: person(twin, account),
      repositoryIds: new Set(repositories.map((fullName) => world.repository(fullName).id)),
      permissions: permissions ?? site.app.permissions,
      events: site.app.events,
      createdAt: at,
      updatedAt: at,
      suspended: null,
    };
    world.installations.set(installation.id, installation);
    const delivered = fireInstallation(
      twin,
      { sender: person(twin, login), action: 'created' },
      installation,
    );
    return { installationId: installation.id, delivered };
  };

  /** Its tokens stop at once. */
  const uninstall = ({ installationId, login }: OnInstallation): { delivered: Delivered } => {
    const installation = find(installationId);
    const sender = person(twin, login);
    world.installations.delete(installationId);
    return { delivered: fireInstallation(twin, { sender, action: 'deleted' }, installation) };
  };

  const suspend = ({ installationId, login }: OnInstallation): { delivered: Delivered } => {
    const installation = find(installationId);
    const by = person(twin, login);
    installation.suspended = { at: world.now(), by };
    return { delivered: fireInstallation(twin, { sender: by, action: 'suspend' }, installation) };
  };

  const unsuspend = ({ installationId, login }: OnInstallation): { delivered: Delivered } => {
    const installation = find(installationId);
    installation.suspended = null;
    return {
      delivered: fireInstallation(twin, { sender: person(twin, login), action: 'unsuspend' }, installation),
    };
  };

  return { install, uninstall, suspend, unsuspend };
};

const findOrThrow = ({ world }: Twin, fullName: string, commentId: number) => {
  const repository = world.repository(fullName);
  const found = findComment(repository, commentId);
  if (!found) throw new Error(`${fullName} has no comment ${commentId}`);
  return { repository, ...found };
};

const person = ({ world }: Twin, login: string): Account => {
  const account = world.accounts.get(login.toLowerCase());
  if (!account) throw new Error(`the twin knows nobody called ${toJson(login)}`);
  return account;
};
