// What a worker needs around it: the GitHub twin, a real Postgres, and a Claude CLI of a few milliseconds.
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job } from '#core/job.ts';
import { createGithubApp } from '#core/platforms/github/app.ts';
import { redactWrites } from '#core/platforms/github/octokit.ts';
import type { Blobs } from '#core/ports/blobs.ts';
import { redactBlobs } from '#core/redact-blobs.ts';
import { redactLog } from '#core/redact-log.ts';
import { redactPort } from '#core/redact-port.ts';
import { createRedactor } from '#core/redact.ts';
import type { Outcome, Request, Trigger } from '#core/task.ts';
import type { SpendCaps } from '#core/money.ts';
import { createPublished } from '#db/published.ts';
import { createRuns } from '#db/runs.ts';
import { createSessions } from '#db/sessions.ts';
import { createSpend } from '#db/spend.ts';
import { createTasks } from '#db/tasks.ts';
import { aRequest } from '#test/builders.ts';
import { asToken, startTwin } from '#test/local/github/start-twin.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { anAgentUser } from '#test/support/agent.ts';
import { aLog } from '#test/support/fakes.ts';
import { agentPath } from '#worker/claude/claude.ts';
import type { HandleTask, JobStore } from '#worker/handle-task.ts';
import { createHandleTask } from '#worker/handle-task.ts';
import type { AgentConfig } from '#worker/run/run-agent.ts';
import { createRunAgent } from '#worker/run/run-agent.ts';
import { createGithubAccess } from '#worker/steps/github-access.ts';
import { createOpenSteps } from '#worker/steps/steps.ts';

export const isRoot = process.getuid?.() === 0;

export type WorkerHouse = Awaited<ReturnType<typeof startWorkerHouse>>;
export type Asked = Partial<Request> & { trigger?: Partial<Trigger> };

type HandleOptions = {
  store?: JobStore;
  agent?: Partial<AgentConfig>;
  caps?: SpendCaps;
  /** Called before each request to GitHub's API, which waits for it. */
  beforeRequest?: (method: string) => Promise<void>;
};
export const wideCaps: SpendCaps = {
  task: 10,
  thread_day: 100,
  user_day: 1000,
  installation_month: 1000,
  all_month: 1000,
};

