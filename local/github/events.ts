// The webhooks that a change sends, whoever made it: a person in the browser or the App itself.
import type { Twin } from './access.ts';
import type { HookDelivery } from './hooks.ts';
import { toInstallation, toRepository, toRepositoryName, toUser } from './shape-repository.ts';
import type { InThread, PullSize } from './shape-thread.ts';
import { toComment, toIssue, toPull } from './shape-thread.ts';
import { nodeId } from './site.ts';
import { toLabel } from './shape-label.ts';
import type { Account, Comment, Installation, Label, Pull, Repository } from './world.ts';
import { installationFor } from './world.ts';

export type Delivered = Promise<HookDelivery | undefined>;

type By = { sender: Account; action: string };

/** https://docs.github.com/webhooks/webhook-events-and-payloads#issue_comment */
export const fireComment = (
  twin: Twin,
  { sender, action }: By,
  about: InThread & { comment: Comment; bodyBefore?: string },
): Delivered =>
  fireInRepository(
    twin,
    { sender, action, event: 'issue_comment', repository: about.repository },
    {
      ...(about.bodyBefore === undefined ? {} : { changes: { body: { from: about.bodyBefore } } }),
      issue: toIssue(twin.site, about),
      comment: toComment(twin.site, about, about.comment),
    },
  );

/** https://docs.github.com/webhooks/webhook-events-and-payloads#issues */
export const fireIssue = (twin: Twin, { sender, action }: By, about: InThread & Labelled): Delivered =>
  fireInRepository(
    twin,
    { sender, action, event: 'issues', repository: about.repository },
    {
      issue: toIssue(twin.site, about),
      ...labelIn(twin, about),
    },
  );

/** The label that was put on. */
type Labelled = { label?: Label };
const labelIn = ({ site }: Twin, { repository, label }: InThread & Labelled) =>
  label ? { label: toLabel(site, repository, label) } : {};

type AboutPull = InThread & Labelled & { pull: Pull; size: PullSize; before?: string };

/** https://docs.github.com/webhooks/webhook-events-and-payloads#pull_request */
export const firePull = (twin: Twin, { sender, action }: By, about: AboutPull): Delivered =>
  fireInRepository(
    twin,
    { sender, action, event: 'pull_request', repository: about.repository },
    {
      number: about.issue.number,
      ...(about.before === undefined ? {} : { before: about.before, after: about.pull.headSha }),
      pull_request: toPull(twin.site, about, about),
      ...labelIn(twin, about),
    },
  );

/** https://docs.github.com/webhooks/webhook-events-and-payloads#installation */
export const fireInstallation = (
  { hooks, site, world }: Twin,
  { sender, action }: By,
  installation: Installation,
): Delivered => {
  const covered = [...world.repositories.values()].filter(({ id }) => installation.repositoryIds.has(id));
  return hooks.fire({
    event: 'installation',
    action,
    installation,
    payload: {
      action,
      installation: toInstallation(site, installation),
      ...(action.endsWith('suspend') ? {} : { repositories: covered.map(toRepositoryName) }),
      sender: toUser(site, sender),
    },
  });
};

type InRepository = By & { event: string; repository: Repository };

const fireInRepository = (
  { hooks, site, world }: Twin,
  { sender, action, event, repository }: InRepository,
  about: Record<string, unknown>,
): Delivered => {
  const installation = installationFor(world, repository);
  return hooks.fire({
    event,
    action,
    installation,
    repository,
    payload: {
      action,
      ...about,
      repository: toRepository(site, repository),
      ...(repository.owner.type === 'Organization'
        ? { organization: toOrganization(site.apiUrl, repository.owner) }
        : {}),
      sender: toUser(site, sender),
      installation: installation && {
        id: installation.id,
        node_id: nodeId('MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9u', installation.id),
      },
    },
  });
};

const toOrganization = (apiUrl: string, { id, login }: Account) => {
  const url = `${apiUrl}/orgs/${login}`;
  return {
    login,
    id,
    node_id: nodeId('O', id),
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: '',
    description: '',
  };
};
