// A GitHub of our own: the parts of it that this house uses, as GitHub documents them, on one port of this machine.
import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import type { Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import type { Faults } from '#local/faults.ts';
import type { Journal } from '#local/journal.ts';
import type { Twin } from './access.ts';
import { createApi } from './api.ts';
import { createGitHttp, toGitCall } from './git-http.ts';
import { createGit } from './git.ts';
import { createHooks } from './hooks.ts';
import { createPages } from './pages.ts';
import { createPeople } from './people.ts';
import type { RepositoryInput } from './repositories.ts';
import { createRepository } from './repositories.ts';
import type { Site } from './site.ts';
import { createTokens } from './tokens.ts';
import type { Account, Permissions, World } from './world.ts';
import { createWorld } from './world.ts';

type TwinInput = {
  host: '127.0.0.1';
  /** Any free one when left out. */
  port?: number;
  /** The repositories go into a folder here; what an earlier start left of them is removed. */
  dataDir: string;
  webhookSecret: string;
  journal: Journal;
  faults: Faults;
  /** Milliseconds; tokens and JWTs live by this clock. */
  now?: () => number;
};

export type GithubTwin = Awaited<ReturnType<typeof startGithubTwin>>;

const appId = 1_042_042;
const appSlug = 'agent-bot';
const appPermissions: Permissions = {
  metadata: 'read',
  contents: 'write',
  issues: 'write',
  pull_requests: 'write',
};
const appEvents = ['issue_comment', 'issues', 'pull_request'];

export const startGithubTwin = async ({
  host,
  port = 0,
  dataDir,
  webhookSecret,
  journal,
  faults,
  now = Date.now,
}: TwinInput) => {
  const folder = join(dataDir, 'repositories');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const server = createServer();
  const webUrl = await listen(server, host, port);
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const world = createWorld(now);
  const git = createGit(folder);
  const site = createSite(webUrl, world, keys.publicKey);
  const hooks = createHooks({ world, site, secret: webhookSecret, journal });
  const twin: Twin = { world, site, git, hooks, tokens: createTokens(world, appId) };
  const gitHttp = createGitHttp({ twin, journal, faults, folder });
  answer(server, { twin, journal, faults, gitHttp });

  return {
    apiUrl: site.apiUrl,
    webUrl,
    app: {
      id: appId,
      slug: appSlug,
      privateKey: keys.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
      webhookSecret,
    },
    /** Where webhooks go; until a url is set they go nowhere. */
    hook: hooks.hook,
    deliveries: hooks.deliveries,
    createAccount: (login: string, type: Account['type'] = 'User') => world.account(login, type),
    createRepository: (input: RepositoryInput) => createRepository({ world, git, folder }, input),
    repository: world.repository,
    liveTokens: twin.tokens.live,
    ...createPeople(twin),
    git,
    close: async () => {
      await Promise.all([hooks.close(), gitHttp.close(), end(server)]);
    },
  };
};

const createSite = (webUrl: string, world: World, publicKey: KeyObject): Site => ({
  webUrl,
  apiUrl: `${webUrl}/api/v3`,
  app: {
    id: appId,
    slug: appSlug,
    name: appSlug,
    owner: world.account('agent-bot-makers', 'Organization'),
    bot: world.account(`${appSlug}[bot]`, 'Bot'),
    publicKey,
    permissions: appPermissions,
    events: appEvents,
    hookId: world.nextId(),
    createdAt: world.now(),
  },
});

const listen = async (server: Server, host: string, port: number): Promise<string> => {
  server.listen(port, host);
  await once(server, 'listening');
  // a TCP server's address is never a string
  return `http://${host}:${(server.address() as AddressInfo).port}`;
};

type Answering = {
  twin: Twin;
  journal: Journal;
  faults: Faults;
  gitHttp: ReturnType<typeof createGitHttp>;
};

/** Git by raw streams, everything else by hono. */
const answer = (server: Server, { twin, journal, faults, gitHttp }: Answering): void => {
  const site = new Hono();
  site.route('/api/v3', createApi(twin, { journal, faults }));
  site.route('/', createPages(twin, journal));
  const listener = getRequestListener(site.fetch);
  server.on('request', (req, res) => {
    const call = toGitCall(req);
    if (!call) return void listener(req, res);
    gitHttp.handle({ req, res }, call).catch((error: unknown) => fail(res, error));
  });
};

const fail = (res: ServerResponse, error: unknown): void => {
  console.error('the GitHub twin failed', error);
  if (!res.headersSent) res.writeHead(500);
  res.end();
};

const end = async (server: Server): Promise<void> => {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
};
