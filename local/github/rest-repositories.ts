// Repositories, branches, commits and who may do what in them.
import type { Api, Twin } from './access.ts';
import { requireRepository } from './access.ts';
import type { Answer } from './answers.ts';
import { notFound, refusal, send } from './answers.ts';
import type { ChangedFile, GitCommit } from './git.ts';
import { toFullRepository, toUser } from './shape-repository.ts';
import { nodeId } from './site.ts';
import type { Account, Repository, Role } from './world.ts';

export const addRepositoryRoutes = (api: Api, twin: Twin): void => {
  const { site, world, git } = twin;

  api.get('/repos/:owner/:name', (c) =>
    send(toFullRepository(site, requireRepository(twin, c, ['metadata:read']))),
  );
  api.get('/repos/:owner/:name/branches/:branch{.+}', async (c) => {
    const repository = requireRepository(twin, c, ['contents:read']);
    const name = c.req.param('branch');
    const sha = await git.branch(repository.gitDir, name);
    const commit = sha && (await git.commit(repository.gitDir, sha));
    if (!commit) throw refusal(404, 'Branch not found');
    return send(toBranch(twin, repository, { name, commit }));
  });
  // Octokit sends the slash in a ref as %2F
  api.get('/repos/:owner/:name/git/ref/:ref{.+}', async (c) => {
    const repository = requireRepository(twin, c, ['contents:read']);
    const [, name] = /^heads\/(.+)$/.exec(c.req.param('ref')) ?? [];
    const sha = name && (await git.branch(repository.gitDir, name));
    if (!sha) throw notFound();
    return send(toRef(twin, repository, { name, sha }));
  });
  api.get('/repos/:owner/:name/commits/:sha{.+}', async (c) => {
    const repository = requireRepository(twin, c, ['contents:read']);
    const sha = c.req.param('sha');
    const commit = await git.commit(repository.gitDir, sha);
    if (!commit) throw refusal(422, `No commit found for SHA: ${sha}`);
    const files = await git.changedFiles(repository.gitDir, [...commit.parents.slice(0, 1), commit.sha]);
    return send(toCommit(twin, repository, { commit, files }));
  });
  api.get('/repos/:owner/:name/collaborators/:login/permission', (c) => {
    const repository = requireRepository(twin, c, ['metadata:read']);
    const login = c.req.param('login');
    const account = world.accounts.get(login.toLowerCase());
    if (!account) throw refusal(404, `${login} is not a user`);
    return send(toPermission(twin, repository, account));
  });
};

const baseRoles: Record<Role, string> = {
  admin: 'admin',
  maintain: 'write',
  write: 'write',
  triage: 'read',
  read: 'read',
};

/**
 * The legacy `permission` beside the true `role_name`; everybody may read a public repository.
 * https://docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user
 */
const toPermission = (
  { site }: Twin,
  repository: Repository,
  account: Account,
): Answer<'GET /repos/{owner}/{repo}/collaborators/{username}/permission'> => {
  const given =
    account.id === repository.owner.id ? 'admin' : repository.collaborators.get(account.login.toLowerCase());
  const role = given ?? (repository.private ? undefined : 'read');
  const permission = role ? baseRoles[role] : 'none';
  const can = (...roles: Role[]) => role !== undefined && roles.includes(role);
  return {
    permission,
    role_name: role ?? 'none',
    user: {
      ...toUser(site, account),
      permissions: {
        admin: can('admin'),
        maintain: can('admin', 'maintain'),
        push: can('admin', 'maintain', 'write'),
        triage: can('admin', 'maintain', 'write', 'triage'),
        pull: role !== undefined,
      },
      role_name: role ?? 'none',
    },
  };
};

/** https://docs.github.com/rest/branches/branches#get-a-branch */
const toBranch = (
  twin: Twin,
  repository: Repository,
  { name, commit }: { name: string; commit: GitCommit },
): Answer<'GET /repos/{owner}/{repo}/branches/{branch}'> => {
  const url = `${twin.site.apiUrl}/repos/${repository.fullName}/branches/${name}`;
  const isProtected = repository.protectedBranches.includes(name);
  return {
    name,
    commit: toCommit(twin, repository, { commit }),
    _links: { self: url, html: `${twin.site.webUrl}/${repository.fullName}/tree/${name}` },
    protected: isProtected,
    protection: { enabled: isProtected },
    protection_url: `${url}/protection`,
  };
};

/** https://docs.github.com/rest/git/refs#get-a-reference */
const toRef = (
  { site }: Twin,
  repository: Repository,
  { name, sha }: { name: string; sha: string },
): Answer<'GET /repos/{owner}/{repo}/git/ref/{ref}'> => {
  const url = `${site.apiUrl}/repos/${repository.fullName}/git`;
  return {
    ref: `refs/heads/${name}`,
    node_id: nodeId('REF', `${repository.id}:${name}`),
    url: `${url}/refs/heads/${name}`,
    object: { sha, type: 'commit', url: `${url}/commits/${sha}` },
  };
};

/** https://docs.github.com/rest/commits/commits#get-a-commit */
const toCommit = (
  { site }: Twin,
  repository: Repository,
  { commit, files }: { commit: GitCommit; files?: ChangedFile[] },
): Answer<'GET /repos/{owner}/{repo}/commits/{ref}'> => {
  const api = `${site.apiUrl}/repos/${repository.fullName}`;
  const html = `${site.webUrl}/${repository.fullName}`;
  const sum = (key: 'additions' | 'deletions') => (files ?? []).reduce((total, file) => total + file[key], 0);
  const changes = { additions: sum('additions'), deletions: sum('deletions') };
  return {
    sha: commit.sha,
    node_id: nodeId('C', commit.sha),
    commit: {
      author: commit.author,
      committer: commit.committer,
      message: commit.message,
      tree: { sha: commit.tree, url: `${api}/git/trees/${commit.tree}` },
      url: `${api}/git/commits/${commit.sha}`,
      comment_count: 0,
      verification: {
        verified: false,
        reason: 'unsigned',
        signature: null,
        payload: null,
        verified_at: null,
      },
    },
    url: `${api}/commits/${commit.sha}`,
    html_url: `${html}/commit/${commit.sha}`,
    comments_url: `${api}/commits/${commit.sha}/comments`,
    author: null,
    committer: null,
    parents: commit.parents.map((sha) => ({
      sha,
      url: `${api}/commits/${sha}`,
      html_url: `${html}/commit/${sha}`,
    })),
    ...(files
      ? {
          stats: { ...changes, total: changes.additions + changes.deletions },
          files: files.map((file) => toFile({ api, html, sha: commit.sha }, file)),
        }
      : {}),
  };
};

const toFile = ({ api, html, sha }: { api: string; html: string; sha: string }, file: ChangedFile) => ({
  sha,
  filename: file.filename,
  status: file.status,
  additions: file.additions,
  deletions: file.deletions,
  changes: file.additions + file.deletions,
  blob_url: `${html}/blob/${sha}/${file.filename}`,
  raw_url: `${html}/raw/${sha}/${file.filename}`,
  contents_url: `${api}/contents/${file.filename}?ref=${sha}`,
});
