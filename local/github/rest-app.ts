// The App speaking for itself: who it is, where it is installed, its tokens and its webhook's deliveries.
import type { Context as HonoContext } from 'hono';
import * as z from 'zod';
import type { Api, Twin } from './access.ts';
import { repositoryAt, requireApp, requireToken } from './access.ts';
import { notFound, pageSize, refusal, send } from './answers.ts';
import type { HookDelivery } from './hooks.ts';
import { readBody } from './read-body.ts';
import { toApp, toInstallation, toRepository } from './shape-repository.ts';
import { isoTime } from './site.ts';
import type { Token } from './tokens.ts';
import type { Installation, Permissions, World } from './world.ts';
import { installationFor } from './world.ts';

export const addAppRoutes = (api: Api, twin: Twin): void => {
  const { site, world, tokens } = twin;

  api.get('/app', (c) => {
    requireApp(twin, c);
    return send({ ...toApp(site), installations_count: world.installations.size });
  });
  api.get('/app/installations/:id', (c) => send(toInstallation(site, requireInstallation(twin, c))));
  api.get('/repos/:owner/:name/installation', (c) => {
    requireApp(twin, c);
    const repository = repositoryAt(twin, c);
    const installation = repository && installationFor(world, repository);
    if (!installation) throw notFound();
    return send(toInstallation(site, installation));
  });
  api.post('/app/installations/:id/access_tokens', async (c) => {
    const installation = requireInstallation(twin, c);
    if (installation.suspended) throw refusal(403, 'This installation has been suspended');
    const wanted = await readBody(c, tokenRequestSchema);
    const token = tokens.mint({
      installation,
      repositoryIds: grantedRepositories(world, installation, wanted),
      permissions: grantedPermissions(installation, wanted.permissions),
    });
    return send(toToken(twin, token, wanted), { status: 201 });
  });
  api.delete('/installation/token', (c) => {
    tokens.revoke(requireToken(twin, c));
    return send(undefined, { status: 204 });
  });
  api.get('/rate_limit', (c) => {
    requireToken(twin, c);
    const core = { limit: 5000, used: 0, remaining: 5000, reset: Math.floor(world.now() / 1000) + 3600 };
    return send({ resources: { core }, rate: core });
  });
  addDeliveryRoutes(api, twin);
};

/** https://docs.github.com/rest/apps/webhooks */
const addDeliveryRoutes = (api: Api, twin: Twin): void => {
  const { hooks } = twin;
  api.get('/app/hook/deliveries', (c) => {
    requireApp(twin, c);
    return sendDeliveries(new URL(c.req.url), hooks.remembered());
  });
  api.get('/app/hook/deliveries/:id', (c) => {
    requireApp(twin, c);
    return send(toDelivery(hooks.find(c.req.param('id'))));
  });
  api.post('/app/hook/deliveries/:id/attempts', (c) => {
    requireApp(twin, c);
    void hooks.redeliver(c.req.param('id'));
    return send({}, { status: 202 });
  });
};

const tokenRequestSchema = z.object({
  repositories: z.array(z.string()).max(500).optional(),
  repository_ids: z.array(z.number()).max(500).optional(),
  permissions: z.record(z.string(), z.enum(['read', 'write'])).optional(),
});
type TokenRequest = z.infer<typeof tokenRequestSchema>;

const requireInstallation = (twin: Twin, c: HonoContext): Installation => {
  requireApp(twin, c);
  const installation = twin.world.installations.get(Number(c.req.param('id')));
  if (!installation) throw notFound();
  return installation;
};

/** https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app */
const grantedRepositories = (
  { repositories }: World,
  installation: Installation,
  wanted: TokenRequest,
): ReadonlySet<number> => {
  if (!wanted.repositories && !wanted.repository_ids) return new Set(installation.repositoryIds);
  const named = (wanted.repositories ?? []).map(
    (name) => repositories.get(`${installation.account.login}/${name}`.toLowerCase())?.id,
  );
  const ids = [...named, ...(wanted.repository_ids ?? [])];
  const covered = ids.filter((id) => id !== undefined && installation.repositoryIds.has(id)) as number[]; // undefined is in no set
  if (covered.length === ids.length) return new Set(covered);
  throw refusal(
    422,
    'There is at least one repository that does not exist or is not accessible to the parent installation.',
  );
};

const grantedPermissions = (installation: Installation, wanted: Permissions | undefined): Permissions => {
  if (!wanted) return installation.permissions;
  const isGranted = Object.entries(wanted).every(
    ([name, level]) => installation.permissions[name] === 'write' || installation.permissions[name] === level,
  );
  if (!isGranted) throw refusal(422, 'The permissions requested are not granted to this installation.');
  return { metadata: 'read', ...wanted };
};

const toToken = ({ site, world }: Twin, token: Token, wanted: TokenRequest) => {
  const isNarrowed = wanted.repositories !== undefined || wanted.repository_ids !== undefined;
  const covered = [...world.repositories.values()].filter(({ id }) => token.repositoryIds.has(id));
  return {
    token: token.value,
    expires_at: isoTime(token.expiresAt),
    permissions: token.permissions,
    repository_selection: 'selected',
    ...(isNarrowed ? { repositories: covered.map((repository) => toRepository(site, repository)) } : {}),
  };
};

const toDeliveryInList = (delivery: HookDelivery) => ({
  id: delivery.id,
  guid: delivery.guid,
  delivered_at: delivery.deliveredAt,
  redelivery: delivery.redelivery,
  duration: delivery.durationSeconds,
  status: delivery.status,
  status_code: delivery.statusCode,
  event: delivery.event,
  action: delivery.action,
  installation_id: delivery.installationId,
  repository_id: delivery.repositoryId,
  throttled_at: null,
});

const toDelivery = (delivery: HookDelivery) => ({
  ...toDeliveryInList(delivery),
  url: delivery.url,
  request: { headers: delivery.request.headers, payload: JSON.parse(delivery.request.body) as unknown },
  response: { headers: delivery.response.headers, payload: delivery.response.body },
});

const cursorPrefix = 'v1_';

/** Newest first; the cursor is the delivery that a page begins with. */
const sendDeliveries = (url: URL, deliveries: readonly HookDelivery[]): Response => {
  const status = url.searchParams.get('status');
  const matching = deliveries
    .toReversed()
    .filter(
      ({ statusCode }) => !status || (status === 'success') === (statusCode >= 200 && statusCode < 400),
    );
  const cursor = url.searchParams.get('cursor')?.replace(cursorPrefix, '');
  const start = cursor === undefined ? 0 : matching.findIndex(({ id }) => String(id) === cursor);
  if (start < 0) throw refusal(422, 'Invalid cursor');
  const size = pageSize(url);
  const next = matching[start + size];
  const page = matching.slice(start, start + size).map(toDeliveryInList);
  if (!next) return send(page);
  url.searchParams.set('cursor', `${cursorPrefix}${next.id}`);
  return send(page, { headers: { link: `<${url}>; rel="next"` } });
};
