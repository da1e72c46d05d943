// Git's smart HTTP: the real git http-backend behind GitHub's doors. https://git-scm.com/docs/git-http-backend
import type { IncomingMessage, ServerResponse } from 'node:http';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HTTPException } from 'hono/http-exception';
import type { Fault, Faults } from '#local/faults.ts';
import type { Journal } from '#local/journal.ts';
import type { Twin } from './access.ts';
import { notFound, refusal } from './answers.ts';
import { createBackends } from './git-backend.ts';
import { followPush } from './pulls.ts';
import type { Token } from './tokens.ts';
import { covers, holds } from './tokens.ts';
import type { Repository } from './world.ts';

type Service = 'git-upload-pack' | 'git-receive-pack';
type GitCall = { owner: string; name: string; path: string; query: string; service: Service };
type Exchange = { req: IncomingMessage; res: ServerResponse };

/** The request as a git call, or undefined when it is something else. */
export const toGitCall = (req: IncomingMessage): GitCall | undefined => {
  const url = new URL(req.url ?? '/', 'http://twin');
  const match = /^\/([\w.-]+)\/([\w.-]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(
    url.pathname,
  );
  const [, owner, name, path] = match ?? [];
  const service = path === 'info/refs' ? url.searchParams.get('service') : path;
  if (!owner || !name || !path) return undefined;
  if (service !== 'git-upload-pack' && service !== 'git-receive-pack') return undefined;
  return { owner, name, path, query: url.search.slice(1), service };
};

type Deps = { twin: Twin; journal: Journal; faults: Faults; folder: string };

export const createGitHttp = ({ twin, journal, faults, folder }: Deps) => {
  const backends = createBackends(folder);

  const handle = async (exchange: Exchange, call: GitCall): Promise<void> => {
    const { req, res } = exchange;
    const name = `${req.method} ${new URL(req.url ?? '/', 'http://twin').pathname}`;
    const detail: Record<string, unknown> = { service: call.service };
    const fault = faults.take(name);
    if (fault) detail['fault'] = fault.kind;
    if (fault?.kind === 'delay') await sleep(fault.ms);
    const serve = async (): Promise<number> => {
      const { token, repository } = admitted(exchange, call);
      detail['installationId'] = token.installation.id;
      const isKept = fault?.kind === 'answer_after' || fault?.kind === 'reset_after';
      const env = cgiEnvironment(req, { call, token, repository });
      const { status, updates } = await backends.run(req, isKept ? undefined : res, env);
      // the answer ends only when the twin knows what the push changed
      if (call.path === 'git-receive-pack') detail['updates'] = updates;
      await followPush(twin, repository, { updates, sender: twin.site.app.bot });
      return isKept ? meet(exchange, fault) : status;
    };
    const status =
      fault?.kind === 'answer' || fault?.kind === 'reset'
        ? meet(exchange, fault)
        : await serve().catch((error: unknown) => refuse(res, error));
    journal.record({ twin: 'git', call: name, status, detail });
    res.end();
  };

  const admitted = ({ req }: Exchange, { owner, name, service }: GitCall) => {
    const token = twin.tokens.check(basicPassword(req.headers.authorization));
    const repository = twin.world.repositories.get(`${owner}/${name}`.toLowerCase());
    if (!repository || !covers(token, repository)) throw notFound();
    if (!holds(token, ['contents:read'])) throw refusal(403, 'Resource not accessible by integration');
    if (service === 'git-receive-pack' && !holds(token, ['contents:write'])) {
      throw refusal(403, 'Write access to repository not granted.');
    }
    return { token, repository };
  };

  return { handle, close: backends.close };
};

const basicPassword = (authorization: string | undefined): string | undefined => {
  const [, encoded] = /^basic\s+(\S+)$/i.exec(authorization ?? '') ?? [];
  const decoded = encoded ? Buffer.from(encoded, 'base64').toString() : '';
  return decoded.slice(decoded.indexOf(':') + 1) || undefined;
};

const cgiEnvironment = (
  { method = 'GET', headers }: IncomingMessage,
  { call, token, repository }: { call: GitCall; token: Token; repository: Repository },
): Record<string, string> => ({
  GIT_PROJECT_ROOT: dirname(repository.gitDir),
  GIT_HTTP_EXPORT_ALL: '1',
  PATH_INFO: `/${basename(repository.gitDir)}/${call.path}`,
  REQUEST_METHOD: method,
  QUERY_STRING: call.query,
  CONTENT_TYPE: headers['content-type'] ?? '',
  ...(headers['content-length'] ? { CONTENT_LENGTH: headers['content-length'] } : {}),
  ...(headers['content-encoding'] ? { HTTP_CONTENT_ENCODING: headers['content-encoding'] } : {}),
  ...(typeof headers['git-protocol'] === 'string' ? { GIT_PROTOCOL: headers['git-protocol'] } : {}),
  REMOTE_USER: `installation-${token.installation.id}`,
  REMOTE_ADDR: '127.0.0.1',
  TWIN_PROTECTED: repository.protectedBranches.map((branch) => `refs/heads/${branch}`).join('\n'),
  TWIN_WORKFLOWS: token.permissions['workflows'] ?? 'none',
});

/** Status 0 in the journal: the connection was cut. */
const meet = ({ req, res }: Exchange, fault: Fault): number => {
  if (fault.kind === 'answer' || fault.kind === 'answer_after') {
    res.writeHead(fault.status, fault.headers);
    res.write(fault.body ?? '');
    return fault.status;
  }
  req.socket.resetAndDestroy();
  return 0;
};

const refuse = (res: ServerResponse, error: unknown): number => {
  if (!(error instanceof HTTPException)) throw error;
  res.writeHead(error.status, {
    'content-type': 'text/plain; charset=utf-8',
    ...(error.status === 401 ? { 'www-authenticate': 'Basic realm="GitHub"' } : {}),
  });
  res.write(error.status === 404 ? 'Repository not found.' : error.message);
  return error.status;
};
