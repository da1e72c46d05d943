// What a run of the agent needs around it: the demo repository, a CLI of a few milliseconds or the real one, a model.
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { chmod, copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPolicy } from '#core/policy.ts';
import { createRedactor } from '#core/redact.ts';
import type { Task } from '#core/task.ts';
import { aRequest, aThread, aTrigger, noBriefing } from '#test/builders.ts';
import { anAgentUser } from '#test/support/agent.ts';
import { aLog } from '#test/support/fakes.ts';
import { startGitHouse } from '#test/support/worker-git.ts';
import { createFaults } from '#local/faults.ts';
import { createJournal } from '#local/journal.ts';
import type { Script } from '#local/model/conversation.ts';
import { startScriptedModel } from '#local/model/scripted-model.ts';
import { folderInReach, programInReach } from '#local/reach.ts';
import { localClaudeBinary } from '#worker/claude/binary.ts';
import { agentPath } from '#worker/claude/claude.ts';
import { fetchBranch } from '#worker/git/bare-repository.ts';
import type { AgentConfig, RunBooks, RunInput } from '#worker/run/run-agent.ts';
import { createRunAgent } from '#worker/run/run-agent.ts';

export type AgentHouse = Awaited<ReturnType<typeof startAgentHouse>>;
type Changes = Partial<RunInput> & {
  text?: string;
  agent?: Partial<AgentConfig>;
  books?: Partial<RunBooks>;
};

export const startAgentHouse = async () => {
  const gitHouse = await startGitHouse();
  const { headSha } = gitHouse.house.demo;
  const git = await gitHouse.aGit();
  await fetchBranch(git, { branch: 'main', maxBytes: 500 * 1024 * 1024 });
  const folder = await mkdtemp(join(folderInReach(tmpdir()), 'agent-house-'));
  await chmod(folder, 0o711);
  const [stateDir, runsDir] = [join(folder, 'state'), join(folder, 'runs')];
  mkdirSync(stateDir, { mode: 0o711 });
  mkdirSync(join(folder, 'fake'));
  const binary = join(folder, 'fake', 'claude');
  await copyFile(join(import.meta.dirname, 'fake-claude.sh'), binary);
  await chmod(binary, 0o755);
  await writeFile(join(folder, 'fake', 'runs'), ''); // it counts its runs there
  await chmod(join(folder, 'fake', 'runs'), 0o666);
  const user = anAgentUser();
  const real = { binary: programInReach(localClaudeBinary(), folder), path: realPath(folder) };

  let threads = 0;
  const run = async ({ text = 'say: done', agent, books, ...input }: Changes = {}) => {
    const { log, lines } = aLog();
    const booked: { verb: string; usd?: number; status?: string; sessionId?: string }[] = [];
    const book = (verb: string) => async (entry: object) => void booked.push({ verb, ...entry });
    const runAgent = createRunAgent({
      config: {
        leaseUser: () => Promise.resolve({ user, giveBack: () => Promise.resolve() }),
        binary,
        stateDir,
        runsDir,
        model: 'claude-opus-5-5',
        maxTurns: 20,
        redactor: createRedactor(),
        path: agentPath(process.execPath),
        upstream: () => Promise.resolve({ baseUrl: 'http://127.0.0.1:1', apiKey: 'key' }),
        ...agent,
      },
      books: {
        start: book('start'),
        note: book('note'),
        settle: book('settle'),
        finish: book('finish'),
        ...books,
      },
      log,
    });
    const ran = await runAgent({
      job: aJob(text),
      base: { branch: 'main', sha: headSha },
      briefing: noBriefing,
      git,
      signal: new AbortController().signal,
      budgetUsd: 5,
      policy: defaultPolicy,
      keep: async () => {},
      ...input,
    }).then(
      (value) => ({ ran: value, error: undefined }),
      (error: unknown) => ({ ran: undefined, error }),
    );
    return { ...ran, booked, lines };
  };

  /** Of a thread of its own. */
  const aJob = (text: string): RunInput['job'] => {
    threads += 1;
    const task: Task = {
      id: randomUUID(),
      threadKey: String(threads).padStart(16, '0').padEnd(64, '0'),
      thread: aThread(),
      trigger: aTrigger(),
      request: aRequest({ text }),
      lane: 'normal',
      status: 'running',
      step: 'cloned',
      generation: 0,
    };
    return { task, facts: {}, fence: 1, attempt: 1, stopBy: null };
  };

  const models: { close: () => Promise<void> }[] = [];
  /** The model at the end of the real CLI. */
  const aModel = async (script: Script) => {
    const [journal, faults] = [createJournal(), createFaults()];
    const model = await startScriptedModel({ journal, faults, apiKey: 'key', script });
    models.push(model);
    const upstream = () => Promise.resolve({ baseUrl: model.url, apiKey: 'key' });
    /** What was asked, as the model saw it. */
    const bodies = () => journal.entries().map(({ detail }) => String(detail['body']));
    return { journal, faults, bodies, agent: { ...real, upstream } };
  };

  /** What is left in the worker's folders. */
  const leftovers = async () => [...(await readdir(stateDir)), ...(await readdir(runsDir).catch(() => []))];
  /** The agent has made a file of this name; in its home or its folder for temporary files, say. */
  const isIn = async (name: string) =>
    (await readdir(runsDir, { recursive: true }).catch(() => [])).some((path) => path.endsWith(`/${name}`));
  const close = async () => {
    for (const model of models) await model.close();
    await gitHouse.close();
    await rm(folder, { recursive: true, force: true });
  };
  return {
    ...gitHouse,
    user,
    folder,
    stateDir,
    runsDir,
    git,
    run,
    aJob,
    aModel,
    leftovers,
    isIn,
    close,
  };
};

const realPath = (folder: string) => agentPath(programInReach(process.execPath, folder), process.env['PATH']);
