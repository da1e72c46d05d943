// What the twin remembers: accounts, repositories, threads, installations. Git itself remembers the rest.
export type Account = { id: number; login: string; type: 'User' | 'Organization' | 'Bot' };

export type Role = 'admin' | 'maintain' | 'write' | 'triage' | 'read';

export const reactionContents = [
  '+1',
  '-1',
  'laugh',
  'confused',
  'heart',
  'hooray',
  'rocket',
  'eyes',
] as const;
export type ReactionContent = (typeof reactionContents)[number];
export type Reaction = { id: number; user: Account; content: ReactionContent; createdAt: number };

export type Comment = {
  id: number;
  body: string;
  user: Account;
  createdAt: number;
  updatedAt: number;
  reactions: Reaction[];
};

export type Label = {
  id: number;
  name: string;
  color: string;
  description: string;
  /** GitHub gave it to the new repository. */
  isDefault: boolean;
};

export type InlineComment = {
  id: number;
  path: string;
  line: number;
  startLine?: number | undefined;
  side: 'LEFT' | 'RIGHT';
  body: string;
};

export const reviewStates = {
  APPROVE: 'APPROVED',
  REQUEST_CHANGES: 'CHANGES_REQUESTED',
  COMMENT: 'COMMENTED',
} as const;
export type ReviewEvent = keyof typeof reviewStates;

export type Review = {
  id: number;
  user: Account;
  body: string;
  /** PENDING: only its author sees it. */
  state: 'PENDING' | (typeof reviewStates)[ReviewEvent];
  commitSha: string;
  /** null while it is pending. */
  submittedAt: number | null;
  comments: InlineComment[];
};

export type Pull = {
  id: number;
  /** Where the head branch lives when that is not this repository; `gone` when the fork was deleted. */
  fork?: Account | 'gone';
  headBranch: string;
  headSha: string;
  baseBranch: string;
  baseSha: string;
  draft: boolean;
  maintainerCanModify: boolean;
  reviews: Review[];
};

/** A pull request is an issue with a branch: both count on the same numbers. */
export type Issue = {
  id: number;
  number: number;
  title: string;
  body: string | null;
  user: Account;
  state: 'open' | 'closed';
  createdAt: number;
  updatedAt: number;
  closedAt: number | null;
  comments: Comment[];
  reactions: Reaction[];
  labels: Label[];
  pull?: Pull;
};

export type Repository = {
  id: number;
  owner: Account;
  name: string;
  fullName: string;
  private: boolean;
  defaultBranch: string;
  protectedBranches: string[];
  collaborators: Map<string, Role>;
  issues: Map<number, Issue>;
  labels: Label[];
  createdAt: number;
  pushedAt: number;
  /** The bare repository on disk. */
  gitDir: string;
};

export type Level = 'read' | 'write';
export type Permissions = Record<string, Level>;

export type Installation = {
  id: number;
  account: Account;
  repositoryIds: Set<number>;
  permissions: Permissions;
  events: string[];
  createdAt: number;
  updatedAt: number;
  suspended: { at: number; by: Account } | null;
};

export type World = ReturnType<typeof createWorld>;

export const createWorld = (now: () => number) => {
  const accounts = new Map<string, Account>();
  const repositories = new Map<string, Repository>();
  const installations = new Map<number, Installation>();
  // above every id of an earlier start: what was stored about a comment then must not be taken for one of now
  let lastId = Date.now();
  const nextId = () => (lastId += 1);

  const account = (login: string, type: Account['type'] = 'User'): Account => {
    const known = accounts.get(login.toLowerCase());
    if (known) return known;
    const created = { id: nextId(), login, type };
    accounts.set(login.toLowerCase(), created);
    return created;
  };

  const repository = (fullName: string): Repository => {
    const found = repositories.get(fullName.toLowerCase());
    if (!found) throw new Error(`the twin has no repository ${fullName}`);
    return found;
  };

  const addIssue = (
    repository: Repository,
    issue: Pick<Issue, 'title' | 'body' | 'user' | 'pull'>,
  ): Issue => {
    const at = now();
    const created: Issue = {
      ...issue,
      id: nextId(),
      number: repository.issues.size + 1,
      state: 'open',
      createdAt: at,
      updatedAt: at,
      closedAt: null,
      comments: [],
      reactions: [],
      labels: [],
    };
    repository.issues.set(created.number, created);
    return created;
  };

  const addComment = (issue: Issue, user: Account, body: string): Comment => {
    const at = now();
    const comment = { id: nextId(), body, user, createdAt: at, updatedAt: at, reactions: [] };
    issue.comments.push(comment);
    issue.updatedAt = at;
    return comment;
  };

  return { now, accounts, repositories, installations, nextId, account, repository, addIssue, addComment };
};

/** The comment and the thread it stands in. */
export const findComment = (repository: Repository, id: number) => {
  for (const issue of repository.issues.values()) {
    const comment = issue.comments.find((candidate) => candidate.id === id);
    if (comment) return { issue, comment };
  }
  return undefined;
};

export const installationFor = (world: World, repository: Repository): Installation | undefined =>
  [...world.installations.values()].find(({ repositoryIds }) => repositoryIds.has(repository.id));
