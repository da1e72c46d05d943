import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { createQueueSender } from '#core/aws/sqs.ts';
import { visibilitySeconds } from '#core/job.ts';
import { encodeMessage } from '#core/messages.ts';
import { lanes } from '#core/task.ts';
import { createWorkers } from '#db/workers.ts';
import { startQueues } from '#local/aws/queues.ts';
import { startSecretsManager } from '#local/aws/secrets-manager.ts';
import { createFaults } from '#local/faults.ts';
import { putSecrets, secretIds } from '#local/house-secrets.ts';
import { createJournal } from '#local/journal.ts';
import { awsEnvironment } from '#local/surroundings.ts';
import { onLoopback } from '#test/support/aws-client.ts';
import { guard } from '#test/support/agent.ts';
import type { Asked, WorkerHouse } from '#test/support/worker-house.ts';
import { isRoot, startWorkerHouse } from '#test/support/worker-house.ts';
import { assertNothingLeft } from '#test/support/worker-looks.ts';
import type { WorkerEnv } from '#worker/env.ts';

let house: WorkerHouse;
let cloud: Awaited<ReturnType<typeof startCloud>>;
beforeAll(async () => {
  house = await startWorkerHouse();
  cloud = await startCloud();
});
afterEach(() => assertNothingLeft(house));
afterAll(async () => {
  await cloud.close();
  await house.close();
});

const queueName = (lane: string) => `tasks-${lane}.fifo`;

const startCloud = async () => {
  const parts = { journal: createJournal(), faults: createFaults() };
  const bucket = 'agent-bot';
  const queues = await startQueues({
    ...parts,
    bucket,
    queues: ['dead-letters.fifo', ...lanes.map(queueName)].map((name) => ({ name, visibilitySeconds })),
  });
  const secrets = await startSecretsManager(parts);
  const { app } = house.twin;
  await putSecrets(secrets.url, {
    webhook: { current: app.webhookSecret },
    app: { appId: String(app.id), privateKey: app.privateKey },
    model: { apiKey: 'sk-test' },
    master: {},
  });
  const client = new SQSClient(onLoopback(queues.url));
  const urlOf = (lane: string) => queues.queueUrls[queueName(lane)] ?? '';
  const environment = {
    ...awsEnvironment({ endpoints: { ...queues.endpoints, secrets: secrets.url } } as Parameters<
      typeof awsEnvironment
    >[0]),
    HIGH_QUEUE_URL: urlOf('high'),
    NORMAL_QUEUE_URL: urlOf('normal'),
    LOW_QUEUE_URL: urlOf('low'),
    DEAD_LETTER_QUEUE_URL: queues.queueUrls['dead-letters.fifo'],
    BUCKET: bucket,
  };
  const ring = async (asked: Asked) => {
    const task = await house.aTask(asked);
    const { id: taskId, threadKey, generation, lane } = task;
    await createQueueSender(client, urlOf(lane)).send({
      body: encodeMessage({ version: 1, threadKey, taskId, generation }),
      groupId: threadKey,
      deduplicationId: `${taskId}:${generation}`,
    });
    return taskId;
  };
  const close = async () => {
    client.destroy();
    await queues.close();
    await secrets.close();
  };
  const send = (body: string) =>
    createQueueSender(client, urlOf('normal')).send({ body, groupId: 'any', deduplicationId: body });
  const takeDeadLetter = async () => {
    const QueueUrl = queues.queueUrls['dead-letters.fifo'];
    const { Messages: [letter] = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ['All'] }),
    );
    return letter;
  };
  const depth = async () => (await queues.depths())[queueName('normal')];
  return { environment, ring, send, takeDeadLetter, depth, close };
};

