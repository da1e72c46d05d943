// Accounts, repositories and the App in GitHub's shapes.
import type { Answer } from './answers.ts';
import type { Site } from './site.ts';
import { isoTime, nodeId } from './site.ts';
import type { Account, Installation, Repository } from './world.ts';

export const toUser = ({ apiUrl, webUrl }: Site, { login, id, type }: Account) => {
  const url = `${apiUrl}/users/${encodeURIComponent(login)}`;
  return {
    login,
    id,
    node_id: nodeId('U', id),
    avatar_url: `${webUrl}/avatars/${id}`,
    gravatar_id: '',
    url,
    html_url: type === 'Bot' ? `${webUrl}/apps/${login.replace('[bot]', '')}` : `${webUrl}/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type,
    site_admin: false,
  };
};

/** The few keys under `repositories` in an installation's payloads. */
export const toRepositoryName = ({ id, name, fullName, private: isPrivate }: Repository) => ({
  id,
  node_id: nodeId('R', id),
  name,
  full_name: fullName,
  private: isPrivate,
});

const templates = {
  forks: '/forks',
  keys: '/keys{/key_id}',
  collaborators: '/collaborators{/collaborator}',
  teams: '/teams',
  hooks: '/hooks',
  issue_events: '/issues/events{/number}',
  events: '/events',
  assignees: '/assignees{/user}',
  branches: '/branches{/branch}',
  tags: '/tags',
  blobs: '/git/blobs{/sha}',
  git_tags: '/git/tags{/sha}',
  git_refs: '/git/refs{/sha}',
  trees: '/git/trees{/sha}',
  statuses: '/statuses/{sha}',
  languages: '/languages',
  stargazers: '/stargazers',
  contributors: '/contributors',
  subscribers: '/subscribers',
  subscription: '/subscription',
  commits: '/commits{/sha}',
  git_commits: '/git/commits{/sha}',
  comments: '/comments{/number}',
  issue_comment: '/issues/comments{/number}',
  contents: '/contents/{+path}',
  compare: '/compare/{base}...{head}',
  merges: '/merges',
  archive: '/{archive_format}{/ref}',
  downloads: '/downloads',
  issues: '/issues{/number}',
  pulls: '/pulls{/number}',
  milestones: '/milestones{/number}',
  notifications: '/notifications{?since,all,participating}',
  labels: '/labels{/name}',
  releases: '/releases{/id}',
  deployments: '/deployments',
} as const;

const linksOf = (url: string) =>
  Object.fromEntries(Object.entries(templates).map(([name, path]) => [`${name}_url`, `${url}${path}`])) as {
    // fromEntries loses the keys that the table has
    [Name in keyof typeof templates as `${Name}_url`]: string;
  };

/** The shape that webhooks, pull requests and lists carry. */
export const toRepository = (site: Site, repository: Repository) => {
  const url = `${site.apiUrl}/repos/${repository.fullName}`;
  const htmlUrl = `${site.webUrl}/${repository.fullName}`;
  const openIssues = [...repository.issues.values()].filter(({ state }) => state === 'open').length;
  return {
    ...toRepositoryName(repository),
    owner: toUser(site, repository.owner),
    html_url: htmlUrl,
    description: null,
    fork: false,
    url,
    ...linksOf(url),
    created_at: isoTime(repository.createdAt),
    updated_at: isoTime(repository.pushedAt),
    pushed_at: isoTime(repository.pushedAt),
    git_url: `${htmlUrl.replace(/^http:/, 'git:')}.git`,
    ssh_url: `git@${new URL(site.webUrl).hostname}:${repository.fullName}.git`,
    clone_url: `${htmlUrl}.git`,
    svn_url: htmlUrl,
    homepage: null,
    size: 0,
    stargazers_count: 0,
    watchers_count: 0,
    language: null,
    has_issues: true,
    has_projects: true,
    has_downloads: true,
    has_wiki: true,
    has_pages: false,
    has_discussions: false,
    forks_count: 0,
    mirror_url: null,
    archived: false,
    disabled: false,
    open_issues_count: openIssues,
    license: null,
    allow_forking: true,
    is_template: false,
    web_commit_signoff_required: false,
    topics: [] as string[],
    visibility: repository.private ? 'private' : 'public',
    forks: 0,
    open_issues: openIssues,
    watchers: 0,
    default_branch: repository.defaultBranch,
    custom_properties: {},
  };
};

/** https://docs.github.com/rest/repos/repos#get-a-repository */
export const toFullRepository = (
  site: Site,
  repository: Repository,
): Answer<'GET /repos/{owner}/{repo}'> => ({
  ...toRepository(site, repository),
  network_count: 0,
  subscribers_count: 0,
});

/** https://docs.github.com/rest/apps/apps#get-the-authenticated-app */
export const toApp = (site: Site) => {
  const { app } = site;
  return {
    id: app.id,
    slug: app.slug,
    node_id: nodeId('A', app.id),
    client_id: `Iv23twin${app.id}`,
    owner: toUser(site, app.owner),
    name: app.name,
    description: null,
    external_url: site.webUrl,
    html_url: `${site.webUrl}/apps/${app.slug}`,
    created_at: isoTime(app.createdAt),
    updated_at: isoTime(app.createdAt),
    permissions: app.permissions,
    events: app.events,
  } satisfies Answer<'GET /app'>;
};

/** https://docs.github.com/rest/apps/apps#get-an-installation-for-the-authenticated-app */
export const toInstallation = (site: Site, { id, account, ...installation }: Installation) =>
  ({
    id,
    account: toUser(site, account),
    repository_selection: 'selected' as const,
    access_tokens_url: `${site.apiUrl}/app/installations/${id}/access_tokens`,
    repositories_url: `${site.apiUrl}/installation/repositories`,
    html_url: `${site.webUrl}/settings/installations/${id}`,
    app_id: site.app.id,
    app_slug: site.app.slug,
    target_id: account.id,
    target_type: account.type,
    permissions: installation.permissions,
    events: installation.events,
    created_at: isoTime(installation.createdAt),
    updated_at: isoTime(installation.updatedAt),
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: installation.suspended && toUser(site, installation.suspended.by),
    suspended_at: installation.suspended && isoTime(installation.suspended.at),
  }) satisfies Answer<'GET /app/installations/{installation_id}'>;
