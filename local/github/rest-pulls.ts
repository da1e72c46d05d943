// Pull requests between branches of one repository. There is no way to merge one here: nothing of ours may.
import * as z from 'zod';
import type { Context as HonoContext } from 'hono';
import type { Api, Twin } from './access.ts';
import { requireRepository } from './access.ts';
import { notFound, send, sendPage, validationFailed } from './answers.ts';
import { firePull } from './events.ts';
import { keepPullRef, pullSize } from './pulls.ts';
import { bodyTextSchema, readBody } from './read-body.ts';
import { toPull, toPullInList } from './shape-thread.ts';
import type { Issue, Pull, Repository } from './world.ts';

export const addPullRoutes = (api: Api, twin: Twin): void => {
  const { site, git, world } = twin;
  const pulls = '/repos/:owner/:name/pulls';

  api.get(pulls, (c) => {
    const repository = requireRepository(twin, c, ['pull_requests:read']);
    const matching = pullsOf(repository).filter(matcher(repository, c)).toReversed();
    return sendPage(new URL(c.req.url), matching, ([issue, pull]) =>
      toPullInList(site, { repository, issue }, pull),
    );
  });
  api.post(pulls, async (c) => {
    const repository = requireRepository(twin, c, ['pull_requests:write']);
    const wanted = await readBody(c, newPullSchema);
    const pull = await checkedPull(twin, repository, wanted);
    const issue = world.addIssue(repository, {
      title: wanted.title,
      body: wanted.body,
      user: site.app.bot,
      pull,
    });
    await keepPullRef(git, repository, issue);
    const size = await pullSize(git, repository, pull);
    void firePull(twin, { sender: site.app.bot, action: 'opened' }, { repository, issue, pull, size });
    return send(toPull(site, { repository, issue }, { pull, size }), { status: 201 });
  });
  api.get(`${pulls}/:number{\\d+}`, async (c) => {
    const repository = requireRepository(twin, c, ['pull_requests:read']);
    const [issue, pull] = findPull(repository, c);
    if (/\bvnd\.github(?:\.v3)?\.diff\b/.test(c.req.header('accept') ?? '')) {
      const diff = await git.diff(repository.gitDir, pull.baseSha, pull.headSha);
      return new Response(diff, {
        headers: { 'content-type': 'application/vnd.github.diff; charset=utf-8' },
      });
    }
    return send(toPull(site, { repository, issue }, { pull, size: await pullSize(git, repository, pull) }));
  });
  api.patch(`${pulls}/:number{\\d+}`, async (c) => {
    const repository = requireRepository(twin, c, ['pull_requests:write']);
    const [issue, pull] = findPull(repository, c);
    const { title, body, state } = await readBody(c, pullChangeSchema);
    const action = state && state !== issue.state ? pullActions[state] : 'edited';
    if (title !== undefined) issue.title = title;
    if (body !== undefined) issue.body = body;
    issue.updatedAt = world.now();
    if (state) issue.closedAt = state === 'closed' ? (issue.closedAt ?? issue.updatedAt) : null;
    if (state) issue.state = state;
    const size = await pullSize(git, repository, pull);
    void firePull(twin, { sender: site.app.bot, action }, { repository, issue, pull, size });
    return send(toPull(site, { repository, issue }, { pull, size }));
  });
};

const newPullSchema = z.object({
  title: z.string().min(1),
  head: z.string().min(1),
  base: z.string().min(1),
  body: bodyTextSchema.nullable().default(null),
  draft: z.boolean().default(false),
  maintainer_can_modify: z.boolean().default(false),
});
const pullChangeSchema = z.object({
  title: z.string().min(1).optional(),
  body: bodyTextSchema.nullable().optional(),
  state: z.enum(['open', 'closed']).optional(),
});
const pullActions = { open: 'reopened', closed: 'closed' };

const pullsOf = (repository: Repository): [Issue, Pull][] =>
  [...repository.issues.values()].flatMap((issue): [Issue, Pull][] =>
    issue.pull ? [[issue, issue.pull]] : [],
  );

export const findPull = (repository: Repository, c: HonoContext): [Issue, Pull] => {
  const issue = repository.issues.get(Number(c.req.param('number')));
  if (!issue?.pull) throw notFound();
  return [issue, issue.pull];
};

/** `head` filters only as `owner:branch`; written otherwise GitHub ignores it. */
const matcher = ({ owner }: Repository, c: HonoContext) => {
  const { state = 'open', head = '', base } = c.req.query();
  return ([issue, pull]: [Issue, Pull]): boolean =>
    (state === 'all' || issue.state === state) &&
    (!base || pull.baseBranch === base) &&
    (!head.includes(':') || (!pull.fork && isHead(head, owner.login, pull.headBranch)));
};

/** Accounts know no case, branches do. */
const isHead = (head: string, owner: string, branch: string): boolean => {
  const colon = head.indexOf(':');
  return head.slice(0, colon).toLowerCase() === owner.toLowerCase() && head.slice(colon + 1) === branch;
};

/** https://docs.github.com/rest/pulls/pulls#create-a-pull-request: each refusal is a 422 of its own words. */
const checkedPull = async (
  { git, world }: Twin,
  repository: Repository,
  wanted: z.infer<typeof newPullSchema>,
): Promise<Pull> => {
  const [before, after] = wanted.head.split(':', 2) as [string, string?]; // split gives at least one part
  const headBranch = after ?? before;
  const isOurs = after === undefined || before.toLowerCase() === repository.owner.login.toLowerCase();
  const headSha = isOurs ? await git.branch(repository.gitDir, headBranch) : undefined;
  const baseSha = await git.branch(repository.gitDir, wanted.base);
  if (!headSha) throw validationFailed({ resource: 'PullRequest', field: 'head', code: 'invalid' });
  if (!baseSha) throw validationFailed({ resource: 'PullRequest', field: 'base', code: 'invalid' });
  if ((await git.countAhead(repository.gitDir, baseSha, headSha)) === 0) {
    throw validationFailed(custom(`No commits between ${wanted.base} and ${headBranch}`));
  }
  const isThere = pullsOf(repository).some(
    ([issue, pull]) =>
      issue.state === 'open' && pull.headBranch === headBranch && pull.baseBranch === wanted.base,
  );
  if (isThere) {
    throw validationFailed(
      custom(`A pull request already exists for ${repository.owner.login}:${headBranch}.`),
    );
  }
  return {
    id: world.nextId(),
    headBranch,
    headSha,
    baseBranch: wanted.base,
    baseSha,
    draft: wanted.draft,
    maintainerCanModify: wanted.maintainer_can_modify,
    reviews: [],
  };
};

const custom = (message: string) => ({ resource: 'PullRequest', code: 'custom', message });