const environment = (): WorkerEnv & Record<string, unknown> => ({
  ...house.database.config,
  DATABASE_PORT: String(house.database.config.DATABASE_PORT),
  ...(cloud.environment as Pick<
    WorkerEnv,
    'BUCKET' | 'HIGH_QUEUE_URL' | 'NORMAL_QUEUE_URL' | 'LOW_QUEUE_URL' | 'DEAD_LETTER_QUEUE_URL'
  >),
  WORKER_ID: crypto.randomUUID(),
  LANE_ORDER: 'normal,high,low',
  GITHUB_APP_SECRET_ID: secretIds.app,
  GITHUB_API_URL: house.twin.apiUrl,
  GITHUB_URL: house.twin.webUrl,
  MODEL_SECRET_ID: secretIds.model,
  MODEL_BASE_URL: 'http://127.0.0.1:9',
  MODEL: 'claude-opus-5-5',
  MAX_TURNS: '5',
  BUDGET_USD: '1',
  THREAD_DAY_USD: '10',
  USER_DAY_USD: '10',
  INSTALLATION_MONTH_USD: '100',
  MONTH_USD: '100',
  IDLE_SECONDS: '1',
  STATE_DIR: house.stateDir,
  RUNS_DIR: house.runsDir,
  ...agentRange(),
  CLAUDE_BINARY: house.binary,
});

/** Nobody else's, also while other test runs go on: a run ends with everything of its uid. */
const agentRange = () => ({
  AGENT_UID_FIRST: String(randomInt(1_000_000, 2_000_000_000)),
  AGENT_UID_COUNT: '4',
  ...(guard() && { GUARD_BINARY: guard()!.path }),
});

type Line = { level: string; message: string; [field: string]: unknown };

/** What the task definition leaves of root's rights. */
const asOnFargate = '--bounding-set=-all,+setuid,+setgid,+setpcap,+kill,+sys_ptrace';
const limits = isRoot ? ['setpriv', '--inh-caps=-all', asOnFargate, '--'] : [];

/** The worker as Fargate starts it: a process with exactly this environment. */
const start = (env: object) => {
  const [command = '', ...args] = [...limits, process.execPath, 'worker-image/main.ts'];
  const child = spawn(command, args, {
    cwd: join(import.meta.dirname, '../..'),
    env: { PATH: process.env['PATH'], ...env } as NodeJS.ProcessEnv, // texts, as WorkerEnv says
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const pipe of [child.stdout, child.stderr])
    pipe.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => {
    const lines = output.trim().split('\n').filter(Boolean);
    return { code: code as number | null, output, lines: lines.map((line) => JSON.parse(line) as Line) };
  });
  return { child, ended };
};

const rowOf = async (workerId: unknown) => {
  const { rows } = await house.db.execute(
    sql`select ended_at, end_reason from workers where id = ${workerId}`,
  );
  return rows[0];
};