export const startWorkerHouse = async () => {
  const twins = await startTwin();
  const { twin, demo } = twins;
  const folder = await mkdtemp(join(tmpdir(), 'worker-house-'));
  await chmod(folder, 0o755); // the agent's uid passes through
  const places = await aMachine(folder);
  const database = await migratedDatabase();
  const { db } = database;
  const tasks = createTasks(db);
  const { log: lines, text } = aLog();
  const redactor = createRedactor();
  const log = redactLog(lines, redactor);
  const blobs = aBucket();
  const user = anAgentUser();
  const key = { appId: String(twin.app.id), privateKey: twin.app.privateKey };
  // the twin needs no pace of a write per second
  const octokitFor = (token: string) => redactWrites(asToken(twins, token), redactor);
  const app = createGithubApp({ ...key, apiUrl: twin.apiUrl, redactor });
  const runs = redactPort(createRuns(db), redactor);
  const spend = createSpend(db);

  const aHandleTask = ({
    store = tasks,
    agent = {},
    caps = wideCaps,
    beforeRequest = () => Promise.resolve(),
  }: HandleOptions = {}): HandleTask => {
    const hooked = (token: string) => {
      const octokit = octokitFor(token);
      octokit.hook.before('request', ({ method }) => beforeRequest(method));
      return octokit;
    };
    return createHandleTask({
      store: redactPort(store, redactor),
      log,
      openAccess: createGithubAccess({
        source: () => Promise.resolve({ ...app, octokitFor: hooked }),
        githubUrl: twin.webUrl,
        log,
      }),
      openSteps: createOpenSteps({
        stored: tasks.get,
        blobs: redactBlobs(blobs.port, redactor),
        redactor,
        log,
        stateDir: places.stateDir,
        memory: createSessions(db),
        money: { reserve: (run) => spend.reserve({ ...run, caps }), spent: spend.totalOfTask },
        published: createPublished(db),
        budgetUsd: 1,
        models: { model: 'claude-opus-5-5' },
        runAgent: createRunAgent({
          config: {
            leaseUser: () => Promise.resolve({ user, giveBack: () => Promise.resolve() }),
            binary: places.binary,
            stateDir: places.stateDir,
            runsDir: places.runsDir,
            model: 'claude-opus-5-5',
            maxTurns: 5,
            redactor,
            path: agentPath(process.execPath),
            upstream: () => Promise.resolve({ baseUrl: 'http://127.0.0.1:1', apiKey: 'sk-test' }),
            ...agent,
          },
          books: { start: runs.start, finish: runs.finish, settle: spend.settle, note: spend.note },
          log,
        }),
      }),
    });
  };

  /** The end that a job comes to; one that waits instead is a surprise. */
  const handle = async (
    job: Job,
    signal = new AbortController().signal,
    options?: HandleOptions,
  ): Promise<Outcome> => {
    const result = await aHandleTask(options)(job, signal);
    if (result.kind !== 'ended') throw new Error(`it waits: ${result.reason}`);
    return result.outcome;
  };

  let issues = 0;
  /** A task on an issue of its own, as triage records it. */
  const aTask = async ({ trigger, ...request }: Asked = {}) => {
    issues += 1;
    const { number } = twin.openIssue({
      repository: demo.repository,
      login: demo.writer,
      title: `issue ${issues}`,
    });
    return await record({ number, trigger, request });
  };
  const record = async ({
    number,
    trigger,
    request,
    isPullRequest = false,
  }: {
    number: number;
    isPullRequest?: boolean | undefined;
    trigger?: Partial<Trigger> | undefined;
    request: Partial<Request>;
  }) => {
    const body = request.text ?? 'please';
    const { commentId, url } = twin.comment({
      repository: demo.repository,
      number,
      login: demo.writer,
      body,
    });
    return await tasks.record({
      delivery: {
        platform: 'github',
        id: crypto.randomUUID(),
        bodySha256: `${commentId}`.padStart(64, '0'),
        receivedAt: new Date().toISOString(),
      },
      thread: {
        platform: 'github',
        tenantId: String(twins.installationId),
        repositoryId: String(demo.repositoryId),
        repository: demo.repository,
        number,
        isPullRequest,
      },
      trigger: {
        key: `issue_comment:${commentId}`,
        kind: 'issue_comment',
        commentId: String(commentId),
        author: { id: '1', login: demo.writer },
        text: body,
        url,
        createdAt: new Date().toISOString(),
        ...trigger,
      },
      request: aRequest({ ...request, text: body }),
    });
  };

  /** A task on a thread that is there already, claimed by a worker. */
  const aThreadJob = async (
    number: number,
    { trigger, isPullRequest, ...request }: Asked & { isPullRequest?: boolean } = {},
  ): Promise<Job> => await claim((await record({ number, trigger, request, isPullRequest })).threadKey);
  const claim = async (threadKey: string): Promise<Job> => {
    const claimed = await tasks.claim({ threadKey, workerId: crypto.randomUUID() });
    if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
    return claimed.job;
  };
  /** As it is after the worker of the job died and its lease ran out. */
  const expire = ({ task }: Job) =>
    database.query("update tasks set lease_until = now() - interval '1 second' where id = $1", [task.id]);
  /** A task, claimed by a worker. */
  const aJob = async (asked?: Asked): Promise<Job> => await claim((await aTask(asked)).threadKey);

  const close = async () => {
    try {
      await database.close();
    } finally {
      await twins.close().finally(() => rm(folder, { recursive: true, force: true }));
    }
  };
  return {
    ...twins,
    ...places,
    user,
    database,
    db,
    tasks,
    text,
    redactor,
    folder,
    aHandleTask,
    handle,
    blobs: blobs.objects,
    aTask,
    record,
    claim,
    expire,
    aJob,
    aThreadJob,
    close,
  };
};

/** The folders of a worker's machine and the CLI on it. */
const aMachine = async (folder: string) => {
  const [stateDir, runsDir, bin] = [join(folder, 'state'), join(folder, 'runs'), join(folder, 'bin')];
  await mkdir(stateDir);
  await chmod(stateDir, 0o711);
  await mkdir(bin);
  const binary = join(bin, 'claude');
  await copyFile(join(import.meta.dirname, 'fake-claude.sh'), binary);
  await chmod(binary, 0o755);
  const counter = join(bin, 'runs');
  await writeFile(counter, '');
  await chmod(counter, 0o666);
  const runCount = async () => (await readFile(counter, 'utf8')).split('\n').length - 1;
  /** The agent has made a file of this name. */
  const isIn = async (name: string) =>
    (await readdir(runsDir, { recursive: true }).catch(() => [])).some((path) => path.endsWith(`/${name}`));
  /** What is left in the worker's folders. */
  const leftovers = async () => [
    ...(await readdir(stateDir, { recursive: true })).filter((name) => name !== 'bare' && name !== 'uids'),
    ...(await readdir(runsDir).catch(() => [])),
  ];
  return { stateDir, runsDir, binary, runCount, isIn, leftovers };
};

const aBucket = () => {
  const objects = new Map<string, Uint8Array>();
  const port: Blobs = {
    put: async (key, body) => void objects.set(key, body),
    get: async (key) => objects.get(key),
  };
  return { port, objects };
};