describe('the worker’s process', () => {
  it('does one job as its environment says, and ends with 0', async () => {
    const env = environment();
    const taskId = await cloud.ring({ text: 'do: echo hello > note.txt\nsay: I wrote a note.' });
    const { code, output, lines } = await start(env).ended;
    expect(lines.map(({ message }) => message)).toContain('job ended');
    expect(code).toBe(0);
    const job = lines.slice(
      lines.findIndex(({ message }) => message === 'job begun'),
      -1,
    );
    expect(job.filter((line) => line['taskId'] !== taskId)).toEqual([]);
    expect(await house.twin.git.branch(house.demo.gitDir, `agent/${taskId}`)).toMatch(/^[0-9a-f]{40}$/);
    expect(await house.tasks.get(taskId)).toMatchObject({ task: { status: 'succeeded' } });
    expect(await cloud.depth()).toEqual({ waiting: 0, inFlight: 0 });
    expect(await rowOf(env.WORKER_ID)).toMatchObject({ end_reason: 'done' });
    expect(output).not.toMatch(/ghs_|sk-test|PRIVATE KEY/);
    expect(output).not.toContain(house.database.config.DATABASE_PASSWORD);
  });

  it('puts aside what is no ring, with its reason and where it came from', async () => {
    await cloud.send('not JSON');
    expect(await start(environment()).ended).toMatchObject({ code: 0 });
    expect(await cloud.depth()).toEqual({ waiting: 0, inFlight: 0 });
    expect(await cloud.takeDeadLetter()).toMatchObject({
      Body: 'not JSON',
      MessageAttributes: {
        reason: { StringValue: 'malformed' },
        queue: { StringValue: queueName('normal') },
      },
    });
  });

  it('ends with 0 when there is nothing to do', async () => {
    const env = environment();
    expect(await start(env).ended).toMatchObject({ code: 0 });
    expect(await rowOf(env.WORKER_ID)).toMatchObject({ end_reason: 'idle' });
  });

  it('says in one line what its environment lacks, and ends with 78', async () => {
    const { MODEL: _, ...rest } = environment();
    const { code, lines } = await start({ ...rest, MAX_TURNS: '0', LANE_ORDER: 'fast' }).ended;
    expect(code).toBe(78);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level: 'ERROR' });
    for (const name of ['MODEL', 'MAX_TURNS', 'LANE_ORDER']) expect(lines[0]?.message).toContain(name);
  });

  it('refuses a CLI of another version at its start, says what to do, and takes no message', async () => {
    const other = join(house.folder, 'bin', 'other');
    await writeFile(other, '#!/bin/sh\necho 2.1.331\n', { mode: 0o755 });
    const env = { ...environment(), CLAUDE_BINARY: other };
    await createWorkers(house.db).beat(env.WORKER_ID); // the row that its launch left
    const { code, lines } = await start(env).ended;
    expect(code).toBe(78);
    expect(lines.find(({ level }) => level === 'ERROR')?.message).toMatch(/2\.1\.331.*2\.1\.330.*npm ci/);
    expect(await rowOf(env.WORKER_ID)).toMatchObject({ end_reason: 'configuration' });
  });

  it('refuses to start where the agent cannot be kept in, in one line, and takes no message', async () => {
    const guard = join(house.folder, 'bin', 'guard');
    await writeFile(guard, `#!/bin/sh\necho '{"network":"nothing","because":"no seccomp here"}'\nexit 4\n`, {
      mode: 0o755,
    });
    const { code, lines } = await start({ ...environment(), GUARD_BINARY: guard }).ended;
    expect(code).toBe(78);
    const errors = lines.filter(({ level }) => level === 'ERROR');
    expect(errors.map(({ message }) => message)).toEqual([
      'the agent cannot be kept in on this machine: no seccomp here',
    ]);
  });

  it('takes no message when Postgres is away, and ends with 75', async () => {
    const taskId = await cloud.ring({ text: 'say: later' });
    expect(await start({ ...environment(), DATABASE_PORT: '1' }).ended).toMatchObject({ code: 75 });
    expect(await cloud.depth()).toEqual({ waiting: 1, inFlight: 0 });
    await start(environment()).ended;
    expect((await house.tasks.get(taskId))?.task.status).toBe('succeeded');
  });

  it('gives its job back on SIGTERM, so that the next worker begins at once', async () => {
    const before = await house.runCount();
    const taskId = await cloud.ring({ text: 'do: tail -f /dev/null' });
    const { child, ended } = start(environment());
    await expect.poll(() => house.runCount(), { timeout: 15_000, interval: 20 }).toBe(before + 1);
    child.kill('SIGTERM');
    const { code, lines } = await ended;
    expect(code).toBe(75);
    expect(lines.map(({ message }) => message)).toContain('job given back');
    expect(await cloud.depth()).toEqual({ waiting: 1, inFlight: 0 });
    expect(await house.tasks.get(taskId)).toMatchObject({ task: { status: 'queued', step: 'cloned' } });
    const pid = (await readFile(join(house.folder, 'bin', 'runs'), 'utf8')).trim().split(' ').at(-1);
    // gone, or a zombie that nobody reaped yet: without a command
    expect(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).toBe('');
  });
});
